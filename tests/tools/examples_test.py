#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The examples of the manual pages, run as they stand there, in a system made for them: what a reader types works."""

import glob
import os
import re
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from world import BIN, World, join, register, settled  # noqa: E402

PAGES = os.path.join(BIN, "..", "share", "man", "man1", "tandem-*.1")
HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
ORGANISATIONS = [("R0A", "Alder Trust", "trust"), ("R0B", "Beech Trust", "trust"), ("RXA", "Rowan Practice", "primary_care"),
                 ("R0C", "Cedar Trust", "trust")]

# Where each is run, in this order, and the statuses that are no failure (0 if left out). HUB and the nodes are asked by
# their folder; ALONE asks nobody. What only shows a plan here is run to its end by tests/daemons/recovery_test.py.
HUB, ALDER, ROWAN, ALONE = "hub", "alder", "rowan", "alone"
RUNS = [
    (HUB, "organisation import"), (HUB, "organisation list"), (HUB, "organisation merge"), (HUB, "catalogue add"),
    (HUB, "target set"), (HUB, "baseline set"), (HUB, "return expect"), (ALDER, "return make"),
    (ALDER, "import", 0, 1), (ALDER, "record"), (ALDER, "unit list"), (ALDER, "unit show"), (ALDER, "link pending"),
    (ROWAN, "link confirm"), (ROWAN, "link dispute"), (ROWAN, "link withdraw"), (HUB, "match propose"), (HUB, "match list"),
    (HUB, "match accept"), (HUB, "match void"), (HUB, "level"), (HUB, "measure list"), (HUB, "measure show"), (HUB, "explain"),
    (HUB, "doubts"), (HUB, "event show"), (HUB, "period close"), (HUB, "publish"), (HUB, "revision"), (HUB, "release"),
    (ALDER, "person list"), (ALDER, "person show"), (ALDER, "person summarise"), (ALDER, "person verify"),
    (ALDER, "person compact"), (ALDER, "person backup"), (ALDER, "person erase"), (ROWAN, "person restore"),
    (HUB, "node list"), (HUB, "status"), (HUB, "check", 0, 1), (HUB, "doctor", 0, 1), (HUB, "top"), (HUB, "log list"),
    (HUB, "tail", None), (HUB, "export"), (ALONE, "import-log"), (ALONE, "replay"), (HUB, "verify"), (HUB, "snapshot"),
    (HUB, "diff", 0, 1), (ALONE, "restore"), (HUB, "invite"), (HUB, "key list"), (ALONE, "key save"), (ALDER, "key rotate"),
    (HUB, "key retire"),
    (ALDER, "join"), (ALONE, "config check"), (ALONE, "config show"), (ALONE, "completion"), (ALONE, "help"),
    (ALONE, "manual"), (ALONE, "node rejoin"), (HUB, "key revoke"), (ALONE, "node restore", 8), (ALONE, "hub rebuild", 8),
    (ALONE, "rebuild", 0, 1),
]
# Who listens meanwhile: a daemon that is stopped before, so that its store is at rest.
STOPPED_BEFORE = {"node rejoin": ALDER, "rebuild": HUB}
# What is typed where they ask; into nothing for the others.
TYPED = {"person restore": "secret.txt"}


def examples():
    """words of the command -> its example, as the page has it."""
    found = {}
    for page in sorted(glob.glob(PAGES)):
        with open(page, encoding="utf-8") as text:
            lines = text.read().split(".Sh EXAMPLES")[1].split(".Sh ")[0].splitlines()
        line = next(line for line in lines if line.startswith((".Dl ", "tandem "))).replace(".Dl ", "").replace("\\-", "-")
        line = re.sub(r"\\[(]?(aq|&|e)", lambda match: {"aq": "'", "&": "", "e": "\\"}[match.group(1)], line)
        name = os.path.basename(page)[len("tandem-"):-len(".1")]
        found[name if line.startswith("tandem " + name) else name.replace("-", " ")] = line
    return found


def fill(world, hub, alder, rowan):
    """What the examples speak of."""
    register(hub, ORGANISATIONS)
    join(hub, alder, "R0A")
    join(hub, rowan, "RXA")
    alder.bring(HEADER, "17,programme,coaching,Coaching,2017-05-04,6,12,RXA")
    rowan.bring(HEADER, "4,programme,coaching,Coaching together,2017-05-04,6,12,R0A")
    for number in range(10, 30):
        person = "P-%d" % number
        alder.call("record", "participant-profile", "--person", person, "--organisation", "R0A", "--staff-group",
                   "allied_health_professionals", "--sector", "trust")
        alder.call("record", "person-attendance", "--person", person, "--unit", "R0A/17", "--date", "2017-05-04")
    alder.call("person", "summarise", "--force")
    settled(hub, [alder, rowan])


