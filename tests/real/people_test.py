#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The same people as rows of a node's private log: the node counts them, and only its counts reach the hub.

A registration is a person, reached on one day of the year if it ended in Pass or Distinction; its region goes as
locality. Those not reached count among the staff only, so there is no row of them. A trainer enters a stage with
the badge, and passes it with the first workshop, which may come before.
"""

import datetime
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
from checks import Checks, shared_data  # noqa: E402
from recorded import check_digits, check_row, printed, read_table, record, worked_out  # noqa: E402
from world import World, join, register, settled  # noqa: E402

NOW = "2019-06-01T09:00:00Z"
YEAR, DAY = "2013/14", "2013-10-01"
COMPLETED = ("Pass", "Distinction")
DIMENSIONS = {"locality": "region", "sex": "gender", "disability": "disability"}


def key(row):
    return "-".join((row["code_module"], row["code_presentation"], row["id_student"]))


def record_registrations(checks, node, rows):
    reached = [row for row in rows if row["final_result"] in COMPLETED]
    record(checks, node, "participant_profile", ("person",) + tuple(DIMENSIONS),
           [(key(row),) + tuple(row[column] for column in DIMENSIONS.values()) for row in reached])
    record(checks, node, "person_attendance", ("person", "unit", "date"),
           [(key(row), "OUL/" + row["code_module"], DAY) for row in reached])
    staff = {("", ""): len(rows)}
    for dimension, column in DIMENSIONS.items():
        for row in rows:
            group = (dimension, row[column])
            staff[group] = staff.get(group, 0) + 1
    record(checks, node, "reference_count", ("organisation", "indicator", "dimension", "group", "date", "amount"),
           [("OUL", "workforce") + group + (DAY, count) for group, count in sorted(staff.items())])


def day(text):
    return datetime.datetime.strptime(text, "%m/%d/%y").date()


def record_trainers(checks, node, rows):
    record(checks, node, "facilitator_stage", ("person", "stage", "state", "date"),
           [("T-%d" % number, 1, state, day(row[column])) for number, row in enumerate(rows)
            for state, column in (("entered", "date_awarded"), ("passed", "first_wkshp"))])


def check_reach(checks, hub):
    check_row(checks, "R1: completed of registered", printed(hub, "R1", "--by", "total"), (YEAR, ""), reached=6570,
              staff=13529, rate="48.6")
    check_row(checks, "R5: women over men 1.007476",
              printed(hub, "R5", "--dimension", "sex", "--top", "F", "--bottom", "M"), (YEAR, ""), top_reached=3212,
              top_staff=6589, bottom_reached=3358, bottom_staff=6940, likelihood="1.01")
    check_row(checks, "R5: disabled over not 0.803692",
              printed(hub, "R5", "--dimension", "disability", "--top", "Y", "--bottom", "N"), (YEAR, ""), top_reached=522,
              top_staff=1312, bottom_reached=6048, bottom_staff=12217, likelihood="0.80")
    check_row(checks, "R4: Gini of 13 regions", printed(hub, "R4", "--dimension", "locality"), (YEAR, ""), gini="0.0564")
    check_row(checks, "R3: Theil of 13 regions", printed(hub, "R3", "--dimension", "locality"), (YEAR, ""), theil="0.0049")
    whole, words = (YEAR, "total", ""), ("--dimension", "locality")
    check_digits(checks, "R4: 0.056422, by the oracle", worked_out(hub, "R4", *words), whole, gini="0.056422")
    check_digits(checks, "R3: 0.004893, by the oracle", worked_out(hub, "R3", *words), whole, theil="0.004893")


def check_stages(checks, hub):
    rows = printed(hub, "L1", "--by", "stage").values()
    told = [sum(row[name] for row in rows) for name in ("entered", "passed", "backwards")]
    checks.same("L1: entered, passed, and 232 of 570 backwards", told, [570, 570, 232])


def main():
    registrations, trainers = shared_data("oulad-participation"), shared_data("carpentries-workshops")
    checks = Checks()
    with World(NOW) as world:
        hub = world.hub().start()
        node = world.node("oul", "OUL").start()
        register(hub, [("OUL", "The Open University", "education")])
        join(hub, node, "OUL")
        rows = read_table(registrations, "learner_info.csv")
        record_registrations(checks, node, rows)
        record_trainers(checks, node, read_table(trainers, "days_badge_to_first_teach.csv"))
        node.call("person", "summarise", "--force")
        settled(hub, [node])
        check_reach(checks, hub)
        check_stages(checks, hub)
        checks.same("nothing is in doubt", hub.ask("doubts"), [])
        people = node.ask("person", "list")
        checks.same("the node holds the people", len(people), 6570 + 570)
        text = hub.exported()
        checks.same("the hub holds none of them", [row["person"] for row in people if row["person"] in text], [])
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
