#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The example system has every type of event; each need of docs/coverage.md has a figure there, each figure an
explanation; and the oracle computes the same from the exported log."""

import csv
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402

SOURCE = os.environ["TANDEM_SOURCE"]
BIN = os.environ["TANDEM_BIN"]
YEAR = "2017/18"
LAST_DAY = "2018-05-01"
TEXTS = ("S0", "S1", "S2", "S3", "S4")
COLUMNS = 5
GROUPS_MAX = 8  # of one breakdown: enough to see each kind, few enough to be quick
# Organisations of the registry without a tie, and those that stated nothing of the dimension: rows of zeroes.
WITHOUT_FACTS = {"N2", "R5"}


class Example:
    """The example system, started as anybody starts it; it ends with this test."""

    def __init__(self, work):
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=work, TMPDIR=work)
        self.script = [os.path.join(SOURCE, "tools", "quickstart")]
        self.work = work

    def __enter__(self):
        done = subprocess.run(self.script + ["--bin", BIN], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            self.__exit__()
            sys.exit("tools/quickstart: %s%s" % (done.stdout[-2000:], done.stderr))
        with open(os.path.join(self.work, "tandem-quickstart-%d" % os.getuid())) as file:
            self.environment["TANDEM_HOME"] = os.path.join(file.readline().strip(), "hub")
        return self

    def __exit__(self, *_):
        subprocess.run(self.script + ["--stop"], env=self.environment, capture_output=True)

    def ask(self, *words):
        """(the rows, "") or (None, what went wrong)."""
        done = subprocess.run([os.path.join(BIN, "tandem"), *words, "--json", "--quiet"], env=self.environment,
                              capture_output=True, text=True)
        return (json.loads(done.stdout)["data"], "") if done.returncode == 0 else (None, done.stderr.strip())


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def numbers(row):
    return [value for value in row.values() if is_number(value)]


def needs(text):
    """The rows of the Markdown table: a list of cells each."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines()
            if line.startswith("|")]
    return [row for row in rows if row[0] in TEXTS]


def commands(row):
    return re.findall(r"`tandem ([^`]+)`", row[3])


def is_shown(example, command):
    """Whether the command prints a row with a figure that is defined, and not nothing."""
    rows, fault = example.ask(*shlex.split(command))
    if rows is None:
        return False, fault
    return any(any(numbers(row)) for row in rows), "no figure in %d rows" % len(rows)


def check_needs(checks, example):
    with open(os.path.join(SOURCE, "docs", "coverage.md")) as file:
        rows = needs(file.read())
    checks.that("there are needs of every text", {row[0] for row in rows} == set(TEXTS), len(rows))
    answers = {}
    for row in rows:
        asked = commands(row)
        faults = [] if len(row) == COLUMNS and all(row) and asked else ["a cell is empty, or no command in it"]
        for command in asked:
            if command not in answers:
                answers[command] = is_shown(example, command)
            shown, fault = answers[command]
            faults += [] if shown else ["%s: %s" % (command, fault)]
        checks.that("%s: %s" % (row[0], row[1]), not faults, faults)
    print("%d needs, %d commands" % (len(rows), len(answers)))


def check_needs_can_fail(checks, example):
    row = needs("| S0 | a need | `unit` | `tandem measure show N6 --fy 2001/02` | nothing |")[0]
    checks.that("control: a year without records shows nothing", not is_shown(example, commands(row)[0])[0])
    row = needs("| S0 | a need | `unit` | `tandem measure show N6 --dimension colour --fy 2017/18` | nothing |")[0]
    checks.that("control: a dimension nobody recorded shows nothing", not is_shown(example, commands(row)[0])[0])
    checks.that("control: a measure that is not there fails", not is_shown(example, "measure show N99")[0])


def explained(example, measure, by, group):
    """The facts behind a figure, counted; and what went wrong."""
    words = ["explain", measure, YEAR, "--by", by] + (["--group", group] if group else [])
    rows, fault = example.ask(*words)
    return (sum(len(row["facts"]) for row in rows), "nothing came back") if rows is not None else (0, fault)


def unexplained(example, name, by, rows):
    if name in WITHOUT_FACTS:
        rows = [row for row in rows if any(numbers(row))]
    answers = [(row["group"] or by, *explained(example, name, by, row["group"])) for row in rows[:GROUPS_MAX]]
    return ["%s: %s" % (group, fault) for group, count, fault in answers if not count], len(answers)


def check_breakdown(checks, example, name, by, first):
    """How many rows of figures were explained. The first breakdown is what is shown if nobody asks for another."""
    rows, fault = example.ask("measure", "show", name, "--by", by, "--fy", YEAR)
    shown = [row for row in rows or [] if numbers(row)]
    if first:
        checks.that("%s by %s has a figure" % (name, by), shown, fault)
    if not shown:
        print("not explained: %s by %s" % (name, by))
        return 0
    faults, count = unexplained(example, name, by, shown)
    checks.that("%s by %s is explained" % (name, by), not faults, faults)
    return count


