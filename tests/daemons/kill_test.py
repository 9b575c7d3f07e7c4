#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""kill -9 of the hub or a node at random moments while 50,000 rows are imported and shared.

After every round: whatever was acknowledged is in the hub's store; no sequence is missing or there twice; after all is shared, the
hub's figures are those that the oracle works out from the hub's exported log, and exactly the imported units are counted.

  kill_test.py [--rounds N] [--rows N] [--seed N] [--ack-first]

--ack-first runs the control: a hub that acknowledges before it commits. The test must catch it: it then exits 0, and 1 if the fault
went unnoticed.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from world import BIN, World, join, register, settled, wait_for  # noqa: E402


class Lost(Exception):
    """An acknowledged event is not there."""


def write_rows(path, rows, partner, first=0):
    with open(path, "w") as out:
        out.write("unit_id,kind,programme,title,start_date,hours,participants,partners\n")
        for i in range(first, first + rows):
            out.write("K%06d,programme,Coaching,Cohort %d,2017-%02d-%02d,%d,%d,%s\n"
                      % (i, i, 4 + i % 9, 1 + i % 28, 1 + i % 7, 5 + i % 20, partner if i % 3 else ""))


def exported(daemon, folder):
    """The events and the text of a store that no daemon holds."""
    done = subprocess.run([os.path.join(BIN, "tandem"), "export", "--format", "jsonl", "--store", daemon.home],
                          capture_output=True, text=True, check=True, env=daemon.world.environment)
    path = os.path.join(folder, daemon.name + ".jsonl")
    with open(path, "w") as out:
        out.write(done.stdout)
    return path


def held_sequences(path):
    """(origin, incarnation) -> sequences, from an export. Raises Lost for one that is there twice."""
    held = {}
    with open(path) as lines:
        for line in lines:
            row = json.loads(line)
            if row["kind"] != "event":
                continue
            name = (row["origin"], row["incarnation"])
            if row["sequence"] in held.setdefault(name, set()):
                raise Lost("sequence %d of %s is there twice" % (row["sequence"], name[0]))
            held[name].add(row["sequence"])
    return held


def check_acknowledged(held, origin, acknowledged):
    for (name, _), sequences in held.items():
        if name != origin:
            continue
        missing = [n for n in range(1, max(acknowledged, max(sequences)) + 1) if n not in sequences]
        if missing:
            raise Lost("acknowledged up to %d, yet %d are not held, the first %d" % (acknowledged, len(missing), missing[0]))
        return
    if acknowledged > 0:
        raise Lost("acknowledged up to %d, yet nothing is held" % acknowledged)


class Import(threading.Thread):
    """An import that goes on until it is through, over whatever happens to the node."""

    def __init__(self, node, path):
        super().__init__()
        self.node, self.path, self.through, self.tries, self.wanted = node, path, False, 0, True
        self.start()

    def run(self):
        until = time.monotonic() + 300
        while self.wanted and not self.through and time.monotonic() < until:
            self.tries += 1
            done = self.node.call("import", self.path, check=False)
            self.through = done.returncode == 0
            if not self.through:
                time.sleep(0.05)  # before asking a node that is being started again


def acknowledged_by(node):
    return max((link["acked"] for link in node.status()["links"]), default=0)


def strike(world, hub, node, chance, program):
    """Kill one of the two at a random moment; return how far the node had been told that the hub holds its log."""
    victim = hub if program else chance.choice([hub, hub, node])
    pause = chance.uniform(0.05, 1.2)
    if program:  # a fault shows at a named point: something has just been acknowledged
        told = acknowledged_by(node)
        wait_for("an acknowledgement", lambda: acknowledged_by(node) > told, 90)
    else:
        wait_for("the moment", lambda start=time.monotonic(): time.monotonic() - start >= pause)
    victim.kill()
    acknowledged = None
    if victim is hub:
        acknowledged = acknowledged_by(node)
        held = held_sequences(exported(hub, world.folder))
        check_acknowledged(held, node.status()["origin"], acknowledged)
    victim.start(program if victim is hub else None)
    return "%s after %.2f s%s" % (victim.name, pause, "" if acknowledged is None else ", acknowledged %d" % acknowledged)


def compare_with_oracle(hub, path):
    for words in ([], ["--by", "kind"], ["--by", "month"], ["--weight", "hours"]):
        document = hub.call("level", "--format", "json", *words).stdout
        level = os.path.join(hub.world.folder, "level.json")
        with open(level, "w") as out:
            out.write(document)
        done = subprocess.run([os.path.join(BIN, "tandem-oracle"), path, "--today", "2018-05-01", "--compare", level] + words,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Lost("the figures differ from the oracle's (%s): %s%s" % (words, done.stdout[-600:], done.stderr[-600:]))


def one_round(seed, rows, strikes, program):
    chance = random.Random(seed)
    with World() as world:
        hub = world.hub().start(program)
        node = world.node("alder", "KAA1").start()
        register(hub, [("KAA1", "Alder Trust", "trust"), ("KBB2", "Birch Practice", "primary_care")])
        join(hub, node, "KAA1")
        path = world.path("rows.csv")
        write_rows(path, rows, "KBB2")
        at_work = Import(node, path)
        try:
            struck = [strike(world, hub, node, chance, program) for _ in range(strikes)]
        except BaseException:
            at_work.wanted = False
            raise
        if program:  # the faulty hub: what counts is what it had acknowledged when it was killed, not how it goes on
            at_work.wanted = False
            return "nothing acknowledged was lost: " + "; ".join(struck)
        at_work.join()
        if not at_work.through:
            raise Lost("the import never came through")
        settled(hub, [node], 240)
        units = sum(row["units"] for row in hub.ask("level"))
        if units != rows:
            raise Lost("%d rows imported, %d units counted" % (rows, units))
        log = world.path("hub-live.jsonl")
        with open(log, "w") as out:
            out.write(hub.call("export", "--format", "jsonl").stdout)
        held_sequences(log)
        compare_with_oracle(hub, log)
        hub.call("verify")
        return "%d rows, %d tries of the import, killed: %s" % (rows, at_work.tries, "; ".join(struck))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--rows", type=int, default=50000)
    options.add_argument("--strikes", type=int, default=3)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--ack-first", action="store_true")
    asked = options.parse_args()
    program = "tandem-hub-ack-first" if asked.ack_first else None
    passed = failed = 0
    for i in range(asked.rounds):
        try:
            print("seed %d: %s" % (asked.seed + i, one_round(asked.seed + i, asked.rows, asked.strikes, program)), flush=True)
            passed += 1
        except Lost as lost:
            print("seed %d: LOST: %s" % (asked.seed + i, lost), flush=True)
            failed += 1
            if asked.ack_first:
                print("the control was caught")
                return 0
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or asked.ack_first else 0


if __name__ == "__main__":
    sys.exit(main())
