#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Claims between partners: they reach the node that answers for the one named, wait there, and are answered,
taken back, amended; what is not the partner's business never arrives."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from world import World, join, oracle, register, settled, wait_for  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
YEAR = ("2017/18", "")
ORGANISATIONS = [("KAA1", "Alder Trust", "trust"), ("KBB2", "Birch Practice", "primary_care"),
                 ("KCC3", "Cedar Network", "primary_care"), ("KCC4", "Cedar East Practice", "primary_care"),
                 ("KCC5", "Cedar West Practice", "primary_care"), ("KDD6", "Damson Council", "local_authority")]
NEVER_PASSED_ON = ("attendance", "unit_participants")


def unit(name, partners, hours="6", people="12"):
    return "%s,programme,Coaching,Unit %s,2017-05-10,%s,%s,%s" % (name, name, hours, people, partners)


class Four:
    """A hub; alder leads; birch is a partner; cedar answers for three; damson joins late."""

    def __init__(self, world):
        self.hub = world.hub().start()
        self.alder = world.node("alder", "KAA1").start()
        self.birch = world.node("birch", "KBB2").start()
        self.cedar = world.node("cedar", "KCC3").start()
        self.damson = world.node("damson", "KDD6").start()
        self.joined = [self.alder, self.birch, self.cedar]
        register(self.hub, ORGANISATIONS)
        join(self.hub, self.alder, "KAA1")
        join(self.hub, self.birch, "KBB2")
        join(self.hub, self.cedar, "KCC3", "KCC4", "KCC5")

    def settle(self):
        settled(self.hub, self.joined)

    def lines(self):
        row = self.hub.level()[YEAR]
        return row["joint_asserted"], row["joint_standing"], row["joint_corroborated"]


def states(node, *words):
    return {(row["unit"], row["organisation"], row["phase"]): row["state"] for row in node.ask("link", "pending", *words)}


def check_arrive(checks, four):
    four.alder.bring(HEADER, unit("U1", "KBB2"), unit("U2", "KBB2:plan+deliver;KCC4"), unit("U3", "KDD6"), unit("U4", ""))
    four.settle()
    checks.same("claims wait at the partner's node", states(four.birch),
                {("KAA1/U1", "KBB2", "deliver"): "unanswered", ("KAA1/U2", "KBB2", "plan"): "unanswered",
                 ("KAA1/U2", "KBB2", "deliver"): "unanswered"})
    checks.same("a node that answers for several gets theirs", states(four.cedar),
                {("KAA1/U2", "KCC4", "deliver"): "unanswered"})
    checks.same("the lead has none to answer", states(four.alder), {})
    checks.same("asserted, standing, corroborated before any answer", four.lines(), (3, 3, 0))
    row = four.birch.ask("link", "pending")[0]
    checks.same("a claim tells who stated it, of what", (row["stated_by"], row["lead"], row["title"]), ("KAA1", "KAA1", "Unit U1"))
    checks.same("the status counts what waits", four.birch.status()["pending_claims"], 3)


def check_confirm(checks, four):
    rows = four.birch.ask("link", "confirm", "KAA1/U1")
    checks.same("confirm answers the claim", [row["result"] for row in rows], ["confirmed"])
    four.settle()
    checks.same("and the level moves", four.lines(), (3, 3, 1))
    before = four.birch.status()["last_sequence"]
    rows = four.birch.ask("link", "confirm", "KAA1/U1")
    checks.same("confirming again says so", [row["result"] for row in rows], ["already confirmed"])
    checks.same("and states nothing", four.birch.status()["last_sequence"], before)
    done = four.birch.call("link", "confirm", "KAA1/U3", check=False)
    checks.that("nobody answers for another", done.returncode != 0 and "no claim" in done.stderr, done.stderr)


def check_dispute(checks, four):
    rows = four.cedar.ask("link", "dispute", "KAA1/U2", "--reason", "nobody of us was there")
    checks.same("dispute answers the claim", [(row["organisation"], row["result"]) for row in rows], [("KCC4", "disputed")])
    four.settle()
    checks.same("the unit stands by its other partner", four.lines(), (3, 3, 1))
    four.birch.call("link", "dispute", "KAA1/U1")
    four.settle()
    checks.same("a dispute instead of the confirmation", four.lines(), (3, 2, 0))
    told = four.alder.ask("unit", "show", "KAA1/U1")[0]
    checks.same("the lead sees it at its own node", [(claim["organisation"], claim["state"]) for claim in told["claims"]],
                [("KBB2", "disputed")])


def check_withdraw(checks, four):
    rows = four.birch.ask("link", "withdraw", "KAA1/U1")
    checks.same("withdraw takes the own answer back", [row["result"] for row in rows], ["withdrawn"])
    four.settle()
    checks.same("the claim waits again", states(four.birch)[("KAA1/U1", "KBB2", "deliver")], "unanswered")
    checks.same("and stands again", four.lines(), (3, 3, 0))
    four.birch.call("link", "confirm", "KAA1/U1")
    four.settle()
    checks.same("confirmed again after all", four.lines(), (3, 3, 1))