def check_explanations(checks, example):
    measures, fault = example.ask("measure", "list")
    checks.that("there are measures", measures, fault)
    count = 0
    for measure in measures or []:
        for place, by in enumerate(measure["breakdowns"].split(";")):
            count += check_breakdown(checks, example, measure["measure"], by, place == 0)
    print("%d rows of figures explained" % count)
    checks.same("control: a group that is not there is not explained",
                explained(example, "R1", "group", "no such group")[0], 0)


def types_known():
    """Those that tandem record takes, as its help lists them."""
    text = subprocess.run([os.path.join(BIN, "tandem"), "record", "--help"], capture_output=True, text=True).stdout
    return set(re.findall(r"^  ([a-z_]+)  ", text.partition("With one more word")[2], re.MULTILINE))


def people_rows():
    """Of each type of the rows about people: the rows of all nodes."""
    rows = {}
    for folder, _, names in os.walk(os.path.join(SOURCE, "examples")):
        for name in names if os.path.basename(folder) == "people" else []:
            with open(os.path.join(folder, name), newline="") as file:
                rows.setdefault(name[:-len(".csv")], []).extend(csv.DictReader(file))
    return rows


def exported(example):
    return subprocess.run([os.path.join(BIN, "tandem"), "export", "--quiet"], env=example.environment,
                          capture_output=True, text=True, check=True).stdout


def check_types(checks, log):
    known, private = types_known(), people_rows()
    stated = {json.loads(line).get("type") for line in log.splitlines()}
    people = {row["person"] for rows in private.values() for row in rows}
    checks.that("the command takes types", len(known) > 1, known)
    checks.same("each of them is in the example system", known - stated - set(private), set())
    checks.same("no row about a person is in the hub's log", stated & set(private), set())
    checks.same("nor a pseudonym", people & set(re.findall(r"\w+-\d+", log)), set())
    checks.that("control: units' ids are found so", "TV-201" in re.findall(r"\w+-\d+", log) and people, people)


def is_same(shown, computed, digits):
    """The oracle prints exact integers in units of the last digit, reals in full, and n/a."""
    if shown is None or isinstance(shown, str):
        return computed == (shown or "n/a")
    try:
        number = float(computed)
    except ValueError:
        return False
    return abs(shown - number) <= 0.51 * 10 ** -digits or round(shown * 10 ** digits) == number


def oracle_rows(log, measure):
    """What the oracle computes from the exported log alone: figures by breakdown and group."""
    words = ["--measure", measure["measure"], "--fy", YEAR, "--today", LAST_DAY]
    for option in ("dimension", "indicator"):
        words += ["--" + option, measure[option]] if measure[option] else []
    text = subprocess.run([os.path.join(BIN, "tandem-oracle"), *words], input=log, capture_output=True, text=True,
                          check=True).stdout
    lines = [line.split("\t") for line in text.splitlines()]
    return {(by, group): dict(figure.split("=", 1) for figure in figures.strip(";").split(";"))
            for _, _, by, group, figures in lines}


def compare(example, measure, computed):
    """(faults, figures compared) of all breakdowns of a measure."""
    digits = {column["name"]: column["digits"] for column in measure["columns"]}
    faults, count = [], 0
    for by in measure["breakdowns"].split(";"):
        dimension = ["--dimension", measure["dimension"]] if measure["dimension"] else []
        rows = example.ask("measure", "show", measure["measure"], "--by", by, "--fy", YEAR, *dimension)[0] or []
        other = {group for word, group in computed if word == by} ^ {row["group"] for row in rows}
        faults += ["a row of %s by one of the two alone" % (group or by) for group in sorted(other)]
        pairs = [(row, computed.get((by, row["group"]), {})) for row in rows]
        figures = [(row[name], figure, digits[name], "%s of %s" % (name, row["group"] or by))
                   for row, found in pairs for name, figure in found.items() if name in digits]
        faults += ["%s: %s, not %s" % (what, shown, found) for shown, found, places, what in figures
                   if not is_same(shown, found, places)]
        count += len(figures)
    return faults, count


def check_oracle(checks, example, log):
    total = 0
    for measure in example.ask("measure", "list")[0]:
        computed = oracle_rows(log, measure)
        faults, count = compare(example, measure, computed)
        checks.that("the oracle finds the same of %s" % measure["measure"], count and not faults, faults[:5])
        total += count
    print("%d figures compared" % total)
    other = {place: {name: "123456" for name in figures} for place, figures in computed.items()}
    checks.that("control: other figures are noticed", compare(example, measure, other)[0])


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="tandem-test-") as work, Example(work) as example:
        log = exported(example)
        check_types(checks, log)
        check_oracle(checks, example, log)
        check_needs(checks, example)
        check_needs_can_fail(checks, example)
        check_explanations(checks, example)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
