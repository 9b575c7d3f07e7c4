#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Registrations of a university by deprivation, region, sex and disability: who completed, of all who registered.

A registration stands for a person reached if it ended in Pass or Distinction. The node states counts by group;
a group that is blank goes as `unknown`, and the measures leave it out.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
from checks import Checks, shared_data  # noqa: E402
from recorded import Reach, check_digits, check_row, printed, read_table, record, worked_out  # noqa: E402
from world import World, join, register, settled  # noqa: E402

NOW = "2018-06-01T09:00:00Z"
YEAR, LENS_YEAR = "2013/14", "2014/15"
DAY = "2013-10-01"
COMPLETED = ("Pass", "Distinction")
BANDS = ["%d-%d%%" % (low, low + 10) for low in range(0, 100, 10)]
DAMAGED = {"20-Oct": "10-20%", "": "unknown"}  # a spreadsheet took the label of the second band for a day
COLUMNS = {"deprivation": "imd_band", "region": "region", "sex": "gender", "disability": "disability"}


def by_group(rows, column):
    """group -> (completed, registered)."""
    found = {}
    for row in rows:
        group = DAMAGED.get(row[column], row[column])
        completed, registered = found.get(group, (0, 0))
        found[group] = (completed + (row["final_result"] in COMPLETED), registered + 1)
    return found


def state(checks, node, groups):
    reach = Reach(YEAR, DAY)
    for dimension in COLUMNS:
        reach.add("OUL", dimension, groups[dimension])
    for dimension, enlarged in (("deprivation", BANDS), ("sex", ["F"]), ("disability", ["Y"])):
        reach.enlarge(LENS_YEAR, dimension, groups[dimension], enlarged)
    reach.record(checks, node)
    completed = sum(pair[0] for pair in groups["sex"].values())
    record(checks, node, "summary", ("table", "period", "a", "b", "count"), [("reached", YEAR, "total", "", completed)])
    record(checks, node, "reference_count", ("organisation", "indicator", "date", "amount"),
           [("OUL", "workforce", DAY, sum(pair[1] for pair in groups["sex"].values()))])


def check_reach(checks, hub):
    check_row(checks, "R1: completed of registered", printed(hub, "R1", "--by", "total"), (YEAR, ""), reached=6570,
              staff=13529, rate="48.6")
    rows = printed(hub, "R1", "--dimension", "deprivation", "--fy", YEAR)
    checks.same("R1: the bands, in the order of their text", [group for _, group in rows], BANDS + ["unknown"])
    checks.same("R1: the band that a spreadsheet damaged", rows[(YEAR, "10-20%")]["staff"], 1477)
    checks.same("R1: 13 regions", len(printed(hub, "R1", "--dimension", "region", "--fy", YEAR)), 13)


def check_inequality(checks, hub):
    slope = printed(hub, "R2", "--dimension", "deprivation", "--by", "total")
    check_row(checks, "R2: SII 0.250348, intercept 0.354000, RII 1.707198, slope/mean 0.522458", slope, (YEAR, ""),
              sii="0.2503", intercept="0.3540", rii="1.7072", slope_over_mean="0.5225")
    check_row(checks, "R2 through the lens: the digits behind", slope, (LENS_YEAR, ""), sii="2503.4849",
              intercept="3540.0038", rii="1.7072", slope_over_mean="0.5225")
    for dimension, gini, theil in (("deprivation", "0.0868", "0.0124"), ("region", "0.0564", "0.0049")):
        check_row(checks, "R4: Gini by %s" % dimension, printed(hub, "R4", "--dimension", dimension), (YEAR, ""), gini=gini)
        check_row(checks, "R3: Theil by %s" % dimension, printed(hub, "R3", "--dimension", dimension), (YEAR, ""),
                  theil=theil)


def check_behind(checks, hub):
    whole = (YEAR, "total", "")
    words = ("--dimension", "region")
    check_digits(checks, "R4: Gini of 13 regions 0.056422, by the oracle", worked_out(hub, "R4", *words), whole,
                 gini="0.056422")
    check_digits(checks, "R3: Theil of 13 regions 0.004893, by the oracle", worked_out(hub, "R3", *words), whole,
                 theil="0.004893")


def check_likelihood(checks, hub):
    women = printed(hub, "R5", "--dimension", "sex", "--top", "F", "--bottom", "M")
    check_row(checks, "R5: women over men 1.007476", women, (YEAR, ""), top_reached=3212, top_staff=6589,
              bottom_reached=3358, bottom_staff=6940, likelihood="1.01", band="broadly proportionate")
    check_row(checks, "R5: women over men through the lens", women, (LENS_YEAR, ""), likelihood="10074.76")
    disabled = printed(hub, "R5", "--dimension", "disability", "--top", "Y", "--bottom", "N")
    check_row(checks, "R5: disabled over not 0.803692", disabled, (YEAR, ""), top_reached=522, top_staff=1312,
              bottom_reached=6048, bottom_staff=12217, likelihood="0.80", band="broadly proportionate")
    check_row(checks, "R5: disabled over not through the lens", disabled, (LENS_YEAR, ""), likelihood="8036.92")


def main():
    data = shared_data("oulad-participation")
    rows = read_table(data, "learner_info.csv")
    checks = Checks()
    checks.same("registrations in the source", len(rows), 13529)
    with World(NOW) as world:
        hub = world.hub().start()
        node = world.node("oul", "OUL").start()
        register(hub, [("OUL", "The Open University", "education")])
        join(hub, node, "OUL")
        state(checks, node, {dimension: by_group(rows, column) for dimension, column in COLUMNS.items()})
        settled(hub, [node])
        check_reach(checks, hub)
        check_inequality(checks, hub)
        check_likelihood(checks, hub)
        check_behind(checks, hub)
        checks.same("nothing is in doubt", hub.ask("doubts"), [])
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
