#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Two copies of one node, and a node put back from an older copy: the second history is found before any of it is
acknowledged, both are kept, and nobody else is touched."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from world import World, join, oracle, register, settled, wait_for  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"


def unit(name):
    return "%s,programme,Coaching,Unit %s,2017-05-10,6,12," % (name, name)


def copy_of(world, node, name):
    """The state folder of a stopped node, copied; its socket is no part of it."""
    twin = world.node(name, "KAA1")
    shutil.copytree(node.home, twin.home, ignore=shutil.ignore_patterns("*.sock", "daemon.lock"))
    return twin


def units(hub):
    return sorted(row["unit"] for row in hub.ask("unit", "list"))


def link(node):
    rows = node.status()["links"]
    return rows[0] if rows else {"state": None, "refusal": "", "refusal_text": ""}


def check_unchanged(checks, hub, node, others):
    """A copy that only replaced the original (a move to another machine) does no harm."""
    moved = copy_of(node.world, node, "moved").start()
    settled(hub, [moved] + others)
    checks.same("an unchanged copy goes on as the node it was", link(moved)["state"], "live")
    moved.bring(HEADER, unit("A2"))
    settled(hub, [moved] + others)
    checks.that("and what it records arrives", "KAA1/A2" in units(hub), units(hub))
    moved.stop()
    return moved


def check_two(checks, hub, node, others):
    """Both copies record; the second to share is a fork."""
    twin = copy_of(node.world, node, "twin").start()
    settled(hub, [twin] + others)
    twin.bring(HEADER, unit("T1"))
    settled(hub, [twin])
    checks.that("the first to share is heard", "KAA1/T1" in units(hub), units(hub))
    twin.stop()
    before, held = hub.exported(), units(hub)
    was = hub.rejected("fork")
    node.start()
    node.bring(HEADER, unit("T2"), unit("T3"))
    wait_for("the second to be stopped", lambda: link(node)["state"] == "stopped")
    told = link(node)
    status = node.status()
    checks.that("nothing of the second history was acknowledged", status["waiting_to_share"] > 0, status)
    checks.same("nothing stored at the hub has changed", hub.exported(), before)
    checks.same("and no figure", units(hub), held)
    checks.that("the status says that it is a fork", "fork" in (told["refusal"] + told["refusal_text"]), told)
    checks.that("and what to do", told["refusal_text"] and any(word in told["refusal_text"].lower() for word in
                                                               ("copy", "clone", "restored", "backup")), told)
    checks.says("it is in the node's log", node.log_text(), "fork")
    checks.that("and counted, where it was found", hub.rejected("fork") > was or "word=fork" in node.log_text())
    checks.same("the second's own facts stay at it, and count there",
                {"KAA1/T2", "KAA1/T3"} <= {row["unit"] for row in node.ask("unit", "list")}, True)
    return twin


def check_others(checks, hub, others):
    others[0].bring(HEADER, unit("B%d" % len(units(hub))))
    settled(hub, others)
    checks.that("other nodes go on", any(name.startswith("KBB2/B") for name in units(hub)), units(hub))


def check_restart(checks, hub, node):
    """A fork is no passing trouble: a restart does not mend it, and harms nothing."""
    before = hub.exported()
    node.stop()
    node.start()
    wait_for("the fork to be found again", lambda: link(node)["state"] == "stopped")
    checks.same("after a restart nothing stored at the hub has changed", hub.exported(), before)
    checks.same("the node's store is sound", node.call("verify", check=False).returncode, 0)


def check_restored(checks, hub, twin, others):
    """A node put back from an older copy records under sequences it had given already."""
    settled(hub, others)
    twin.start()
    settled(hub, [twin])
    older = twin.home + ".older"
    twin.stop()
    shutil.copytree(twin.home, older, ignore=shutil.ignore_patterns("*.sock", "daemon.lock"))
    twin.start()
    twin.bring(HEADER, unit("R1"))
    settled(hub, [twin])
    twin.stop()
    shutil.rmtree(twin.home)
    shutil.move(older, twin.home)
    before = hub.exported()
    twin.start()
    wait_for("the node to see that it was restored", lambda: link(twin)["state"] == "stopped")
    told = link(twin)
    checks.that("put back from an older copy: it stops before it shares, and says so",
                "fork" in (told["refusal"] + told["refusal_text"]), told)
    report = twin.bring(HEADER, unit("R2"))
    checks.same("it records on all the same", report["new"], 1)
    checks.same("nothing stored at the hub has changed", hub.exported(), before)
    checks.that("what it had shared before stays", "KAA1/R1" in units(hub), units(hub))


