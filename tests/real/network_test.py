#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""How much of two lists is joint, who is tied to whom by it, and on how few partners a workshop rests.

The known values are of lists over several years, a figure speaks of one year: each event is entered as of one
day. One node answers for all organisations, and each event goes in under the name of its lead.
The sites of a workshop are weighed by their participants: each has a session of its own with as many hours.
"""

import csv
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
from checks import Checks, shared_data  # noqa: E402
from recorded import check_digits, check_row, printed, read_table, record, worked_out  # noqa: E402
from world import World, join, oracle, register, settled  # noqa: E402

NOW = "2023-06-01T09:00:00Z"
YEAR, DAY = "2022/23", "2022-09-01"
LARGEST, DATES, WORKSHOP_YEAR = "full-workshops-2022-03-22-10", ("2022-03-22", "2022-03-31"), "2021/22"
HOST = "CODEREF"


def map_events(world, name, data):
    """The rows of each lead, as of one day: lead -> path of its file; and the organisations."""
    folder = world.path("mapped")
    os.mkdir(folder)
    subprocess.run([sys.executable, os.path.join(HERE, name + ".py"), data, folder], check=True)
    organisations = [(row["code"], row["name"], row["sector"]) for row in read_table(folder, "organisations.csv")]
    files = {}
    for code, _, _ in organisations:
        path = os.path.join(folder, code + ".csv")
        if os.path.exists(path):
            rows = read_table(folder, code + ".csv")
            with open(path, "w", encoding="utf-8", newline="") as table:
                out = csv.DictWriter(table, [column for column in rows[0] if column != "end_date"],
                                     extrasaction="ignore", lineterminator="\n")
                out.writeheader()
                out.writerows(dict(row, start_date=DAY) for row in rows)
            files[code] = path
    return organisations, files


def bring(checks, world, name, data, events):
    """A hub that holds all events; returns it."""
    hub = world.hub().start()
    organisations, files = map_events(world, name, data)
    codes = [code for code, _, _ in organisations]
    node = world.node(name, codes[0]).start()
    register(hub, organisations)
    join(hub, node, *codes)
    reports = [node.rows_of("import", path, "--organisation", lead)[0] for lead, path in sorted(files.items())]
    checks.same("%s: %d events imported, none refused" % (name, events),
                (sum(report["new"] for report in reports), sum(report["refused"] for report in reports)), (events, 0))
    settled(hub, [node])
    return hub


def check_level(checks, hub, name, amount, level, weight="count"):
    words = ("--weight", weight)
    amounts = {key: row["amount"] for key, row in hub.level(*words).items()}
    checks.same("%s by %s: %d in all" % (name, weight, amount), amounts, {(YEAR, ""): amount})
    shown = hub.call("level", *words, "--format", "csv", "--fields", "period,level_asserted").stdout.split()
    checks.same("%s by %s: level %s, as asserted" % (name, weight, level), shown[-1], "%s,%s" % (YEAR, level))
    checks.same("%s by %s: the oracle finds the same" % (name, weight), oracle(hub, *words, today=NOW[:10]), None)


def check_network(checks, hub):
    words = ("--line", "asserted", "--fy", YEAR)
    check_row(checks, "N1: 19 nodes, 23 ties, density 0.134503", printed(hub, "N1", *words), (YEAR, ""),
              organisations=19, ties=23, density="0.1345", oversize=0)
    check_row(checks, "N2: highest degree 9", printed(hub, "N2", *words, "--by", "total"), (YEAR, ""), degree=9)
    check_row(checks, "N3: 3 isolates, 6 components", printed(hub, "N3", *words), (YEAR, ""), isolates=3, components=6)
    check_row(checks, "N4: centralisation 0.408497", printed(hub, "N4", *words), (YEAR, ""), centralisation="0.4085")
    degrees = printed(hub, "N2", *words, "--by", "organisation")
    checks.same("N2: the degrees of all come to two for each tie", sum(row["degree"] for row in degrees.values()), 46)
    checks.same("N2: 19 organisations, 3 of them without a tie",
                (len(degrees), sum(row["degree"] == 0 for row in degrees.values())), (19, 3))
    whole = (YEAR, "total", "")
    line = words[:2]
    check_digits(checks, "N1: density 0.134503, by the oracle", worked_out(hub, "N1", *line), whole, density="0.134503")
    check_digits(checks, "N4: centralisation 0.408497, by the oracle", worked_out(hub, "N4", *line), whole,
                 centralisation="0.408497")
    check_row(checks, "N1: a node that speaks for both sides corroborates nothing",
              printed(hub, "N1", "--line", "corroborated", "--fy", YEAR), (YEAR, ""), organisations=19, ties=0)


def check_lists(checks, events, workshops):
    with World(NOW) as world:
        hub = bring(checks, world, "elixir", events, 12)
        check_level(checks, hub, "elixir", 12, "75.0")
        check_network(checks, hub)
    with World(NOW) as world:
        hub = bring(checks, world, "coderefinery", workshops, 65)
        check_level(checks, hub, "coderefinery", 65, "56.9")
        check_level(checks, hub, "coderefinery", 2593, "77.0", "participants")


def check_workshop(checks, data):
    """The host leads and brings no people of its own; each site is a partner that ran a session."""
    sites = [(number + 1, "SITE" + row["site_code"], row["participants"])
             for number, row in enumerate(row for row in read_table(data, "participants_by_site.csv")
                                          if row["event_id"] == LARGEST)]
    with World(NOW) as world:
        hub = world.hub().start()
        node = world.node("host", HOST).start()
        register(hub, [(HOST, "Host of the workshops", "education")] + [(code, code, "education") for _, code, _ in sites])
        join(hub, node, HOST)
        record(checks, node, "unit", ("unit_id", "kind", "status", "start", "end"),
               [(LARGEST, "programme", "delivered") + DATES])
        record(checks, node, "session", ("unit", "id", "date", "hours", "facilitators"),
               [("%s/%s" % (HOST, LARGEST), number, DATES[0], people, code) for number, code, people in sites])
        settled(hub, [node])
        check_row(checks, "N5: HHI 0.183077, effective 5.4622, Shannon 1.983688", printed(hub, "N5"), (WORKSHOP_YEAR, ""),
                  hours="297.00", partners=20, hhi="0.1831", effective="5.4622", shannon="1.9837")
        check_digits(checks, "N5: the digits behind, by the oracle", worked_out(hub, "N5"), (WORKSHOP_YEAR, "total", ""),
                     hhi="0.183077", effective="5.4622", shannon="1.983688")


def main():
    events, workshops = shared_data("elixir-it-training"), shared_data("coderefinery-workshops")
    checks = Checks()
    check_lists(checks, events, workshops)
    check_workshop(checks, workshops)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
