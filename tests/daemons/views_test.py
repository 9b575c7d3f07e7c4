#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Figures kept beside the log: a daemon makes damaged ones anew and says so; what is asked of a moment while it runs and facts go on
arriving is what the store alone answers. Controls show that damage and other moments would be seen."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from moments import armed, hold_fold, let_fold  # noqa: E402
from world import BIN, World, join, register, settled, wait_for  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
QUESTIONS = (["level", "--by", "programme"], ["measure", "show", "C1"], ["unit", "list"])
ANEW = "VIEWS-MADE-ANEW"
PAGE = 4096


def unit(number):
    return "U%d,programme,%s,Unit %d,2017-05-%02d,6,12,%s" % (number, ("Coaching", "Wellbeing")[number % 2], number, 1 + number % 28,
                                                            "KBB2" if number % 3 else "")


def answers(daemon, *words):
    """Of each question, or why there is none."""
    found = []
    for question in QUESTIONS:
        done = daemon.call(*question, *words, "--format", "json", check=False)
        found.append(json.loads(done.stdout)["data"] if done.returncode == 0 else done.stderr)
    return found


def views(daemon):
    return os.path.join(daemon.home, "views", "data.mdb")


def rewrite(path, change):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data = change(data)
    with open(path, "wb") as file:
        file.write(data)


