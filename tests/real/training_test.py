#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""People trained to teach, from training to badge to the first workshop, and who comes back on the second day.

The known values are of whole lists over several years, a measure speaks of one year: each list is stated in one.
The lists of people hold no persons but events or days, so the node states the counts a node would make of them.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
from checks import Checks, shared_data  # noqa: E402
from recorded import LENS, check_row, printed, read_table, record  # noqa: E402
from world import World, join, register, settled  # noqa: E402

NOW = "2019-06-01T09:00:00Z"
CODE = "CARP1"
BADGE_YEAR, BADGE_LENS, TEACH_YEAR, TEACH_LENS = "2018/19", "2017/18", "2016/17", "2015/16"
DAYS = ("2016-09-01", "2016-09-02")
LENS_DAYS = ("2015-09-01", "2015-09-02")
CELL = ("table", "period", "a", "b", "count")


def check_badges(checks, hub, node, data):
    """Stage 1: those trained enter it, those badged pass it."""
    rows = read_table(data, "instructor_training_events_later.csv")
    trained = sum(int(row["attendance"] or 0) for row in rows)
    badged = sum(int(row["count_badged"] or 0) for row in rows)
    record(checks, node, "summary", CELL,
           [("stages", year, "1", state, count) for year, state, count in (
               (BADGE_YEAR, "entered", trained), (BADGE_YEAR, "passed", badged), (BADGE_LENS, "entered", trained),
               (BADGE_LENS, "passed", badged * LENS))])
    settled(hub, [node])
    check_row(checks, "L1: 2,409 trained, 1,059 badged, yield 43.96", printed(hub, "L1"), (BADGE_YEAR, ""), entered=2409,
              passed=1059, **{"yield": "44.0"})
    check_row(checks, "L1: the yield through the lens", printed(hub, "L1"), (BADGE_LENS, ""), **{"yield": "439601.5"})
    check_row(checks, "L1: conversion of the stage", printed(hub, "L1", "--by", "stage"), (BADGE_YEAR, "1"), entered=2409,
              passed=1059, conversion="44.0", backwards=0)


def stage_days(days):
    return "backwards" if days < 0 else "%05d" % days


def check_first_teaching(checks, hub, node, data):
    """Stage 2: entered with the badge, passed with the first workshop; some taught before."""
    days = [int(row["days"]) for row in read_table(data, "days_badge_to_first_teach.csv")]
    cells = {}
    for value in days:
        cells[stage_days(value)] = cells.get(stage_days(value), 0) + 1
    record(checks, node, "summary", CELL,
           [("stages", TEACH_YEAR, "2", state, len(days)) for state in ("entered", "passed")]
           + [("stage_days", TEACH_YEAR, "2", cell, count) for cell, count in sorted(cells.items())])
    settled(hub, [node])
    forwards = sorted(value for value in days if value >= 0)
    check_row(checks, "L1: 232 of 570 backwards, and left out of the median", printed(hub, "L1", "--by", "stage"),
              (TEACH_YEAR, "2"), passed=570, backwards=232, median_days=forwards[(len(forwards) - 1) // 2])


def two_days(data):
    """(name, first day, second day) of the rows that tell both."""
    found = []
    for number, row in enumerate(read_table(data, "daily_attendance.csv", header=False)[1:]):
        cells = [cell.strip() for cell in row] + [""] * 4
        if cells[2] and cells[3]:
            found.append(("%03d-%s" % (number, cells[0]), int(cells[2]), int(cells[3])))
    return found


def sessions_held(node):
    """(subject, day) -> fact id."""
    return {(row["subject"], row["payload"]["date"]): row["fact"] for row in node.events() if row["type"] == "session"}


def state_courses(checks, node, courses, days, lens):
    """Each workshop as a unit with a session a day, and who came to each; returns the attendances."""
    units = [(name, "programme", "delivered", name, days[0], days[1]) for name, _, _ in courses]
    record(checks, node, "unit", ("unit_id", "kind", "status", "programme", "start", "end"), units)
    record(checks, node, "session", ("unit", "id", "date", "hours"),
           [("%s/%s" % (CODE, name), at + 1, day, 7) for name, _, _ in courses for at, day in enumerate(days)])
    held = sessions_held(node)
    subject = "unit/%s/%%s" % CODE
    record(checks, node, "attendance", ("unit", "id", "session", "people"),
           [("%s/%s" % (CODE, name), at + 1, held[(subject % name, days[at])], people)
            for name, first, second in courses for at, people in enumerate((first, second * lens))])


def check_retention(checks, hub, node, data):
    courses = two_days(data)
    state_courses(checks, node, courses, DAYS, 1)
    state_courses(checks, node, [("lens-" + name, first, second) for name, first, second in courses], LENS_DAYS, LENS)
    settled(hub, [node])
    units = hub.level("--fy", TEACH_YEAR)[(TEACH_YEAR, "")]["units"]
    checks.same("94 workshops with both days", units, 94)
    check_row(checks, "L2: day 2 / day 1 = 0.862975", printed(hub, "L2"), (TEACH_YEAR, ""), retention="86.3")
    check_row(checks, "L2: through the lens", printed(hub, "L2"), (TEACH_LENS, ""), retention="862974.9")
    each = printed(hub, "L2", "--by", "programme", "--fy", TEACH_YEAR)
    rising = sorted(group for (_, group), row in each.items() if float(row["retention"]) > 100)
    checks.same("L2: 94 workshops told apart, of which 3 rise", (len(each), len(rising)), (94, 3))


def main():
    data = shared_data("carpentries-workshops")
    checks = Checks()
    with World(NOW) as world:
        hub = world.hub().start()
        node = world.node("carpentries", CODE).start()
        register(hub, [(CODE, "The Carpentries", "education")])
        join(hub, node, CODE)
        check_badges(checks, hub, node, data)
        check_first_teaching(checks, hub, node, data)
        check_retention(checks, hub, node, data)
        checks.same("nothing is in doubt", hub.ask("doubts"), [])
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
