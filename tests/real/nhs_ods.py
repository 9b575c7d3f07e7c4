#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""NHS organisation lists -> organisations CSV for `tandem organisation import`: nhs_ods.py FOLDER > organisations.csv

Greater Manchester (QOP) with its practices, networks and commissioner localities; the trusts of 2022 and 2025;
the organisations of the sector map. An organisation that closed is succeeded where the map names exactly one
successor, and closed otherwise. A closing date is the last day: what follows begins the day after.
"""
import csv
import datetime
import os
import sys

COLUMNS = ["code", "name", "sector", "contractor", "parent", "belongs_as", "region", "opened", "closed",
           "successor", "succeeded_on"]
SECTORS = {"Trust": "trust", "CCG": "commissioner", "CSU": "commissioner"}
SYSTEM = "QOP"


def read(folder, name, header=True):
    with open(os.path.join(folder, name), encoding="utf-8-sig", newline="") as table:
        return list(csv.DictReader(table) if header else csv.reader(table))


def day(text):
    """yyyymmdd or yyyy-mm-dd as a date; None if blank."""
    text = text.replace("-", "")
    return datetime.datetime.strptime(text, "%Y%m%d").date() if text else None


def add(found, code, name, sector, **more):
    known = found.setdefault(code, {"code": code})
    known.update(name=name, sector=sector, **{key: value for key, value in more.items() if value})


def close(found, code, last_day):
    if last_day:
        found[code]["closed"] = last_day + datetime.timedelta(days=1)


def add_greater_manchester(found, rows):
    for row in rows:
        if row["STP_CODE"] != SYSTEM:
            continue
        region = row["COMM_REGION_CODE"]
        add(found, SYSTEM, row["STP_NAME"], "commissioner", region=region)
        add(found, row["CCG_CODE"], row["CCG_NAME"], "commissioner", region=region, parent=SYSTEM, belongs_as="system")
        add(found, row["PCN_CODE"], row["PCN_NAME"], "primary_care", region=region, parent=row["CCG_CODE"],
            belongs_as="commissioner")
        add(found, row["PRACTICE_CODE"], row["PRACTICE_NAME"], "primary_care", contractor="yes", region=region,
            parent=row["PCN_CODE"], belongs_as="network")


def add_trusts(found, rows):
    for row in rows:
        add(found, row[0], row[1], "trust", region=row[2], opened=day(row[10]))
        close(found, row[0], day(row[11]))


def add_map(found, rows):
    successors = {}
    for row in rows:
        code = row["Code"]
        if code not in found:
            add(found, code, row["Name"], SECTORS[row["Sector"]], region=row["NHSER20CDH"], opened=day(row["Start"]))
        if row["Close"] and not found[code].get("closed"):
            close(found, code, day(row["Close"]))
        if row["Successor.Code"]:
            successors.setdefault(code, set()).add(row["Successor.Code"])
    for code, named in successors.items():
        if len(named) == 1 and found[code].get("closed"):
            found[code]["successor"] = named.pop()
            found[code]["succeeded_on"] = found[code].pop("closed")


def add_missing_successors(found, rows):
    """Commissioners that the map names only as successors."""
    names = {row[0]: row for row in rows}
    for code in {entry["successor"] for entry in found.values() if "successor" in entry} - found.keys():
        row = names.get(code, [code, code])
        add(found, code, row[1], "commissioner")


def main(folder):
    found = {}
    add_trusts(found, read(folder, "etr_2022.csv", header=False))
    add_trusts(found, read(folder, "etr_2025.csv", header=False))
    add_greater_manchester(found, read(folder, "gp_practice_pcn_map_2022_north_midlands.csv"))
    add_map(found, read(folder, "org_sector_map_2022.csv"))
    add_missing_successors(found, read(folder, "eccg_2025.csv", header=False))
    out = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    out.writeheader()
    out.writerows(found[code] for code in sorted(found))


main(sys.argv[1])
