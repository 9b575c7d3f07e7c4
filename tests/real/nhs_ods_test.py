#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The organisations of Greater Manchester and the trusts of England as registry: counts, closures, roots, and
what they mean for joint work."""

import csv
import io
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
from checks import Checks, shared_data  # noqa: E402
from world import World, join, oracle, settled  # noqa: E402

NOW = "2025-06-01T09:00:00Z"
TODAY = "2025-06-01"
HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"


def read(data, name, header=True):
    with open(os.path.join(data, name), encoding="utf-8-sig", newline="") as table:
        return list(csv.DictReader(table) if header else csv.reader(table))


def greater_manchester(data):
    return [row for row in read(data, "gp_practice_pcn_map_2022_north_midlands.csv") if row["STP_CODE"] == "QOP"]


def closed_trusts(data):
    """Codes that a trust list says are closed."""
    return {row[0] for name in ("etr_2022.csv", "etr_2025.csv") for row in read(data, name, header=False) if row[11]}


def successors(data):
    """Closed organisations for which the sector map names one successor."""
    named = {}
    for row in read(data, "org_sector_map_2022.csv"):
        if row["Successor.Code"]:
            named.setdefault(row["Code"], set()).add(row["Successor.Code"])
    return {code: codes.pop() for code, codes in named.items() if len(codes) == 1}


def check_registry(checks, hub, data, mapped):
    path = hub.world.path("organisations.csv")
    with open(path, "w") as out:
        out.write(mapped)
    report = hub.rows_of("organisation", "import", path)[0]
    rows = len(list(csv.DictReader(io.StringIO(mapped))))
    checks.same("every organisation is new, none refused", (report["new"], report["refused"]), (rows, 0))
    again = hub.rows_of("organisation", "import", path)[0]
    checks.same("the same list again states nothing", (again["new"], again["known"], again["changed"]), (0, rows, 0))
    return {row["code"]: row for row in hub.ask("organisation", "list")}


def check_counts(checks, listed, data):
    rows = greater_manchester(data)
    practices = {row["PRACTICE_CODE"] for row in rows}
    networks = {row["PCN_CODE"] for row in rows if row["PCN_CODE"] not in ("U", "")}
    localities = {row["CCG_CODE"] for row in rows}
    checks.same("Greater Manchester in the source: practices, networks, localities",
                (len(practices), len(networks), len(localities)), (426, 67, 10))
    for what, codes in (("practice", practices), ("network", networks), ("locality", localities)):
        checks.same("each %s is registered" % what, [code for code in sorted(codes) if code not in listed], [])
        wrong = [code for code in sorted(codes) if listed[code]["root"] != code]
        checks.same("each %s is its own root: a member of a network is no part of it" % what, wrong, [])
    parents = {row["PRACTICE_CODE"]: row["PCN_CODE"] for row in rows if row["PCN_CODE"] in networks}
    checks.same("each practice has its network as parent",
                [code for code, parent in sorted(parents.items()) if listed[code]["parent"] != parent], [])


def check_closures(checks, listed, data):
    followed = successors(data)
    closed = closed_trusts(data)
    without = sorted(closed - followed.keys())
    checks.that("the trust lists close some without successor", len(without) > 50, len(without))
    checks.same("a closed trust without successor is closed", [code for code in without if not listed[code]["closed"]], [])
    checks.that("the sector map names successors", len(followed) > 10, len(followed))
    checks.same("an organisation with one successor has that one's root",
                [code for code, to in sorted(followed.items()) if listed[code]["root"] != listed[to]["root"]], [])
    trusts = {row[0] for row in read(data, "etr_2025.csv", header=False)}
    open_ones = sorted(trusts - closed - followed.keys())
    checks.same("a trust that nobody closed is open and its own root",
                [code for code in open_ones if listed[code]["closed"] or listed[code]["root"] != code], [])


def network_pair(data):
    """Two practices of one network."""
    by_network = {}
    for row in greater_manchester(data):
        if row["PCN_CODE"] not in ("U", ""):
            by_network.setdefault(row["PCN_CODE"], []).append(row["PRACTICE_CODE"])
    return sorted(codes for codes in by_network.values() if len(codes) > 1)[0][:2]


def merged_pair(data):
    """Two organisations that became one, and when."""
    closing = {row["Code"]: row["Close"] for row in read(data, "org_sector_map_2022.csv")}
    by_successor = {}
    for code, to in sorted(successors(data).items()):
        by_successor.setdefault((to, closing[code]), []).append(code)
    (_, last_day), codes = sorted((key, codes) for key, codes in by_successor.items() if len(codes) > 1)[0]
    return codes[0], codes[1], last_day


def partner_node(world, hub, code):
    node = world.node(code, code).start()
    join(hub, node, code)
    return node


def check_practices(checks, world, hub, data):
    first, second = network_pair(data)
    lead, partner = partner_node(world, hub, first), partner_node(world, hub, second)
    lead.bring(HEADER, "N1,programme,Resilience,Together,2024-05-14,6,12,%s" % second)
    settled(hub, [lead, partner])
    partner.call("link", "confirm", "--all")
    settled(hub, [lead, partner])
    row = hub.level()[("2024/25", "")]
    checks.same("two practices of one network are two organisations: their unit is joint",
                (row["units"], row["joint_corroborated"]), (1, 1))


def check_merged(checks, world, hub, data):
    first, second, last_day = merged_pair(data)
    before, after = "2020-06-01", "2021-06-01"
    checks.that("%s and %s merge between the two units" % (first, second), before < last_day < after, last_day)
    node = partner_node(world, hub, first)
    node.bring(HEADER, "M1,programme,Resilience,Before,%s,6,12,%s" % (before, second),
               "M2,programme,Resilience,After,%s,6,12,%s" % (after, second))
    settled(hub, [node])
    level = hub.level()
    checks.same("before they merged they are two: asserted joint", level[("2020/21", "")]["joint_asserted"], 1)
    checks.same("from the day they merged they are one: not joint",
                (level[("2021/22", "")]["units"], level[("2021/22", "")]["joint_asserted"]), (1, 0))


def check_closed_lead(checks, world, hub, data):
    lists = {row[0]: row[11] for row in read(data, "etr_2025.csv", header=False) if row[11]}
    code = sorted(code for code in lists if code not in successors(data) and lists[code] < "20230101")[0]
    node = partner_node(world, hub, code)
    node.bring(HEADER, "C1,programme,Resilience,Too late,2023-05-14,6,12,")
    settled(hub, [node])
    level = hub.level()
    checks.that("a unit led by a closed organisation is not counted", ("2023/24", "") not in level, level.keys())
    doubts = [row for row in hub.ask("doubts") if "%s/C1" % code in str(row)]
    checks.that("it is listed under doubts, with the reason", any("not countable" in str(row) for row in doubts), doubts)
    shown = hub.ask("unit", "show", "%s/C1" % code)
    checks.says("and stored: unit show tells it", str(shown), "Too late")


def main():
    data = shared_data("nhs-ods")
    mapped = subprocess.run([sys.executable, os.path.join(HERE, "nhs_ods.py"), data], capture_output=True, text=True,
                            check=True).stdout
    checks = Checks()
    with World(NOW) as world:
        hub = world.hub().start()
        listed = check_registry(checks, hub, data, mapped)
        check_counts(checks, listed, data)
        check_closures(checks, listed, data)
        check_practices(checks, world, hub, data)
        check_merged(checks, world, hub, data)
        check_closed_lead(checks, world, hub, data)
        for words in ([], ["--by", "sector"], ["--by", "lead"]):
            checks.same("the oracle finds the same: level %s" % " ".join(words), oracle(hub, *words, today=TODAY), None)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