def write(world, name, text, mode=0o644):
    with open(world.path(name), "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(world.path(name), mode)


def files(world):
    write(world, "organisations.csv", "code,name,sector\n" + "".join(",".join(row) + "\n" for row in ORGANISATIONS))
    write(world, "delivered.csv", HEADER + "\n18,programme,coaching,Skills,2017-06-01,6,9,\n")
    write(world, "secret.txt", "a passphrase that is long\n")
    write(world, "snapshot.key", "5a" * 32 + "\n", 0o600)
    write(world, "node.conf", "[node]\norganisation = R0A\n")


def placed(world, line, origin):
    """The same words, with this machine's folders and this system's node."""
    for old, new in (("/var/backups/tandem-2017-09-30", world.path("snapshot")), ("/etc/tandem/", world.folder + "/"),
                     ("/var/lib/tandem-hub", world.path("hub")), ("/var/lib/tandem-node", world.path("alder")),
                     ("/tmp/copy", world.path("copy")), ("4be1c0/37", origin[:6] + "/2")):
        line = line.replace(old, new)
    return shlex.split(line)[1:]


def run(world, home, words, forever, typed=os.devnull):
    environment = dict(world.environment, **({"TANDEM_HOME": home} if home else {}))
    with open(typed, "rb") as given, \
            subprocess.Popen([os.path.join(BIN, "tandem")] + words, cwd=world.folder, env=environment, stdin=given,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            out, err = process.communicate(timeout=2 if forever else 120)
        except subprocess.TimeoutExpired:
            process.terminate()
            out, err = process.communicate()
        return process.returncode, out, err


def prepare(world, name, daemons):
    """What has to be so before some of them."""
    if name in STOPPED_BEFORE:
        daemons[STOPPED_BEFORE[name]].stop()
    if name == "revision":
        daemons[HUB].call("period", "close", "2017/18")
    if name == "replay":
        daemons[HUB].call("export", "--output", world.path("log.jsonl.zst"))
    if name in ("replay", "restore"):
        subprocess.run(["rm", "-rf", world.path("copy")], check=True)
    if name == "restore":  # the example is of a snapshot that is not encrypted
        daemons[HUB].call("snapshot", world.path("plain"))
        subprocess.run(["rm", "-rf", world.path("snapshot")], check=True)
        os.rename(world.path("plain"), world.path("snapshot"))
    if name == "diff":
        daemons[HUB].call("snapshot", world.path("plain"))
        os.rename(world.path("snapshot"), world.path("encrypted"))
        os.rename(world.path("plain"), world.path("snapshot"))
    if name == "key retire":
        daemons[HUB].call("key", "rotate", "--yes")
    if name == "join":
        write(world, "code.txt", daemons[HUB].call("invite", "R0C").stdout)
    if name == "node restore":
        write(world, "code.txt", daemons[HUB].call("invite", "--for", daemons[ROWAN].status()["origin"]).stdout)
        subprocess.run(["rm", "-rf", world.path("alder")], check=True)
    if name == "hub rebuild":
        subprocess.run(["rm", "-rf", world.path("hub.before")], check=True)


def main():
    checks = Checks()
    told = examples()
    named = [row[1] for row in RUNS]
    checks.same("every command's example is run", sorted(told), sorted(named))
    with World() as world:
        hub = world.hub().start()
        alder = world.node("alder", "R0A").start()
        rowan = world.node("rowan", "RXA").start()
        daemons = {HUB: hub, ALDER: alder, ROWAN: rowan}
        fill(world, hub, alder, rowan)
        files(world)
        origin = alder.status()["origin"]
        for where, name, *allowed in RUNS:
            prepare(world, name, daemons)
            words = placed(world, told[name], origin)
            status, out, err = run(world, None if where == ALONE else daemons[where].home, words, allowed == [None],
                                   world.path(TYPED[name]) if name in TYPED else os.devnull)
            fine = (status in (allowed or [0])) if allowed != [None] else status in (0, -15, 143)
            checks.that("%s: tandem %s" % (where, " ".join(words)), fine, (status, out[-300:], err[-500:]))
            if where in (ALDER, ROWAN):
                settled(hub, [daemon for daemon in (alder, rowan) if daemon.process.poll() is None])
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
