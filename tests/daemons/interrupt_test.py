#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""key rotate, key revoke, organisation merge: the daemons are killed at their commits, the command while it waits; it is run again,
and what is there then is what an undisturbed run leaves, stated once. Controls show that anything else would be seen."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from local import local_rows  # noqa: E402
from moments import Before, armed, await_strike, cut_off, hold_fold, let_fold, order, strike  # noqa: E402
from world import World, join, oracle, register, settled, wait_for  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
ROTATE = ["key", "rotate", "--yes"]
COMMAND_MOMENTS = ("before 1", "after 1")  # of the daemon's commits, while the command waits for its answer


def unit(name, partners="", day="2017-05-10"):
    return "%s,programme,Coaching,Unit %s,%s,6,12,%s" % (name, name, day, partners)


def units(daemon):
    return {row["unit"] for row in daemon.ask("unit", "list")}


def link(node):
    rows = node.status()["links"]
    return rows[0] if rows else {"state": None, "refusal": ""}


def live(node):
    wait_for("%s to be live" % node.name, lambda: link(node)["state"] == "live")


# ---- rotate

def is_turned_over(before):
    """Nothing waits at either end, and the hub's log names the keys that the node uses, and no others, as standing."""
    standing = [row for row in before.keys_now() if row["state"] == "active"]
    used = {row["key"] for row in before.node.ask("key", "list") if row["here"]}
    return ("identity/next" not in local_rows(before.node.home) and before.told()["waits"] == []
            and len(standing) == 2 and {row["key"] for row in standing} == used and link(before.node)["state"] == "live")


def end_of_rotation(checks, before, wanted, what):
    wait_for("the keys to be turned over (%s)" % what, lambda: is_turned_over(before))
    settled(before.hub, [before.node])
    checks.same("%s: keys, facts and figures are those of an undisturbed run" % what, before.told(), wanted)
    name = "R%d" % before.held
    before.node.bring(HEADER, unit(name))
    settled(before.hub, [before.node])
    checks.that("%s: what it records under the new keys arrives" % what, "KAA1/" + name in units(before.hub))


