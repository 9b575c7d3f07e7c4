#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The trusts of a country as listed in 2022 and in 2025, one list imported after the other as a hub's operator would."""

import csv
import datetime
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
from checks import Checks, shared_data  # noqa: E402
from recorded import read_table  # noqa: E402
from world import World  # noqa: E402

NOW = "2025-06-01T09:00:00Z"
CODE, NAME, REGION, OPENED, LAST_DAY = 0, 1, 2, 10, 11  # columns of the lists, which have no header


def day(text, after=0):
    """yyyymmdd as a date, or so many days after it; nothing stays nothing."""
    return datetime.datetime.strptime(text, "%Y%m%d").date() + datetime.timedelta(after) if text else ""


def bring(hub, data, name):
    path = hub.world.path(name)
    with open(path, "w", encoding="utf-8", newline="") as table:
        out = csv.writer(table, lineterminator="\n")
        out.writerow(("code", "name", "sector", "region", "opened", "closed"))
        out.writerows((row[CODE], row[NAME], "trust", row[REGION], day(row[OPENED]), day(row[LAST_DAY], 1))
                      for row in read_table(data, name, header=False))
    report = hub.rows_of("organisation", "import", path)[0]
    counts = tuple(report[name] for name in ("new", "known", "changed", "refused"))
    return counts, {row["code"]: row for row in hub.ask("organisation", "list")}


def changes(hub, kind):
    """Codes of which the log states such a change."""
    return {row["payload"]["code"] for row in hub.events()
            if row["type"] == "organisation_change" and row["payload"]["change"] == kind}


def check_lists(checks, hub, data):
    counts, old = bring(hub, data, "etr_2022.csv")
    checks.same("2022: new, known, changed, refused", counts, (218, 0, 0, 0))
    checks.same("2022: closed", sum(row["closed"] for row in old.values()), 6)
    counts, new = bring(hub, data, "etr_2025.csv")
    kept = old.keys() & new.keys()
    checks.same("2025: 55 new; 25 changed: 13 renamed, 8 closed, 4 of another region", counts, (55, 193, 25, 0))
    checks.same("2025: 218 kept (known or changed), 55 added", (counts[1] + counts[2], len(new.keys() - old.keys())),
                (218, 55))
    renamed = {code for code in kept if old[code]["name"] != new[code]["name"]}
    checks.same("2025: 13 renamed", len(renamed), 13)
    checks.same("2025: each has a change of its name in the log", changes(hub, "renamed"), renamed)
    closed = {code for code in kept if new[code]["closed"] and not old[code]["closed"]}
    checks.same("2025: 8 newly closed", len(closed), 8)
    checks.same("2025: closed in all, and each is in the log", (sum(row["closed"] for row in new.values()),
                                                                len(changes(hub, "closed"))), (68, 68))
    counts, _ = bring(hub, data, "etr_2025.csv")
    checks.same("the same list again states nothing", counts, (0, 273, 0, 0))


def main():
    data = shared_data("nhs-ods")
    checks = Checks()
    with World(NOW) as world:
        check_lists(checks, world.hub().start(), data)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
