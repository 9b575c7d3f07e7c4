#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The life of a hub and its nodes: alone, joined, apart, stopped, started again, rebuilt, moved, asked about the past."""

import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from world import BIN, Daemon, World, join, oracle, register, settled, wait_for  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
FIRST = "2018-05-01T09:00:00Z"
LATER = "2018-06-01T09:00:00Z"
QUESTIONS = ([], ["--by", "programme"], ["--by", "month"], ["--by", "lead", "--weight", "hours"],
             ["--weight", "participants"], ["--planned"])


def unit(name, day="2017-05-10", hours="6", partners="KBB2"):
    return "%s,programme,Coaching,Unit %s,%s,%s,12,%s" % (name, name, day, hours, partners)


def units(daemon, *words):
    return sum(row["units"] for row in daemon.ask("level", *words))


def figures(daemon):
    """All that is asked of a daemon in these tests, without the moment of the answer."""
    return [daemon.ask("level", *words) for words in QUESTIONS] + [daemon.ask("unit", "list")]


def check_alone(checks, node):
    """A node that never joined works, and what it records then reaches the hub later."""
    status = node.status()
    checks.that("a node that never joined has no hub", status["hub"] is None and status["links"] == [], status)
    report = node.bring(HEADER, unit("U1"), unit("U2", "2017-06-12", partners=""))
    checks.same("it records", (report["new"], report["refused"]), (2, 0))
    row = node.level()[("2017/18", "")]
    checks.same("it answers level: partners' codes are taken as they are", (row["units"], row["joint_asserted"]), (2, 1))
    again = node.bring(HEADER, unit("U1"), unit("U2", "2017-06-12", partners=""))
    checks.same("the same rows again state nothing", (again["known"], again["events"]), (2, 0))


def check_joins(checks, hub, nodes):
    register(hub, [("KAA1", "Alder Trust", "trust"), ("KBB2", "Birch Practice", "primary_care")])
    for node, code in zip(nodes, ("KAA1", "KBB2")):
        join(hub, node, code)
    settled(hub, nodes)
    checks.same("joined later, all it recorded before arrives", units(hub), 2)
    checks.same("and its origin is the one it recorded with", nodes[0].status()["waiting_to_share"], 0)


def check_apart(checks, hub, node):
    checks.same("the hub leaves with 0 when told to", hub.stop(), 0)
    node.bring(HEADER, unit("U3", "2017-07-03"))
    status = node.status()
    checks.that("without the hub it records on, and says what waits", status["waiting_to_share"] > 0, status)
    wait_for("the node to say that the link is not live",
             lambda: all(link["state"] != "live" for link in node.status()["links"]))
    checks.same("its own figures know already", units(node), 3)
    hub.start()
    settled(hub, [node])
    checks.same("the hub is back and has it", units(hub), 3)


def check_restart(checks, hub, nodes):
    for daemon in [hub] + nodes:
        before, asked = daemon.status(), figures(daemon)
        checks.same("%s drains and leaves with 0" % daemon.name, daemon.stop(), 0)
        after = daemon.start().status()
        # a hub may state a tide between the two looks, once a minute at most
        stated = (0, 1) if daemon is hub else (0,)
        checks.that("%s goes on where it was" % daemon.name, after["origin"] == before["origin"]
                    and after["last_sequence"] - before["last_sequence"] in stated, (before, after))
        settled(hub, nodes)
        checks.same("%s answers the same after it" % daemon.name, figures(daemon), asked)


def own_log(daemon, origin):
    return [(event["incarnation"], event["sequence"], event["fact"]) for event in daemon.events() if event["origin"] == origin]


def check_hub_log(checks, hub, nodes):
    origin = hub.status()["origin"]
    wanted = own_log(hub, origin)
    for node in nodes:
        wait_for("the hub's log at " + node.name, lambda node=node: len(own_log(node, origin)) >= len(wanted))
        checks.same("the hub's own log is whole at %s" % node.name, own_log(node, origin)[:len(wanted)], wanted)


