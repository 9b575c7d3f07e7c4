#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""ELIXIR Italy training -> one import CSV per leading organisation and the list of organisations:
elixir.py FOLDER OUT_FOLDER

Names are taken as written and mapped to codes by elixir_codes.csv beside this script; the lead is the first
one named, the others are its partners. Events that name no organisation are left out. The lists tell neither
hours nor participants: seven hours, and no participants reported.
"""
import csv
import os
import sys

COLUMNS = ["unit_id", "kind", "programme", "title", "start_date", "hours", "partners"]
HOURS = "7"


def read(path):
    with open(path, encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def write(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as table:
        out = csv.writer(table, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def organisers(folder, codes):
    named = {}
    for row in read(os.path.join(folder, "event_organisers.csv")):
        name = row["organisation_as_written"].strip()
        if row["kind"] == "org" and name:
            event = named.setdefault(row["event_id"], [])
            if codes[name] not in event:
                event.append(codes[name])
    return named


def first_day(event):
    """The start date, or the first yyyy/mm/dd of the free text."""
    return event["start_date"] or event["date_text"][:10].replace("/", "-")


def main(folder, out):
    table = read(os.path.join(os.path.dirname(os.path.abspath(__file__)), "elixir_codes.csv"))
    codes = {row["name"]: row["code"] for row in table}
    named = organisers(folder, codes)
    units = {}
    for event in read(os.path.join(folder, "events.csv")):
        lead, *partners = named.get(event["event_id"]) or [None]
        if lead:
            units.setdefault(lead, []).append([event["event_id"], "programme", event["event_type"],
                                               event["title"], first_day(event), HOURS, ";".join(partners)])
    for lead, rows in units.items():
        write(os.path.join(out, lead + ".csv"), COLUMNS, rows)
    write(os.path.join(out, "organisations.csv"), ["code", "name", "sector"],
          [[row["code"], row["name"], "education"] for row in table])


main(*sys.argv[1:3])