def later(node, hours):
    """Started again as many hours on: what was turned over before is no news."""
    node.stop()
    node.environment["TANDEM_NOW"] = "2018-05-%02dT%02d:30:00Z" % (1 + hours // 24, hours % 24)
    node.start()
    live(node)


def rotate_undisturbed(checks, hub, node):
    """Returns what it leaves; halfway it must look different, or these checks see nothing."""
    before = Before(hub, node, {})
    order(node, "stop before 2")
    node.call(*ROTATE)
    await_strike(node)
    wait_for("the hub to have stated new keys", lambda: len(before.told()["facts"]) == 2)
    halfway = before.told()
    node.process.send_signal(signal.SIGCONT)
    wait_for("the keys to be turned over", lambda: is_turned_over(before))
    wanted = before.told()
    checks.same("a rotation states two keys and ends two", ["old" in fact for fact in wanted["facts"]], [True, True, False, False])
    checks.same("the old are revoked, the new stand", [(key, state) for key, state, _ in wanted["keys"]],
                [("new link", "active"), ("new seal", "active"), ("old link", "revoked"), ("old seal", "revoked")])
    checks.that("control: halfway is seen in facts, keys and what waits",
                all(halfway[part] != wanted[part] for part in ("facts", "keys", "waits")), halfway)
    return wanted


def check_rotate(checks, hub, node):
    wanted = rotate_undisturbed(checks, hub, node)
    attempts = ([(node, moment) for moment in ("before 1", "after 1", "before 2", "after 2", "after 3", "after 4")]
                + [(hub, moment) for moment in ("before 1", "after 1", "after 2", "before 3", "after 3", "after 4")]
                + [(None, moment) for moment in COMMAND_MOMENTS])
    for hour, (daemon, moment) in enumerate(attempts):
        later(node, 12 + hour)
        before = Before(hub, node, {})
        if daemon is None:
            cut_off(node, ROTATE, node, moment)
        else:
            strike(node, ROTATE, daemon, moment)
        if (daemon, moment) == (node, "before 1"):
            live(node)
            checks.that("control: not run again, nothing has been turned over", before.told() != wanted, before.told())
        node.call(*ROTATE)
        end_of_rotation(checks, before, wanted, "%s killed %s" % ("key rotate" if daemon is None else daemon.name, moment))
    before = Before(hub, node, {})
    checks.same("again within the hour nothing is turned over", node.ask(*ROTATE)[0]["state"], "turned over within the hour")
    node.call(*ROTATE, "--again")
    wait_for("the keys to be turned over", lambda: is_turned_over(before) and before.told() == wanted)
    node.call(*ROTATE, "--again")
    wait_for("them to be turned over once more", lambda: is_turned_over(before) and len(before.told()["facts"]) == 8)
    checks.that("control: turned over twice is seen", before.told() != wanted)


# ---- merge and revoke: all in one commit at the hub

def attempts_at(hub):
    """(what was disturbed, how), the first nothing. While the hub is stopped, the node records."""
    yield "undisturbed", lambda words, node: hub.call(*words)
    for moment in ("before 1", "after 1"):
        yield "hub killed " + moment, lambda words, node, moment=moment: strike(hub, words, hub, moment)
    for moment in COMMAND_MOMENTS:
        yield "command killed " + moment, lambda words, node, moment=moment: cut_off(
            hub, words, hub, moment, lambda: node and node.bring(HEADER, unit("X0")))


def run_again(checks, hub, before, what, words, wanted, nothing):
    """Again; returns what is there then, which for the first is what is wanted of the others."""
    if what == "hub killed before 1":
        checks.that("control: not run again, nothing was stated", before.told() == nothing != wanted, before.told())
    if what != "undisturbed":
        hub.call(*words)
    told = before.told()
    if wanted is not None:
        checks.same("%s: %s: keys, facts and figures are those of an undisturbed run" % (" ".join(words[:2]), what), told, wanted)
    return told


def check_merge(checks, hub, node):
    """Without a node that ends: what was joint work from that day on is none any more."""
    wanted = None
    for number, (what, disturb) in enumerate(attempts_at(hub)):
        code = "KM%d" % number
        node.bring(HEADER, unit("M%d" % number, code, "2018-04-10"))
        before = Before(hub, node, {code: "OLD"})
        words = ["organisation", "merge", code, "KAA1", "--on", "2018-04-01", "--yes"]
        nothing = before.told()
        disturb(words, None)
        wanted = run_again(checks, hub, before, what, words, wanted, nothing)
        checks.same("what is planned then stands already", [row["state"] for row in hub.ask(*words[:-1], "--dry-run")], ["stands already"])
        checks.same("one organisation from the day", {row["code"]: row["root"] for row in hub.ask("organisation", "list")}[code], "KAA1")
    checks.same("one fact is what it takes", len(wanted["facts"]), 1)
    checks.that("and figures move", wanted["level"], wanted)


def new_node(hub, number, code):
    node = hub.world.node("node%d" % number, code).start()
    join(hub, node, code)
    node.bring(HEADER, unit("U1", "KAA1"))
    return node


def is_turned_away(node):
    return link(node)["refusal"] in ("revoked", "denied")


def check_ended(checks, hub, node, before, what):
    """Its link is cut, and what it records now goes nowhere."""
    wait_for("the node to be turned away", lambda: is_turned_away(node))
    node.bring(HEADER, unit("X1"))
    checks.that("%s: what it records then stays with it" % what, before.held_now() == before.held and is_turned_away(node), link(node))


def check_merge_with_node(checks, hub, heir):
    wanted = None
    cedar = hub.world.node("cedar", "KCC3").start()
    join(hub, cedar, "KCC3")
    for number, (what, disturb) in enumerate(attempts_at(hub)):
        code, claim = "KE%d" % number, "C%d" % number
        node = new_node(hub, number, code)
        cedar.bring(HEADER, unit(claim, code))
        settled(hub, [cedar, node, heir])
        before = Before(hub, node, {code: "OLD", heir.status()["origin"]: "heir"})
        nothing = before.told()
        words = ["organisation", "merge", code, "KAA1", "--on", "2018-05-01", "--end-node", before.origin[:8], "--to",
                 heir.status()["origin"][:8], "--yes"]
        disturb(words, node)
        wanted = run_again(checks, hub, before, what, words, wanted, nothing)
        checks.same("what is planned then stands already", {row["state"] for row in hub.ask(*words[:-1], "--dry-run")}, {"stands already"})
        wait_for("the claim to reach the heir", lambda: any(claim in str(row) for row in heir.ask("link", "pending")))
        check_ended(checks, hub, node, before, "merge with a node that ends: " + what)
        node.stop()
    checks.same("a change, a succession, answers and two ended keys are stated", len(wanted["facts"]), 5)
    cedar.stop()


def check_revoke(checks, hub):
    wanted = None
    for number, (what, disturb) in enumerate(attempts_at(hub)):
        code = "KR%d" % number
        node = new_node(hub, 10 + number, code)
        before = Before(hub, node, {code: "OLD"})
        nothing = before.told()
        words = ["key", "revoke", code, "--confirm", code]
        disturb(words, node)
        wanted = run_again(checks, hub, before, what, words, wanted, nothing)
        check_ended(checks, hub, node, before, "key revoke: " + what)
        node.stop()
    checks.same("both keys end, nothing else", ([state for _, state, _ in wanted["keys"]], len(wanted["facts"])), (["revoked", "revoked"], 2))


def check_figures_behind(checks, hub):
    """The hub is killed when a revocation is durable and its figures do not know yet: the thief is faster than they are."""
    node = new_node(hub, 20, "KR5")
    hub.stop()
    hub.start()
    live(node)
    before = Before(hub, node, {})
    order(hub, "kill after 1")
    hub.call("key", "revoke", "KR5", "--confirm", "KR5", check=False)
    await_strike(hub)
    wait_for("the node to notice", lambda: link(node)["state"] != "live")
    node.bring(HEADER, unit("X1"))
    hold_fold(hub)
    hub.launch()
    wait_for("the hub to be up or to wait", lambda: "HUB-WAITS" in hub.log_text() or link(node)["state"] == "live")
    let_fold(hub)
    wait_for("the hub to answer", hub.answers)
    wait_for("the node to be turned away", lambda: is_turned_away(node))
    checks.same("what a revoked key seals is not taken by a hub whose figures are behind", before.held_now(), before.held)
    checks.same("and all it holds is proven", hub.call("verify", check=False).returncode, 0)
    node.stop()


def main():
    checks = Checks()
    with World() as world:
        hub = armed(world.hub("--hub.tide_interval_ms=86400000")).start()
        node = armed(world.node("alder", "KAA1")).start()
        register(hub, [("KAA1", "Alder Trust", "trust"), ("KCC3", "Cedar Network", "primary_care")]
                 + [("K%s%d" % (kind, number), "Practice %s%d" % (kind, number), "primary_care") for kind in "MER" for number in range(6)])
        join(hub, node, "KAA1")
        check_rotate(checks, hub, node)
        check_merge(checks, hub, node)
        check_merge_with_node(checks, hub, node)
        check_revoke(checks, hub)
        check_figures_behind(checks, hub)
        checks.same("the oracle finds the same level", oracle(hub), None)
        for daemon in (hub, node):
            checks.same("verify finds no fault at %s" % daemon.name, daemon.call("verify", check=False).returncode, 0)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
