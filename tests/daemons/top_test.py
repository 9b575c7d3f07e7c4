#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""tandem top on a terminal, with a hub and nodes: what it shows, what it says when they are gone, the keys, and that the
terminal is given back whatever ends it, behind a control that shows that one that is not given back is seen."""

import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from screen import Screen  # noqa: E402
from world import BIN, World, join, register, settled, wait_for  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
CTRL_C, CTRL_Z = "\x03", "\x1a"
DOWN, UP, END, HOME = "\033[B", "\033[A", "\033[F", "\033[H"


def unit(name, partners=""):
    return "%s,programme,Coaching,Unit %s,2018-04-10,6,12,%s" % (name, name, partners)


class Top:
    """tandem top at a daemon, ended with the block."""

    def __init__(self, daemon, *words, width=80, height=24, **environment):
        given = dict(daemon.world.environment, TANDEM_HOME=daemon.home, **{"TERM": "xterm", **environment})
        self.screen = Screen([os.path.join(BIN, "tandem"), "top", *words], given, width, height)

    def __enter__(self):
        return self.screen

    def __exit__(self, *_):
        self.screen.close()


def held(text):
    return int(re.search(r"Events +(\d+) held", text).group(1))


def check_hub(checks, hub, nodes):
    with Top(hub) as screen:
        text = screen.shows("Level   2018/19", "KAA1", "KBB2", "2 up to date")
        lines = text.splitlines()
        checks.says("who, how complete, as of when", lines[0], "hub ", "complete", "as of 09:00:00 UTC", "up ", "Tandem 0.1.0")
        row = hub.level()[("2018/19", "")]
        checks.says("the three lines of the level against the target", text, "target %.1f %%" % row["target"],
                    "asserted      100.0 %", "corroborated    0.0 %", " %.1f above" % (100 - row["target"]),
                    " %.1f below" % row["target"])
        rows = [line for line in lines if re.match(r"(KAA1|KBB2|this hub) ", line)]
        checks.same("a row for each node, the hub's own last", [row.split()[0] for row in rows], ["KAA1", "KBB2", "this"])
        checks.that("state and lag of each", all(re.search(r" live +0 ", row) for row in rows[:2]), rows)
        before = held(text)
        nodes[0].bring(HEADER, unit("A2"))
        settled(hub, nodes)
        now = hub.status()["events_held"]
        screen.shows("Events  %d held" % now, "%d in the figures" % now)
        checks.that("what comes in is shown, and at which rate",
                    re.search(r"\(\+\d+/s\), \d+ in the figures \(\+\d+/s\)", screen.text()), screen.text())


def check_node(checks, hub, node):
    with Top(node) as screen:
        text = screen.shows("node ", "hub %s" % hub.status()["origin"][:8], "live")
        checks.says("a node shows its hub, and itself", text, "Hub     live, 0 own events wait for it", "this node KAA1")
        checks.that("and none of the other nodes", "KBB2" not in text, text)
        hub.kill()
        node.bring(HEADER, unit("A3"))
        waiting = wait_for("what waits", lambda: node.status()["waiting_to_share"])
        text = screen.shows("Hub     down, %d own events wait for it" % waiting, "WARNING link to")
        checks.says("a hub that is gone: what waits, and what to do", text, "next: ")
        hub.start()
        text = screen.shows("Hub     live, 0 own events wait for it", without=["WARNING"])
        checks.that("it comes back by itself", "live" in text)


def check_gone(checks, hub):
    with Top(hub) as screen:
        before = screen.shows("KAA1", "2 up to date")
        hub.kill()
        text = screen.shows("NO ANSWER", "OLD NUMBERS")
        checks.says("a daemon that is gone is said", text.splitlines()[1], "NO ANSWER. OLD NUMBERS, ", "asking again",
                    "tandem doctor")
        checks.says("and why", text.splitlines()[2], "does not run any more")
        checks.that("the old numbers stay", "Events  %d held" % held(before) in text and "KAA1" in text, text)
        hub.start()
        screen.shows("2 up to date", without=["NO ANSWER", "OLD"])
        checks.that("it comes back by itself", True)


def check_hanging(checks, hub):
    with Top(hub) as screen:
        screen.shows("KAA1")
        hub.process.send_signal(signal.SIGSTOP)
        try:
            text = screen.shows("NO ANSWER", "busy")
            screen.type("q")
            checks.same("q quits while the daemon hangs", (screen.ended(5), screen.is_restored()), (0, True))
        finally:
            hub.process.send_signal(signal.SIGCONT)
        checks.says("a daemon that hangs is said", text, "OLD NUMBERS")


def check_sizes(checks, hub):
    with Top(hub) as screen:
        text = screen.shows("KAA1", "last heard")
        checks.that("80 columns: the counts are left out", "held      last" not in text, text)
        screen.set_size(120, 40)
        text = screen.shows("held      last", "q quit")
        checks.same("120 columns, 40 lines: the keys stand in the last", text.splitlines()[-1].split()[0], "q")
        checks.same("which is the fortieth", len(text.splitlines()), 40)
        screen.set_size(60, 12)
        text = screen.shows("q quit", "up/down: rows 1-", without=["last heard"])
        checks.that("60 columns: nothing is wider", max(map(len, text.splitlines())) <= 60, text)
        rows = int(re.search(r"rows 1-(\d+) of 3", text).group(1))
        screen.type(DOWN)
        screen.shows("rows 2-%d of 3" % min(rows + 1, 3))
        screen.type(UP)
        screen.shows("rows 1-%d of 3" % rows)
        screen.type(END)
        screen.shows("rows 3-3 of 3", "this hub", without=["KAA1"])
        screen.type(HOME)
        checks.that("arrows, end and home scroll", screen.shows("rows 1-%d of 3" % rows, "KAA1"))


def check_keys(checks, hub, node):
    with Top(hub) as screen:
        before = held(screen.shows("KAA1"))
        screen.type("p")
        screen.shows("PAUSED")
        node.bring(HEADER, unit("A4"))
        settled(hub, [node])
        text = screen.shows("PAUSED", " s ago")
        checks.same("paused: what is shown stays, with its age", held(text), before)
        screen.type("p")
        screen.shows("Events  %d held" % hub.status()["events_held"], without=["PAUSED"])
        screen.type("?")
        text = screen.shows("clears in", "corroborated: the partner confirmed it", without=["KAA1"])
        screen.type("?")
        checks.that("help comes and goes", screen.shows("KAA1", without=["the partner confirmed it"]))
        screen.type("x")
        screen.type("q")
        checks.same("q quits, and gives the terminal back", (screen.ended(), screen.is_restored()), (0, True))


ENDS = [("Ctrl-C", CTRL_C, None, -signal.SIGINT), ("SIGTERM", None, signal.SIGTERM, -signal.SIGTERM),
        ("SIGHUP", None, signal.SIGHUP, -signal.SIGHUP)]


def check_ends(checks, hub):
    for name, typed, number, status in ENDS:
        with Top(hub) as screen:
            screen.shows("KAA1")
            checks.that("the terminal is taken (%s)" % name, screen.page == "other" and not screen.is_restored())
            if typed:
                screen.type(typed)
            else:
                screen.process.send_signal(number)
            checks.same("%s gives the terminal back" % name, (screen.ended(), screen.is_restored()), (status, True))
    with Top(hub) as screen:
        screen.shows("KAA1")
        screen.process.send_signal(signal.SIGKILL)
        checks.same("control: killed outright it can not, and that is seen", (screen.ended(), screen.is_restored()),
                    (-signal.SIGKILL, False))


def check_rest(checks, hub):
    with Top(hub) as screen:
        screen.shows("KAA1")
        screen.type(CTRL_Z)
        os.waitpid(screen.process.pid, os.WUNTRACED)
        checks.that("Ctrl-Z gives the terminal back for the while", screen.is_restored(), screen.page)
        screen.process.send_signal(signal.SIGCONT)
        wait_for("the page to be taken again", lambda: screen.text() and screen.page == "other")
        checks.that("and goes on", screen.shows("KAA1"))
        screen.type("q")
        checks.same("then q quits", (screen.ended(), screen.is_restored()), (0, True))


def check_colors(checks, hub):
    for name, environment, words, colored in (("a terminal", {}, [], True), ("NO_COLOR", {"NO_COLOR": "1"}, [], False),
                                              ("--color never", {}, ["--color", "never"], False)):
        with Top(hub, *words, **environment) as screen:
            screen.shows("KAA1")
            checks.same("%s: %s" % (name, "bold and colour" if colored else "none"), re.search(rb"\033\[[0-9;]*m", screen.raw.replace(
                b"\033[0m\033[?7h", b"")) is not None, colored)


def run(daemon, *words, **environment):
    return subprocess.run([os.path.join(BIN, "tandem"), "top", *words], capture_output=True, text=True, timeout=60,
                          env=dict(daemon.world.environment, TANDEM_HOME=daemon.home, **environment), stdin=subprocess.DEVNULL)


def check_without_terminal(checks, hub, node):
    done = run(hub)
    checks.same("without a terminal it draws nothing", (done.returncode, done.stdout), (2, ""))
    checks.says("and names what can be had", done.stderr, "tandem top --once", "tandem status")
    with Top(hub, **{"TERM": "dumb"}) as screen:
        checks.same("nor on a dumb one", screen.ended(), 2)
        checks.says("in words", screen.text(), "TERM is dumb", "--once")
    done = run(hub, "--once")
    checks.says("--once prints it as text", done.stdout, "Level   2018/19", "KAA1", "2 up to date", "this hub")
    checks.that("without control sequences, and nothing is cut", done.returncode == 0 and "\033" not in done.stdout
                and "held      last" in done.stdout, done.stdout)
    row = json.loads(run(hub, "--once", "--json").stdout)["data"][0]
    status = hub.status()
    checks.same("as JSON the same", (row["role"], row["origin"], row["events_held"], row["fold_lag"], len(row["nodes"])),
                ("hub", status["origin"], status["events_held"], 0, 3))
    checks.that("with rates, from two readings", row["held_per_s"] is not None and row["folded_per_s"] is not None, row)
    checks.same("the level is that of tandem level", row["level"]["level_asserted"], hub.level()[("2018/19", "")]["level_asserted"])
    done = run(node, "--once", "--store", hub.home)
    checks.says("a store without its daemon has one reading", done.stdout, "hub ", "no daemon", "Level   2018/19", "unknown")
    for words, told in ((["--store", hub.home], "--once"), (["--json"], "--once"), (["--interval", "0"], "1 to 3600"),
                        (["--interval", "0", "--once"], "1 to 3600")):
        done = run(hub, *words)
        checks.that("refused: %s" % " ".join(words[:1]), done.returncode == 2 and told in done.stderr, done.stderr)


def check_never_there(checks, world):
    node = world.node("unborn", "KZZ9")
    with Top(node) as screen:
        text = screen.shows("NO ANSWER", "no daemon has opened")
        checks.that("before there was a daemon nothing is called old", "OLD" not in text, text)
        node.start()
        checks.says("once it is there it is shown", screen.shows("node ", "tandem join"), "no unit is recorded yet")
        screen.type("q")
        screen.ended()


def main():
    checks = Checks()
    with World() as world:
        hub = world.hub("--hub.tide_interval_ms=3600000").start()
        nodes = [world.node("alder", "KAA1").start(), world.node("birch", "KBB2").start()]
        register(hub, [("KAA1", "Alder Trust", "trust"), ("KBB2", "Birch Practice", "primary_care")])
        join(hub, nodes[0], "KAA1")
        join(hub, nodes[1], "KBB2")
        hub.call("target", "set", "2018/19", "50")
        nodes[0].bring(HEADER, unit("A1", "KBB2"))
        settled(hub, nodes)
        check_hub(checks, hub, nodes)
        check_node(checks, hub, nodes[0])
        check_gone(checks, hub)
        check_hanging(checks, hub)
        check_sizes(checks, hub)
        check_keys(checks, hub, nodes[0])
        check_ends(checks, hub)
        check_rest(checks, hub)
        check_colors(checks, hub)
        check_without_terminal(checks, hub, nodes[0])
        check_never_there(checks, world)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
