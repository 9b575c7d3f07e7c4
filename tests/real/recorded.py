# SPDX-License-Identifier: MPL-2.0
"""Rows of a published data set as facts of a node, and the figures as a daemon prints them.

A figure is compared as the text that the daemon prints. The known values have six digits, often more than are
printed. Two ways show the digits behind. Of a ratio the count below the line stays and the count above it is
stated once more LENS times as large, in a year of its own. And the oracle works the figure out anew, from the
facts that the hub exports.
"""

import csv
import io
import json
import os
import subprocess

from world import BIN

LENS = 10000


def read_table(folder, name, header=True):
    with open(os.path.join(folder, name), encoding="utf-8-sig", newline="") as table:
        return list(csv.DictReader(table) if header else csv.reader(table))


def record(checks, node, kind, header, rows):
    """All rows must be new facts: `tandem record KIND --from FILE`."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    out.writerows(rows)
    path = node.file_rows(kind + ".csv", text.getvalue().splitlines())
    report = node.rows_of("record", kind, "--from", path)[0]
    checks.same("%d rows recorded as %s, none refused" % (len(rows), kind), (report["new"], report["refused"]),
                (len(rows), 0))


def printed(daemon, measure, *words):
    """(period, group) -> row, its decimals as they were printed."""
    done = daemon.call("measure", "show", measure, *words, "--format", "json")
    document = json.loads(done.stdout, parse_float=str)
    return {(row["period"], row["group"]): row for row in document["data"]}


def check_row(checks, sentence, rows, key, **wanted):
    """The named figures of one row."""
    row = rows.get(key, {})
    checks.same(sentence, {name: row.get(name) for name in wanted}, wanted)


def worked_out(hub, measure, *words):
    """(period, breakdown, group) -> figures, with all digits, by the oracle from the hub's export."""
    log = hub.world.path("oracle.jsonl")
    with open(log, "w") as out:
        out.write(hub.exported())
    today = hub.world.environment["TANDEM_NOW"][:10]
    done = subprocess.run([os.path.join(BIN, "tandem-oracle"), "--measure", measure, "--today", today, *words, log],
                          capture_output=True, text=True, check=True)
    found = {}
    for line in done.stdout.splitlines():
        _, period, breakdown, group, figures = line.split("\t")
        found[(period, breakdown, group)] = dict(figure.split("=") for figure in figures.split(";") if figure)
    return found


def check_digits(checks, sentence, rows, key, **wanted):
    """The named figures of one row of the oracle's, at as many decimals as are wanted."""
    row = rows.get(key, {})
    got = {name: "%.*f" % (len(text.partition(".")[2]), float(row.get(name, "nan"))) for name, text in wanted.items()}
    checks.same(sentence, got, wanted)


class Reach:
    """What a node states of who is reached, and of how many there are, by the groups of dimensions."""

    def __init__(self, period, day):
        self.period = period
        self.day = day
        self.reached = []
        self.staff = []

    def add(self, organisation, dimension, groups):
        """groups: group -> (reached, staff)."""
        for group, (reached, staff) in sorted(groups.items()):
            self.reached.append(("reached", self.period, dimension, group, reached))
            self.staff.append((organisation, "workforce", dimension, group, self.day, staff))

    def enlarge(self, period, dimension, groups, enlarged):
        """The reached once more, in another period, those of the groups named LENS times."""
        for group, (reached, _) in sorted(groups.items()):
            count = reached * LENS if group in enlarged else reached
            self.reached.append(("reached", period, dimension, group, count))

    def record(self, checks, node):
        record(checks, node, "summary", ("table", "period", "a", "b", "count"), self.reached)
        record(checks, node, "reference_count", ("organisation", "indicator", "dimension", "group", "date", "amount"),
               self.staff)