def check_rebuilt(checks, hub, nodes):
    for daemon in [hub] + nodes:
        asked, held = figures(daemon), daemon.events()
        daemon.stop()
        shutil.rmtree(os.path.join(daemon.home, "views"))
        daemon.start()
        settled(hub, nodes)
        checks.same("%s without its views comes back to the same figures" % daemon.name, figures(daemon), asked)
        now = daemon.events()
        checks.same("%s kept every event" % daemon.name, [event for event in held if event not in now], [])


def tandem(world, *words):
    return subprocess.run([os.path.join(BIN, "tandem"), *words], capture_output=True, text=True, env=world.environment)


def check_moved(checks, world, daemons):
    """export, import-log, export: the same bytes; figures from the copy are the same."""
    for daemon in daemons:
        daemon.stop()
        asked = tandem(world, "level", "--format", "json", "--store", daemon.home)
        log = world.path(daemon.name + ".jsonl")
        copy = world.path(daemon.name + "-copy")
        first = tandem(world, "export", "--format", "jsonl", "--store", daemon.home)
        with open(log, "w") as out:
            out.write(first.stdout)
        done = tandem(world, "import-log", log, "--store", copy)
        checks.same("the log of %s goes into an empty store" % daemon.name, (done.returncode, done.stderr), (0, ""))
        second = tandem(world, "export", "--format", "jsonl", "--store", copy)
        checks.that("exported again it is the same bytes (%s)" % daemon.name, first.stdout and first.stdout == second.stdout,
                    "%d and %d bytes" % (len(first.stdout), len(second.stdout)))
        figure = tandem(world, "level", "--format", "json", "--store", copy)
        checks.same("its figures, too", json.loads(figure.stdout)["data"], json.loads(asked.stdout)["data"])
        into = tandem(world, "import-log", log, "--store", daemon.home)
        checks.that("a store that holds something takes no log", into.returncode != 0 and into.stderr, into.stderr)
        checks.same("verify finds no fault in %s" % daemon.name, tandem(world, "verify", "--store", daemon.home).returncode, 0)
        daemon.start()


def check_altered(checks, world, hub):
    """A changed line is found, whatever was changed in it."""
    lines = hub.exported().splitlines()
    at = next(i for i, line in enumerate(lines) if '"type":"session"' in line)
    for name, old, new in (("an event's content", '"hours_hundredths":600', '"hours_hundredths":700'),
                           ("an event's time", '"event_time":"2017', '"event_time":"2016')):
        changed = lines[:at] + [lines[at].replace(old, new)] + lines[at + 1:]
        checks.that("the change is one (%s)" % name, changed != lines)
        path = world.path("changed.jsonl")
        with open(path, "w") as out:
            out.write("\n".join(changed) + "\n")
        done = tandem(world, "import-log", path, "--store", world.path("changed-" + name.split()[-1]))
        checks.that("import-log refuses a log with %s changed" % name, done.returncode != 0 and done.stderr, done.stdout)


def at_time(world, moment, hub, nodes):
    for daemon in [hub] + nodes:
        daemon.stop()
    world.environment["TANDEM_NOW"] = moment
    for daemon in [hub] + nodes:
        daemon.start()
    settled(hub, nodes)


def without_closing(rows):
    """Closing and publication were made at the same moment, before or behind the tide; facts are counted from then on."""
    return [dict(row, facts=None, published=None, revision=None) for row in rows]


