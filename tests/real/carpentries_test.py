#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""One register exported four times, imported one after another at one node, as a partner would do it."""

import csv
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
from checks import Checks, shared_data  # noqa: E402
from world import World, join, oracle, register, settled  # noqa: E402

COUNTS = ("new", "known", "changed", "withdrawn", "returned", "refused")
PUBLISHED = {3: (207, 57, 3), 4: (109, 81, 17)}  # snapshot: added, changed, withdrawn, as the data's notes tell
ROWS = {1: 949, 2: 1037, 3: 1241, 4: 1333}
FILLED = {3: 36, 4: 50}  # snapshot: attendances that were blank in the one before
ORDER = (1, 2, 3, 4, 4)
CONTENT = ("tag_name", "start_date", "attendance", "host_name", "country")  # columns of all four exports
YEARS = {"2016/17": 225, "2017/18": 284, "2018/19": 364}
NOW = "2019-06-01T09:00:00Z"


def workshops(data, snapshot):
    with open(os.path.join(data, "workshops_snapshot%d.csv" % snapshot), encoding="utf-8", newline="") as table:
        return {row["slug"]: [row[name].strip() for name in CONTENT] for row in csv.DictReader(table)}


def wanted_report(old, new):
    """What COUNTS must be, from the two exports alone."""
    both = old.keys() & new.keys()
    changed = sum(old[slug] != new[slug] for slug in both)
    return (len(new) - len(both), len(both) - changed, changed, len(old) - len(both), 0, 0)


def bring(node, data, snapshot):
    source = os.path.join(data, "workshops_snapshot%d.csv" % snapshot)
    mapped = subprocess.run([sys.executable, os.path.join(HERE, "carpentries.py"), source], capture_output=True, text=True,
                            check=True).stdout
    return node.bring(*mapped.splitlines(), words=("--register", "workshops"))


def years(daemon):
    return {period: row["units"] for (period, _), row in daemon.level().items() if period in YEARS}


def subjects(node, kind):
    """Units for which the log states such a fact, at any time."""
    return {row["subject"] for row in node.events() if row["type"] == kind}


def check_imports(checks, node, data):
    old, had_units, had_people = {}, set(), set()
    for i, snapshot in enumerate(ORDER):
        new = workshops(data, snapshot)
        before = node.status()["last_sequence"]
        report = bring(node, data, snapshot)
        counts = tuple(report[name] for name in COUNTS)
        checks.same("import %d (snapshot %d): %s" % (i + 1, snapshot, ", ".join(COUNTS)), counts, wanted_report(old, new))
        if snapshot in PUBLISHED and old != new:
            checks.same("import %d: added, changed, withdrawn as the notes tell" % (i + 1),
                        (counts[0], counts[2], counts[3]), PUBLISHED[snapshot])
        checks.same("import %d states what it reports" % (i + 1), node.status()["last_sequence"] - before, report["events"])
        checks.same("import %d: units at the node" % (i + 1), sum(row["units"] for row in node.level().values()),
                    ROWS[snapshot])
        now_people = subjects(node, "attendance")
        if snapshot in FILLED and old != new:
            checks.same("import %d: attendances filled in late" % (i + 1), len((now_people - had_people) & had_units),
                        FILLED[snapshot])
        old, had_units, had_people = new, subjects(node, "unit"), now_people
    checks.same("the same file again states nothing", report["events"], 0)


def check_figures(checks, hub, node):
    checks.same("units by year at the node", years(node), YEARS)
    checks.same("units by year at the hub", years(hub), YEARS)
    people = {key: row["amount"] for key, row in hub.level("--weight", "participants").items()}
    checks.same("all attendances are there", sum(people.values()), 29958)
    blank = sum(row["unreported"] for row in hub.level().values())
    checks.same("workshops whose attendance is blank are told as not reported", blank, 146)
    for words in ([], ["--by", "locality"], ["--by", "quarter"], ["--weight", "participants"]):
        checks.same("the oracle finds the same: level %s" % " ".join(words), oracle(hub, *words, today=NOW[:10]), None)


def main():
    data = shared_data("carpentries-workshops")
    checks = Checks()
    with World(NOW) as world:
        hub = world.hub().start()
        node = world.node("carpentries", "CARP1").start()
        register(hub, [("CARP1", "The Carpentries", "education")])
        join(hub, node, "CARP1")
        check_imports(checks, node, data)
        settled(hub, [node])
        check_figures(checks, hub, node)
        checks.that("verify finds no fault at the hub", hub.call("verify", check=False).returncode == 0)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
