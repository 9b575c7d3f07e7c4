#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The workforce of a country by organisation and staff group as a national body states it, and who is a doctor.

Staff are counted in tenths of a full-time equivalent, since a count is a whole number.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
from checks import Checks, shared_data  # noqa: E402
from recorded import Reach, check_row, printed, read_table, record  # noqa: E402
from world import World, join, register, settled  # noqa: E402

NOW = "2018-03-01T09:00:00Z"
BODY = "NATBODY"
TENTHS = 10529621  # 1,052,962.1 full-time equivalents
COUNT = ("organisation", "indicator", "dimension", "group", "date", "amount")
CELL = ("table", "period", "a", "b", "count")
YEAR, YEAR_2016 = "2017/18", "2016/17"
DAY, DAY_2016 = "2017-09-30", "2016-09-30"


def tenths(fte):
    whole, _, tenth = fte.partition(".")
    return int(whole + (tenth or "0"))


def state_staff(checks, node, rows):
    """Each row of the list as it is, and the organisation's whole beside its groups."""
    whole = {}
    for row in rows:
        whole[row["org_code"]] = whole.get(row["org_code"], 0) + tenths(row["fte"])
    record(checks, node, "reference_count", COUNT,
           [(row["org_code"], "workforce", "staff_group", row["staff_group"], DAY, tenths(row["fte"])) for row in rows])
    record(checks, node, "reference_count", COUNT,
           [(code, "workforce", "", "", DAY, amount) for code, amount in sorted(whole.items())])
    # a year has rows once somebody is reached in it
    record(checks, node, "summary", CELL, [("reached", YEAR, "total", "", 1)])


def check_staff(checks, hub, rows):
    check_row(checks, "R1: staff of all organisations, in tenths", printed(hub, "R1", "--by", "total"), (YEAR, ""),
              staff=TENTHS)
    groups = printed(hub, "R1", "--dimension", "staff_group", "--by", "group")
    checks.same("R1: 13 staff groups", len(groups), 13)
    checks.same("R1: the groups together are the whole", sum(row["staff"] for row in groups.values()), TENTHS)
    check_row(checks, "R1: doctors", groups, (YEAR, "HCHS doctors"), staff=sum(
        tenths(row["fte"]) for row in rows if row["staff_group"] == "HCHS doctors"))
    organisations = printed(hub, "R1", "--by", "organisation")
    told = {group: row["staff"] for (_, group), row in organisations.items() if group != BODY}
    checks.same("R1: 431 organisations", len(told), 431)
    checks.same("R1: the organisations together are the whole", sum(told.values()), TENTHS)


def heads(rows, staff_group):
    return {row["group"]: int(row["headcount"]) for row in rows
            if row["region"] == "England" and row["staff_group"] == staff_group}


def check_representation(checks, hub, node, data):
    """Doctors as those reached, all staff as the reference."""
    rows = read_table(data, "two_group_headcount_by_region_2016.csv")
    record(checks, node, "summary", CELL, [("reached", YEAR_2016, "nationality", group, count)
                                           for group, count in heads(rows, "HCHS doctors").items()])
    record(checks, node, "reference_count", COUNT, [(BODY, "workforce", "nationality", group, DAY_2016, count)
                                                    for group, count in heads(rows, "All staff").items()])
    settled(hub, [node])
    found = printed(hub, "R6", "--dimension", "nationality", "--fy", YEAR_2016)
    check_row(checks, "R6: EU doctors, share 0.115615 over 0.058919 = 1.962264", found, (YEAR_2016, "EU"), reached=10386,
              share="11.6", reference_share="5.9", ratio="1.96", unknown="0.0")
    check_row(checks, "R6: UK doctors", found, (YEAR_2016, "UK"), reached=79447, share="88.4", reference_share="94.1",
              ratio="0.94", unknown="0.0")
    staff = printed(hub, "R1", "--dimension", "nationality", "--fy", YEAR_2016)
    checks.same("R1: the staff behind it", {group: row["staff"] for (_, group), row in staff.items()},
                {"EU": 59796, "UK": 955090})


def check_shares(checks, hub, node, data):
    """The same two shares as rates: of doctors, and of all staff, who is EU. Here the lens shows the digits behind."""
    rows = read_table(data, "two_group_headcount_by_region_2016.csv")
    reach = Reach(YEAR_2016, DAY_2016)
    groups = {name: (heads(rows, name)["EU"], sum(heads(rows, name).values())) for name in ("HCHS doctors", "All staff")}
    reach.add(BODY, "eu", groups)
    reach.enlarge(YEAR, "eu", groups, ["HCHS doctors"])
    reach.record(checks, node)
    settled(hub, [node])
    likelihood = printed(hub, "R5", "--dimension", "eu", "--top", "HCHS doctors", "--bottom", "All staff")
    check_row(checks, "R5: doctors over all staff 1.962264", likelihood, (YEAR_2016, ""), top_reached=10386,
              top_staff=89833, bottom_reached=59796, bottom_staff=1014886, likelihood="1.96")
    check_row(checks, "R5: doctors over all staff through the lens", likelihood, (YEAR, ""), likelihood="19622.64")
    rates = printed(hub, "R1", "--dimension", "eu")
    check_row(checks, "R1: EU among doctors through the lens, 0.115615", rates, (YEAR, "HCHS doctors"), rate="115614.5")
    check_row(checks, "R1: EU among all staff, 0.058919", rates, (YEAR_2016, "All staff"), rate="5.9")


def main():
    data = shared_data("nhs-workforce")
    rows = read_table(data, "fte_by_org_staff_group.csv")
    checks = Checks()
    checks.same("rows of the source", len(rows), 3663)
    with World(NOW) as world:
        hub = world.hub().start()
        node = world.node("body", BODY).start()
        codes = sorted({row["org_code"] for row in rows})
        register(hub, [(BODY, "National body", "national_body")] + [(code, code, "trust") for code in codes])
        join(hub, node, BODY)
        state_staff(checks, node, rows)
        settled(hub, [node])
        check_staff(checks, hub, rows)
        check_representation(checks, hub, node, data)
        check_shares(checks, hub, node, data)
        checks.same("nothing is in doubt", hub.ask("doubts"), [])
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