def check_both_at_once(checks, world, hub, others):
    """Two copies running at once take the link from each other until one differs."""
    node = world.node("cedar", "KCC3").start()
    join(hub, node, "KCC3")
    settled(hub, [node] + others)
    node.stop()
    twin = world.node("cedar-twin", "KCC3")
    shutil.copytree(node.home, twin.home, ignore=shutil.ignore_patterns("*.sock", "daemon.lock"))
    node.start()
    settled(hub, [node])
    twin.start()
    wait_for("one of them to be told of the other", lambda: "replaced" in node.log_text() + twin.log_text())
    checks.says("the one replaced is told that a copy may be running", node.log_text() + twin.log_text(), "copy")
    node.bring(HEADER, unit("C1"))
    twin.bring(HEADER, unit("C2"))
    wait_for("one of them to be stopped as a fork", lambda: "stopped" in (link(node)["state"], link(twin)["state"]), 120)
    wait_for("the other's fact to arrive", lambda: any(name.startswith("KCC3/") for name in units(hub)))
    checks.same("one history is held, not a mixture", len([name for name in units(hub) if name.startswith("KCC3/")]), 1)


def check_hub_restored(checks, world, hub, node):
    """A hub put back from an older copy: nodes hold more of its own log than it does, and say so."""
    older = hub.home + ".older"
    hub.stop()
    shutil.copytree(hub.home, older, ignore=shutil.ignore_patterns("*.sock", "daemon.lock"))
    hub.start()
    path = world.path("more.csv")
    with open(path, "w") as out:
        out.write("code,name,sector\nKDD9,Dogwood,trust\n")
    hub.call("organisation", "import", path)
    wait_for("the node to hold it", lambda: "KDD9" in str(node.ask("organisation", "list")))
    hub.stop()
    shutil.rmtree(hub.home)
    shutil.move(older, hub.home)
    hub.start()
    wait_for("the fork of the hub's own log to be found", lambda: link(node)["state"] == "stopped")
    told = link(node)
    checks.that("a hub put back from an older copy: nodes stop, and say why",
                told["refusal"] == "fork" and "restored" in told["refusal_text"], told)
    checks.that("the node keeps what it holds of the hub's log", "KDD9" in str(node.ask("organisation", "list")))
    checks.same("and records on", node.bring(HEADER, unit("B9"))["new"], 1)


def main():
    checks = Checks()
    with World() as world:
        hub = world.hub().start()
        node = world.node("alder", "KAA1").start()
        birch = world.node("birch", "KBB2").start()
        register(hub, [("KAA1", "Alder Trust", "trust"), ("KBB2", "Birch Practice", "primary_care"),
                       ("KCC3", "Cedar Network", "primary_care")])
        join(hub, node, "KAA1")
        join(hub, birch, "KBB2")
        node.bring(HEADER, unit("A1"))
        settled(hub, [node, birch])
        node.stop()
        moved = check_unchanged(checks, hub, node, [birch])
        twin = check_two(checks, hub, moved, [birch])
        check_others(checks, hub, [birch])
        check_restart(checks, hub, moved)
        moved.stop()
        check_restored(checks, hub, twin, [birch])
        check_others(checks, hub, [birch])
        twin.stop()
        check_both_at_once(checks, world, hub, [birch])
        for words in ([], ["--by", "lead"]):
            checks.same("the oracle finds the same: level %s" % " ".join(words), oracle(hub, *words), None)
        checks.same("verify finds no fault at the hub", hub.call("verify", check=False).returncode, 0)
        check_hub_restored(checks, world, hub, birch)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