def check_amend(checks, four):
    four.birch.call("link", "confirm", "--all")
    four.settle()
    confirmed = four.lines()
    checks.same("all of birch's claims are confirmed", confirmed, (3, 3, 2))
    report = four.alder.bring(HEADER, unit("U1", "KBB2", hours="7.5", people="15"))
    checks.same("a corrected row is a change", (report["changed"], report["new"]), (1, 0))
    four.settle()
    checks.same("other hours of the session are no other claim: the confirmation stays", four.lines(), confirmed)
    checks.same("at the partner, too", states(four.birch), {})
    four.alder.bring(HEADER, unit("U1", "KBB2:support", hours="7.5", people="15"))
    four.settle()
    checks.same("another phase is another claim: it waits again", states(four.birch), {("KAA1/U1", "KBB2", "support"): "unanswered"})
    checks.same("and the unit is no longer corroborated", four.lines(), (3, 3, 1))
    four.birch.call("link", "confirm", "--all")
    four.settle()
    checks.same("until that is confirmed", four.lines(), (3, 3, 2))


def check_taken_out(checks, four):
    four.alder.bring(HEADER, unit("U1", "", hours="7.5", people="15"))
    four.settle()
    checks.same("a partner taken out of the row is no partner", four.lines(), (2, 2, 1))
    checks.same("and nothing waits at it", states(four.birch), {})
    four.alder.bring(HEADER, unit("U1", "KBB2", hours="7.5", people="15"))
    four.settle()
    checks.same("put back, it is claimed again", four.lines()[0], 3)


def check_late(checks, four):
    join(four.hub, four.damson, "KDD6")
    four.joined.append(four.damson)
    four.settle()
    checks.same("a partner that joins later gets the older claims", states(four.damson),
                {("KAA1/U3", "KDD6", "deliver"): "unanswered"})
    four.damson.call("link", "confirm", "KAA1/U3")
    four.settle()
    checks.same("and answers them", four.alder.ask("unit", "show", "KAA1/U3")[0]["claims"][0]["state"], "corroborated")


def check_states_itself(checks, four):
    """A partner that records the lead's unit itself corroborates the claim."""
    before = four.lines()
    four.alder.bring(HEADER, unit("U5", "KCC5"))
    four.settle()
    checks.same("claimed by the lead", four.lines(), (before[0] + 1, before[1] + 1, before[2]))
    report = four.cedar.bring(HEADER.replace("unit_id", "unit_id,lead"),
                              "U5,KAA1,programme,Coaching,Unit U5,2017-05-10,6,30,", words=("--organisation", "KCC5"))
    checks.same("the partner records the lead's unit", (report["new"], report["organisation"]), (1, "KCC5"))
    four.settle()
    checks.same("which corroborates it", four.lines(), (before[0] + 1, before[1] + 1, before[2] + 1))
    people = four.hub.level("--weight", "participants", "--by", "lead")[("2017/18", "KAA1")]["amount"]
    rows = four.hub.ask("unit", "list")
    checks.same("one unit, and its people are the lead's", [row["people"] for row in rows if row["unit"] == "KAA1/U5"], [12])
    checks.same("people are not added twice", people, sum(row["people"] for row in rows if row["lead"] == "KAA1"))


def check_private(checks, four):
    """Attendance goes to the hub and to nobody else."""
    checks.that("the hub has attendance", any(event["type"] == "attendance" for event in four.hub.events()))
    alder = four.alder.status()["origin"]
    for node in (four.birch, four.cedar, four.damson):
        theirs = [event for event in node.events() if event["origin"] == alder]
        checks.that("%s holds facts of the lead" % node.name, theirs)
        checks.same("and none about people (%s)" % node.name,
                    [event["type"] for event in theirs if event["type"] in NEVER_PASSED_ON
                     or event["payload"].get("target_type") in NEVER_PASSED_ON], [])
        named = {event["subject"] for event in theirs if event["subject"].startswith("unit/")}
        checks.that("nor about units that do not name it (%s)" % node.name, "unit/KAA1/U4" not in named, named)


def check_repeated(checks, four):
    """A partner's node that was away while claims were made and changed."""
    four.birch.stop()
    four.alder.bring(HEADER, unit("U6", "KBB2"), unit("U7", "KBB2"))
    four.joined.remove(four.birch)
    settled(four.hub, [four.alder])
    wait_for("the hub to say that the partner is down",
             lambda: any(row["organisations"] == ["KBB2"] and row["state"] == "down" for row in four.hub.ask("node", "list")))
    four.alder.bring(HEADER, unit("U7", ""))
    four.birch.start()
    four.joined.append(four.birch)
    four.settle()
    wait_for("the claim", lambda: ("KAA1/U6", "KBB2", "deliver") in states(four.birch))
    checks.that("claims made while the partner was away arrive",
                states(four.birch).get(("KAA1/U6", "KBB2", "deliver")) == "unanswered", states(four.birch))
    checks.that("one that was taken back meanwhile does not wait", ("KAA1/U7", "KBB2", "deliver") not in states(four.birch),
                states(four.birch))


def main():
    checks = Checks()
    with World() as world:
        four = Four(world)
        for check in (check_arrive, check_confirm, check_dispute, check_withdraw, check_amend, check_taken_out, check_late,
                      check_states_itself, check_private, check_repeated):
            check(checks, four)
        for words in ([], ["--by", "lead"], ["--weight", "hours"]):
            checks.same("the oracle finds the same: level %s" % " ".join(words), oracle(four.hub, *words), None)
        for daemon in [four.hub] + four.joined:
            checks.same("verify finds no fault at %s" % daemon.name, daemon.call("verify", check=False).returncode, 0)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
