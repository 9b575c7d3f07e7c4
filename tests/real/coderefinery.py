#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""CodeRefinery workshops -> one import CSV per leading site and the list of sites:
coderefinery.py FOLDER OUT_FOLDER

The lead is the first named site with participants, the others are its partners. Workshops that name none are
led by the unnamed site, SITENONE. The lists do not tell hours: three a day.
"""
import csv
import datetime
import os
import sys

COLUMNS = ["unit_id", "kind", "programme", "title", "start_date", "end_date", "hours", "participants", "partners"]
UNNAMED = ("other", "unknown")
HOURS_A_DAY = 3


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def sites_by_event(folder):
    sites = {}
    for row in read(folder, "participants_by_site.csv"):
        named = sites.setdefault(row["event_id"], [])
        if row["site_code"] not in UNNAMED and int(row["participants"] or 0) > 0:
            named.append("SITE" + row["site_code"])
    return sites


def unit(event, partners):
    first = datetime.date.fromisoformat(event["start_date"])
    last = datetime.date.fromisoformat(event["end_date"])
    days = (last - first).days + 1
    return [event["event_id"], "programme", event["series"], event["name"], first, last, days * HOURS_A_DAY,
            event["participants_total"], ";".join(partners)]


def write(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as table:
        out = csv.writer(table, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def main(folder, out):
    sites = sites_by_event(folder)
    units = {}
    organisations = set()
    for event in read(folder, "events.csv"):
        named = sites.get(event["event_id"]) or ["SITENONE"]
        organisations.update(named)
        units.setdefault(named[0], []).append(unit(event, named[1:]))
    for lead, rows in units.items():
        write(os.path.join(out, lead + ".csv"), COLUMNS, rows)
    write(os.path.join(out, "organisations.csv"), ["code", "name", "sector"],
          [[code, "CodeRefinery site " + code[4:], "education"] for code in sorted(organisations)])


main(*sys.argv[1:3])