def check_past(checks, world, hub, nodes):
    """As-of a moment before a change the figure is as it stood; closing, lateness and revision."""
    node, partner = nodes
    partner.call("link", "confirm", "KAA1/U1")
    settled(hub, nodes)
    before = hub.ask("level")
    wait_for("a tide that covers all", lambda: hub.ask("level", "--as-of", FIRST) == before)
    hub.call("period", "close", "2017/18")
    published = hub.ask("publish", "2017/18")[0]
    checks.same("published: joint of units", (published["joint_corroborated"], published["units"]), (1, 3))
    sequence = node.status()["last_sequence"]
    settled(hub, nodes)
    at_time(world, LATER, hub, nodes)
    node.bring(HEADER, unit("U4", "2017-08-01"), unit("U2", "2017-06-12", "9", ""))
    settled(hub, nodes)
    partner.call("link", "confirm", "--all")
    settled(hub, nodes)
    row = hub.level()[("2017/18", "")]
    checks.same("now: four units, three confirmed", (row["units"], row["joint_corroborated"]), (4, 3))
    checks.same("as of the moment before: as it stood", without_closing(hub.ask("level", "--as-of", FIRST)),
                without_closing(before))
    checks.same("as of the node's last sequence then: three units", units(hub, "--as-of", "seq:%s/%d" % (
        node.status()["origin"][:8], sequence)), 3)
    checks.that("facts behind the closing are late", row["late"] > 0, row)
    checks.same("what was published stays", row["published"], 33.3)
    checks.same("the revision is the exact difference, rounded", row["revision"], 41.7)
    checks.same("as published: one of three", hub.level("--as-of", "published:2017/18")[("2017/18", "")]["joint_corroborated"], 1)
    for words in ([], ["--by", "month"], ["--weight", "hours"]):
        checks.same("the oracle finds the same: level %s" % " ".join(words), oracle(hub, *words, today=LATER[:10]), None)


def run_program(world, program, *words):
    return subprocess.run([os.path.join(BIN, program), *words], capture_output=True, text=True, env=world.environment,
                          timeout=30)


BAD = [  # what is wrong, the file, the line told, words told
    ("an unknown setting", "[node]\nstate = %s\norganisatoin = KAA1\n", 3, "organisatoin"),
    ("a number in words", "[node]\nstate = %s\n[link]\nwindow_events = many\n", 4, "window_events"),
    ("a number out of range", "[node]\nstate = %s\n[link]\nwindow_events = 0\n", 4, "window_events"),
    ("an unknown section", "[nodes]\nstate = %s\n", 2, "nodes"),
    ("a line that is no setting", "[node]\nstate = %s\nwhat is this\n", 3, ""),
]


def check_configuration(checks, world):
    state = world.path("unborn")
    good = world.path("good.conf")
    with open(good, "w") as out:
        out.write("[node]\nstate = %s\norganisation = KAA1\n[http]\nlisten = off\n" % state)
    done = run_program(world, "tandem-node", "-n", "--config=" + good)
    checks.same("-n checks a good configuration and leaves with 0", done.returncode, 0)
    checks.that("-n makes nothing", not os.path.exists(state))
    for what, text, line, word in BAD:
        path = world.path("bad.conf")
        with open(path, "w") as out:
            out.write(text % state)
        for words in (["-n"], []):
            done = run_program(world, "tandem-node", *words, "--config=" + path)
            checks.that("%s is refused%s" % (what, " by -n" if words else ""), done.returncode != 0, done.returncode)
            checks.says("%s: file, line and name are told" % what, done.stderr + done.stdout, "%s:%d" % (path, line), word)
    checks.that("no state folder was made by a bad one", not os.path.exists(state))


def check_one_owner(checks, world, node):
    second = Daemon(world, node.name, node.program, node.settings)
    done = run_program(world, second.program, *second.settings)
    checks.that("a second daemon on the same state folder is refused", done.returncode != 0, done.returncode)
    checks.that("and the first goes on", node.status()["origin"])


def main():
    checks = Checks()
    with World(FIRST) as world:
        nodes = [world.node("alder", "KAA1").start(), world.node("birch", "KBB2").start()]
        check_alone(checks, nodes[0])
        hub = world.hub("--hub.tide_interval_ms=100").start()
        check_joins(checks, hub, nodes)
        check_apart(checks, hub, nodes[0])
        check_restart(checks, hub, nodes)
        check_hub_log(checks, hub, nodes)
        check_rebuilt(checks, hub, nodes)
        check_one_owner(checks, world, nodes[0])
        check_past(checks, world, hub, nodes)
        check_moved(checks, world, [hub] + nodes)
        check_altered(checks, world, hub)
        check_configuration(checks, world)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