def pretend_closed(daemon):
    """As if the daemon had closed them so: it then believes them."""
    info = os.stat(views(daemon))
    with open(os.path.join(daemon.home, "views", "closed"), "w") as note:
        note.write("%d %d.%09d %d\n" % (info.st_size, info.st_mtime_ns // 10**9, info.st_mtime_ns % 10**9, info.st_ino))


# ---- damage

def flipped(chance):
    """One bit in the title of each of these units, wherever the file has it."""
    def change(data):
        at = data.find(b"Unit 17")
        while at >= 0:
            data[at] ^= 1 << chance.randrange(8)
            at = data.find(b"Unit 17", at + 1)
        return data
    return change


def scribbled(chance):
    """Pages from the middle on."""
    def change(data):
        for page in range(len(data) // PAGE // 3, len(data) // PAGE, 3):
            data[page * PAGE:(page + 1) * PAGE] = chance.randbytes(PAGE)
        return data
    return change


def cut(part):
    return lambda data: data[:int(len(data) * part) // 512 * 512]


def damages(chance):
    yield "a bit of rows flipped", flipped(chance)
    yield "pages overwritten", scribbled(chance)
    yield "cut to a third", cut(1 / 3)
    yield "cut by a sector", lambda data: data[:-512]
    yield "cut to nothing", lambda data: data[:0]
    yield "both heads overwritten", lambda data: chance.randbytes(2 * PAGE) + data[2 * PAGE:]


def keep_good(hub):
    good = hub.world.path("good-views")
    hub.stop()
    shutil.copytree(os.path.join(hub.home, "views"), good)
    return good


def put_back(hub, good):
    hub.stop()
    shutil.rmtree(os.path.join(hub.home, "views"), ignore_errors=True)
    shutil.copytree(good, os.path.join(hub.home, "views"))
    open(hub.log, "w").close()


def check_made_anew(checks, hub, what, wanted):
    hub.start()
    checks.that("%s: it says that they are made anew" % what, ANEW in hub.log_text(), hub.log_text()[-800:])
    made = re.findall(r"id=VIEWS-MADE events=(\d+)", hub.log_text())
    checks.that("%s: before it answers, of the whole log" % what,
                len(made) == 1 and int(made[0]) > 400 and "fold_lag_events=0" in hub.log_text(), hub.log_text()[-800:])
    checks.same("%s: and answers as before" % what, answers(hub), wanted)


def check_sound(checks, hub, good, wanted):
    """What is sound is not thrown away."""
    put_back(hub, good)
    hub.start()
    checks.that("control: sound ones stay, also where nobody closed them", ANEW not in hub.log_text())
    hub.kill()
    hub.start()
    checks.that("and after kill -9", ANEW not in hub.log_text() and answers(hub) == wanted)


def check_damaged(checks, hub, good, wanted):
    chance = random.Random(15)
    for what, change in damages(chance):
        put_back(hub, good)
        rewrite(views(hub), change)
        check_made_anew(checks, hub, what, wanted)
    put_back(hub, good)
    shutil.rmtree(os.path.join(hub.home, "views"))
    check_made_anew(checks, hub, "removed", wanted)
    hub.stop()
    hub.start("tandem-hub-other-views")
    checks.that("a hub of another version makes its own", hub.log_text().count(ANEW) == 2 and answers(hub) == wanted, hub.log_text()[-800:])
    hub.stop()
    open(hub.log, "w").close()
    check_made_anew(checks, hub, "of another version", wanted)


def check_scattered(checks, hub, good, wanted):
    """Bits flipped anywhere, some where nothing is: whatever is said, the answers are right."""
    chance = random.Random(16)
    wrong, said = [], 0
    for _ in range(4):
        put_back(hub, good)
        at = [chance.randrange(2 * PAGE, os.path.getsize(views(hub))) for _ in range(8)]

        def change(data, at=at):
            for place in at:
                data[place] ^= 1 << chance.randrange(8)
            return data
        rewrite(views(hub), change)
        hub.start()
        said += ANEW in hub.log_text()
        wrong += [] if answers(hub) == wanted else [at]
    checks.that("bits flipped all over: right answers each time", not wrong and said > 0, (wrong, said))


def check_met_while_running(checks, hub, good, wanted, moment):
    """Damage that only a question meets. It is told; a moment is answered all the same; the next start mends it."""
    put_back(hub, good)
    past = answers_of_store(hub, moment)
    rewrite(views(hub), flipped(random.Random(17)))
    pretend_closed(hub)
    hub.launch()
    wait_for("the door to open", lambda: "DAEMON-READY" in hub.log_text())
    got = answers(hub)
    checks.that("control: believed unseen, damaged ones are met by a question", got != wanted, got)
    checks.says("which says what to do", str([text for text in got if isinstance(text, str)]), "start the daemon again")
    checks.same("a moment is then answered from the log", answers(hub, "--as-of", moment), past)
    hub.stop()
    open(hub.log, "w").close()
    check_made_anew(checks, hub, "met while it ran", wanted)


# ---- moments

def answers_of_store(daemon, moment, way=None):
    """As the store alone answers, its views lent by nobody."""
    found = []
    for question in QUESTIONS:
        done = subprocess.run([os.path.join(BIN, "tandem"), *question, "--store", daemon.home, "--as-of", moment, "--format", "json", "-v"],
                              env=daemon.world.environment, capture_output=True, text=True)
        found.append(json.loads(done.stdout)["data"] if done.returncode == 0 else done.stderr)
        if way is not None:
            way.append("from the whole log" in done.stderr)
    return found


class Arriving(threading.Thread):
    """Facts that go on arriving until they are not wanted any more."""

    def __init__(self, node, first):
        super().__init__()
        self.node, self.next, self.wanted = node, first, True
        self.start()

    def run(self):
        while self.wanted:
            self.node.bring(HEADER, *[unit(number) for number in range(self.next, self.next + 20)])
            self.next += 20


def check_moments(checks, hub, node):
    """Each moment is asked of the hub again and again while more comes in, then of its store, with its views and without."""
    origin = node.status()["origin"]
    moments = ["seq:%s/%d" % (origin[:12], sequence) for sequence in (300, 700, 1100)]
    arriving = Arriving(node, 1000)
    try:
        begun = hub.status()["events"] if "events" in hub.status() else len(hub.events())
        told = {moment: [answers(hub, "--as-of", moment) for _ in range(2)] for moment in moments}
        grown = len(hub.events()) - begun
    finally:
        arriving.wanted = False
        arriving.join()
    checks.that("control: facts arrived meanwhile", grown > 0, grown)
    checks.that("control: each moment is another, and none is now", len({json.dumps(both[0]) for both in told.values()}) == len(moments)
                and all(both[0] != answers(hub) for both in told.values()))
    settled(hub, [node])
    hub.stop()
    from_views, from_log = [], []
    stored = {moment: answers_of_store(hub, moment, from_views) for moment in moments}
    checks.that("its store answers from its views", not any(from_views), from_views)
    shutil.move(os.path.join(hub.home, "views"), hub.world.path("aside"))
    logged = {moment: answers_of_store(hub, moment, from_log) for moment in moments}
    checks.that("control: and without them from the log", all(from_log), from_log)
    for moment in moments:
        checks.that("of %s the running hub answers as its store does" % moment[-4:],
                    all(told[moment][again] == stored[moment] == logged[moment] for again in range(2)),
                    [told[moment], stored[moment], logged[moment]])
    shutil.move(hub.world.path("aside"), os.path.join(hub.home, "views"))


def check_behind(checks, node):
    """A node whose figures are held back answers of moments that they have not reached."""
    node.stop()
    armed(node).start()
    node.bring(HEADER, *[unit(number) for number in range(500, 520)])
    status = node.status()
    node.kill()
    moment = "seq:%s/%d" % (status["origin"][:12], status["last_sequence"] - 3)
    wanted = answers_of_store(node, moment)
    hold_fold(node)
    node.start()
    checks.that("control: its own figures are behind", not node.status()["complete"] and answers(node) != wanted, node.status())
    checks.same("and the moment is answered in full", answers(node, "--as-of", moment), wanted)
    let_fold(node)
    wait_for("its figures to be whole", lambda: node.status()["complete"])


def main():
    checks = Checks()
    with World() as world:
        hub = world.hub("--hub.tide_interval_ms=86400000").start()
        node = world.node("alder", "KAA1").start()
        register(hub, [("KAA1", "Alder Trust", "trust"), ("KBB2", "Birch Practice", "primary_care")])
        join(hub, node, "KAA1")
        node.bring(HEADER, *[unit(number) for number in range(400)])
        settled(hub, [node])
        check_moments(checks, hub, node)
        hub.start()
        settled(hub, [node])
        check_behind(checks, node)
        settled(hub, [node])
        moment = "seq:%s/300" % node.status()["origin"][:12]
        node.stop()
        wanted = answers(hub)
        good = keep_good(hub)
        check_sound(checks, hub, good, wanted)
        check_damaged(checks, hub, good, wanted)
        check_scattered(checks, hub, good, wanted)
        check_met_while_running(checks, hub, good, wanted, moment)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
