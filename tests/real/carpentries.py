#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Carpentries workshop register -> import CSV: carpentries.py SNAPSHOT.csv > register.csv

A workshop is a programme of its host; it lasts two days, taken as 14 hours since the register does not tell.
Rows go through as they are: what cannot be read is for the import to refuse.
"""
import csv
import sys

COLUMNS = ["unit_id", "kind", "programme", "title", "start_date", "hours", "participants", "locality"]
HOURS = "14"


def main(path):
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(COLUMNS)
    with open(path, encoding="utf-8", newline="") as snapshot:
        for row in csv.DictReader(snapshot):
            out.writerow([row["slug"], "programme", row["tag_name"], row["host_name"], row["start_date"],
                          HOURS, row["attendance"], row["country"]])


main(sys.argv[1])
