#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The drills: a node's disk lost, a machine stolen, keys turned over, a copy with facts of its own, a hub's disk lost.
Each is run as an administrator would, killed halfway and run again; each has a control that shows what the drill is for."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from world import BIN, World, Failed, join, oracle, register, settled, wait_for  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
PASSPHRASE = "a passphrase for the safe\n"
UNFINISHED = "is being taken back"


def unit(name):
    return "%s,programme,Coaching,Unit %s,2017-05-10,6,12," % (name, name)


def units(daemon):
    return sorted(row["unit"] for row in daemon.ask("unit", "list"))


def link(node):
    rows = node.status()["links"]
    return rows[0] if rows else {"state": None, "refusal": "", "refusal_text": ""}


def live(node):
    wait_for("%s to be live" % node.name, lambda: link(node)["state"] == "live")


def copy_state(source, target):
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.sock", "daemon.lock"))


def own_log(daemon, origin):
    """The events of one origin, as an export has them, apart from where they stand and when they came."""
    return sorted((row["incarnation"], row["sequence"], json.dumps(row["payload"], sort_keys=True))
                  for row in daemon.events() if row["origin"] == origin)


def keys(hub, origin):
    return sorted((row["purpose"], row["state"]) for row in hub.ask("key", "list") if row["origin"] == origin)


def command(world, *words):
    return [os.path.join(BIN, "tandem")] + [str(word) for word in words]


def run(world, *words, stdin=""):
    return subprocess.run(command(world, *words), env=world.environment, input=stdin, capture_output=True, text=True,
                          timeout=120)


def kill_when(world, words, stdin, seen):
    """Run it and kill it once `seen` holds, if it does before it ends; true if it was killed."""
    with subprocess.Popen(command(world, *words), env=world.environment, stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        process.stdin.write(stdin.encode())
        process.stdin.close()
        while process.poll() is None and not seen():
            pass
        killed = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    return killed


def killed_early(world, words, stdin, folder):
    """Killed as soon as there is a store that knows who it is: hardly anything else is in it."""
    return kill_when(world, words, stdin, lambda: os.path.exists(os.path.join(folder, "views", "data.mdb")))


def killed_often(world, words, stdin, times=(0.02, 0.05, 0.1, 0.2)):
    """Killed a little later each time."""
    for seconds in times:
        until = time.monotonic() + seconds
        kill_when(world, words, stdin, lambda: time.monotonic() > until)


def refuses_to_start(node):
    """A daemon on a store whose log is not back: it leaves, and says why."""
    try:
        node.start()
    except Failed:
        return UNFINISHED in node.log_text()
    return False


def check_restore(checks, world, hub, node, others):
    """The disk is gone, and with it the keys."""
    origin = node.status()["origin"]
    before, was = own_log(hub, origin), units(node)
    settled(hub, [node] + others)
    stolen = world.node("stolen", "KAA1")
    node.stop()
    copy_state(node.home, stolen.home)
    shutil.rmtree(node.home)
    code = hub.call("invite", "--for", origin[:8]).stdout
    words = ["node", "restore", "--from-hub", "--store", node.home, "--yes"]
    other = hub.call("invite", "KZZ9", "--name", "New", "--sector", "trust").stdout
    done = run(world, *words, stdin=other)
    checks.same("a newcomer's code brings nobody back", done.returncode, 2)
    checks.says("and it says what to ask for", done.stderr, "invite --for")
    checks.same("nothing was made", os.path.exists(node.home), False)
    done = run(world, *words[:-1], stdin=code)
    checks.same("without a yes nothing is done", done.returncode, 8)
    checks.says("the plan is told before", done.stderr, origin[:8], "revoked", "person restore")
    checks.same("and nothing was made", os.path.exists(node.home), False)
    checks.that("killed at the beginning", killed_early(world, words, code, node.home))
    checks.that("it leaves a store on which no daemon starts", refuses_to_start(node), node.log_text()[-500:])
    killed_often(world, words, code)
    done = run(world, *words, stdin=code)
    checks.that("run again it ends", done.returncode == 0 or "whole store" in done.stderr, done.stderr)
    done = run(world, "verify", "--store", node.home)
    checks.same("the store is sound", done.returncode, 0)
    node.start()
    live(node)
    settled(hub, [node] + others)
    checks.same("it is the node that it was", node.status()["origin"], origin)
    checks.same("with all its units", units(node), was)
    checks.same("and the log that the hub has", [row for row in own_log(node, origin) if row in before], before)
    node.bring(HEADER, unit("A9"))
    settled(hub, [node])
    checks.that("what it records arrives", "KAA1/A9" in units(hub), units(hub))
    checks.same("its old keys are revoked, its new ones stand", keys(hub, origin),
                [("link", "active"), ("link", "revoked"), ("seal", "active"), ("seal", "revoked")])
    held = hub.exported().count("\n")
    stolen.start()
    stolen.bring(HEADER, unit("S1"))
    wait_for("the old disk to be turned away", lambda: "HUB-DENIES" in stolen.log_text())
    checks.that("control: the old disk speaks for nobody", "KAA1/S1" not in units(hub), units(hub))
    stolen.stop()
    checks.that("and adds nothing to the hub's log", abs(hub.exported().count("\n") - held) < 5)
    spare = world.path("spare")
    done = run(world, "node", "restore", "--from-hub", "--store", spare, "--yes", stdin=code)
    checks.same("a code works once", done.returncode, 4)
    return node


def check_identity(checks, world, hub, node, others):
    """The same without the hub's operator: from what key save wrote."""
    saved, origin = world.path("node.identity"), node.status()["origin"]
    done = run(world, "key", "save", saved, "--store", node.home, stdin=PASSPHRASE)
    checks.same("key save, while the node runs", done.returncode, 0)
    checks.same("it is for its owner alone", os.stat(saved).st_mode & 0o777, 0o600)
    checks.same("and never written over", run(world, "key", "save", saved, "--store", node.home, stdin=PASSPHRASE).returncode, 1)
    was = units(node)
    settled(hub, [node] + others)
    node.kill()
    shutil.rmtree(node.home)
    words = ["node", "restore", "--from-hub", "--store", node.home, "--yes", "--identity", saved]
    done = run(world, *words, stdin="another passphrase\n")
    checks.same("another passphrase opens nothing", done.returncode, 4)
    done = run(world, *words, stdin=PASSPHRASE)
    checks.same("node restore with the saved identity", (done.returncode, done.stderr if done.returncode else ""), (0, ""))
    node.start()
    live(node)
    settled(hub, [node] + others)
    checks.same("all units are back", units(node), was)
    checks.same("under the keys it had", keys(hub, origin).count(("link", "active")), 1)


def check_rotate(checks, world, hub, node, others):
    """New keys while it runs; the old ones end."""
    origin, old = node.status()["origin"], world.node("old-keys", "KAA1")
    settled(hub, [node] + others)
    node.stop()
    copy_state(node.home, old.home)
    node.start()
    live(node)
    before = keys(hub, origin)
    checks.same("without a yes no key is turned over", node.call("key", "rotate", check=False).returncode, 8)
    node.call("key", "rotate", "--yes")
    wait_for("the old keys to be revoked", lambda: keys(hub, origin).count(("link", "revoked")) > before.count(("link", "revoked")))
    live(node)
    checks.same("one link key and one seal key stand", [keys(hub, origin).count((kind, "active")) for kind in ("link", "seal")], [1, 1])
    node.bring(HEADER, unit("R1"))
    settled(hub, [node] + others)
    checks.that("what it records under the new keys arrives", "KAA1/R1" in units(hub), units(hub))
    wait_for("the node to know", lambda: any(row["here"] and row["state"] == "active" for row in node.ask("key", "list")
                                             if row["origin"] == origin))
    node.stop()
    node.start()
    live(node)
    checks.same("after a restart it comes with the new keys", link(node)["state"], "live")
    old.start()
    wait_for("the old keys to be turned away", lambda: "HUB-DENIES" in old.log_text())
    checks.that("control: the old keys open no link", link(old)["state"] != "live", link(old))
    wait_for("its status to say so", lambda: link(old)["refusal"] == "denied")
    checks.says("and the doctor what to do", old.call("doctor", check=False).stdout, "invite --for")
    old.stop()
    copy = world.path("proof.jsonl")
    with open(copy, "w") as out:
        out.write(hub.exported())
    done = run(world, "import-log", copy, "--store", world.path("proof"))
    checks.same("a log sealed with old and new keys is proven by itself", (done.returncode, done.stderr if done.returncode else ""), (0, ""))


def check_revoke(checks, world, hub, node, others):
    """The laptop is stolen: its keys end, its link is cut, what it shared stays."""
    origin = node.status()["origin"]
    settled(hub, [node] + others)
    before = units(hub)
    checks.same("without the name nothing is revoked", hub.call("key", "revoke", "KAA1", check=False).returncode, 8)
    checks.same("nor with another's", hub.call("key", "revoke", "KAA1", "--confirm", "KBB2", check=False).returncode, 8)
    plan = hub.rows_of("key", "revoke", "KAA1", "--dry-run")[0]
    checks.same("a dry run tells which", (plan["keys"], plan["state"]), (2, "would be revoked"))
    checks.same("and leaves the link", link(node)["state"], "live")
    hub.call("key", "revoke", "KAA1", "--confirm", "KAA1")
    wait_for("the live link to be cut", lambda: link(node)["state"] != "live")
    node.bring(HEADER, unit("X1"))
    wait_for("the node to be turned away", lambda: "HUB-DENIES" in node.log_text() or link(node)["refusal"] == "revoked")
    checks.same("what it records now does not arrive, what it shared stays", units(hub), before)
    node.stop()
    shutil.rmtree(node.home)
    code = hub.call("invite", "--for", "KAA1").stdout
    done = run(world, "node", "restore", "--from-hub", "--store", node.home, "--yes", stdin=code)
    checks.same("a code brings it back", (done.returncode, done.stderr if done.returncode else ""), (0, ""))
    node.start()
    live(node)
    node.bring(HEADER, unit("X2"))
    settled(hub, [node] + others)
    checks.that("and it goes on", "KAA1/X2" in units(hub) and node.status()["origin"] == origin, units(hub))


def check_rejoin(checks, world, hub, node, others):
    """Put back from an older copy, it has facts that the hub has not, and lacks some that the hub has."""
    settled(hub, [node] + others)
    older = world.path("older")
    node.stop()
    copy_state(node.home, older)
    node.start()
    node.bring(HEADER, unit("J1"), unit("J2"))
    settled(hub, [node] + others)
    node.stop()
    shutil.rmtree(node.home)
    shutil.move(older, node.home)
    node.start()
    node.bring(HEADER, unit("J2"), unit("J3"), unit("J4"))
    wait_for("the fork to be found", lambda: link(node)["state"] == "stopped")
    checks.that("control: without the drill the hub never gets it", "KAA1/J3" not in units(hub), units(hub))
    words = ["node", "rejoin", "--store", node.home]
    checks.same("not beside the running node", run(world, *words, "--yes").returncode, 6)
    node.stop()
    before = hub.exported().count("\n")
    done = run(world, *words, "--dry-run", "--format", "json")
    checks.says("a dry run shows what only this copy has", done.stdout, "J3", "J4")
    checks.that("and not what the hub has under other numbers", "KAA1/J2" not in done.stdout, done.stdout)
    checks.same("and leaves nothing", (done.returncode, os.path.exists(os.path.join(node.home, "rejoin"))), (0, False))
    killed_often(world, words + ["--yes"], "")
    done = run(world, *words, "--yes")
    checks.that("rejoin", done.returncode == 0, done.stdout + done.stderr)
    kept = sorted((name for name in os.listdir(node.home) if name.startswith("before-rejoin-")),
                  key=lambda name: os.stat(os.path.join(node.home, name)).st_mtime_ns)
    checks.that("the log as it was is kept", len(kept) >= 1, os.listdir(node.home))
    shutil.move(os.path.join(node.home, kept[-1]), os.path.join(node.home, "rejoin"))
    done = run(world, *words, "--yes")
    checks.that("interrupted at its very end it is finished, and not begun again",
                done.returncode == 1 and "finished now" in done.stderr and kept[-1] in os.listdir(node.home), done.stderr)
    checks.that("nothing was sent meanwhile but a tide", abs(hub.exported().count("\n") - before) < 5)
    checks.same("the store is sound", run(world, "verify", "--store", node.home).returncode, 0)
    node.start()
    live(node)
    settled(hub, [node] + others)
    wanted = {"KAA1/J1", "KAA1/J2", "KAA1/J3", "KAA1/J4"}
    checks.that("the hub has what both had", wanted <= set(units(hub)), units(hub))
    checks.same("and so has the node", units(node), [name for name in units(hub) if name.startswith("KAA1/")])
    checks.same("no fact is stated twice", [row for row in hub.ask("doubts") if "KAA1" in str(row)], [])
    node.bring(HEADER, unit("J5"))
    settled(hub, [node] + others)
    checks.that("it goes on", "KAA1/J5" in units(hub), units(hub))


def check_carried(checks, world, hub, node, others):
    """No network for weeks: the node's log comes to the running hub on a stick."""
    settled(hub, [node] + others)
    hub.stop()
    node.bring(HEADER, unit("K1"), unit("K2"))
    stick = world.path("stick.jsonl.zst")
    node.call("export", "--output", stick)
    node.stop()
    hub.start()
    checks.that("control: the hub has not got it", "KAA1/K1" not in units(hub), units(hub))
    dry = hub.rows_of("replay", stick, "--dry-run")[0]
    checks.that("a dry run counts", dry["new"] >= 4 and dry["conflicting"] == 0, dry)
    checks.that("and leaves it so", "KAA1/K1" not in units(hub), units(hub))
    done = hub.rows_of("replay", stick)[0]
    checks.same("it does what it counted", (done["new"], done["known"]), (dry["new"], dry["known"]))
    checks.that("the hub has it", {"KAA1/K1", "KAA1/K2"} <= set(units(hub)), units(hub))
    again = hub.rows_of("replay", stick)[0]
    checks.same("again it is known", (again["new"], again["known"]), (0, done["new"] + done["known"]))
    node.start()
    live(node)
    settled(hub, [node] + others)
    checks.same("the node goes on over the link", link(node)["state"], "live")
    only = world.path("only-units")
    picked = run(world, "replay", stick, "--store", only, "--type", "unit", "--format", "json")
    checks.that("of the stick only units, each proven", picked.returncode == 0 and json.loads(picked.stdout)["data"][0]["new"] > 300,
                picked.stdout + picked.stderr)
    checks.same("verify finds each proof", run(world, "verify", "--store", only).returncode, 0)


def check_hub(checks, world, hub, nodes):
    """The hub's disk is gone; its name and keys are in the safe."""
    saved = world.path("hub.identity")
    settled(hub, nodes)
    done = run(world, "key", "save", saved, "--store", hub.home, stdin=PASSPHRASE)
    checks.same("the hub's identity is saved", done.returncode, 0)
    level, had, origin = hub.level(), units(hub), hub.status()["origin"]
    log = own_log(hub, origin)
    hub.kill()
    shutil.rmtree(hub.home)
    listen = [word for word in hub.settings if word.startswith("--hub.listen=")][0].split("=", 1)[1]
    stranger = world.hub()
    stranger.settings[0] = "--hub.state=" + world.path("stranger")
    stranger.settings[2] = "--hub.listen=" + listen
    stranger.home = world.path("stranger")
    stranger.start()
    wait_for("the node to meet a hub that is not its own", lambda: "HANDSHAKE-FAILED" in nodes[0].log_text())
    checks.that("control: a hub without those keys is nobody's", all(link(node)["state"] != "live" for node in nodes))
    stranger.stop()
    nodes[1].stop()
    words = ["hub", "rebuild", "--from-nodes", "--store", hub.home, "--identity", saved, "--listen", listen]
    done = run(world, *words, "--timeout", "4", "--no-input", stdin=PASSPHRASE)
    checks.same("without a yes nothing is done", done.returncode, 8)
    checks.that("killed at the beginning", killed_early(world, words + ["--yes"], PASSPHRASE, hub.home))
    checks.that("it leaves a store on which no hub starts", refuses_to_start(hub), hub.log_text()[-500:])
    killed_often(world, words + ["--yes", "--timeout", "60"], PASSPHRASE, (1.0, 1.5))
    nodes[1].start()
    done = run(world, *words, "--yes", "--timeout", "30", "--format", "json", stdin=PASSPHRASE)
    checks.that("hub rebuild", done.returncode == 0, done.stdout + done.stderr)
    checks.says("it tells who gave what", done.stdout, "taken whole")
    checks.same("the store is sound", run(world, "verify", "--store", hub.home).returncode, 0)
    hub.start()
    for node in nodes:
        live(node)
    settled(hub, nodes)
    checks.same("it is the hub that it was", hub.status()["origin"], origin)
    checks.same("with all that its nodes held of its log", [row for row in own_log(hub, origin) if row in log], log)
    checks.same("all units are back", units(hub), had)
    checks.same("and every figure", hub.level(), level)
    nodes[0].bring(HEADER, unit("H1"))
    settled(hub, nodes)
    checks.that("it goes on", "KAA1/H1" in units(hub), units(hub))


def check_merger(checks, world, hub, node, birch, cedar):
    """Birch Practice becomes part of Alder Trust; its node ends, the trust's follows it."""
    cedar.bring(HEADER, unit("C1") + "KBB2")
    settled(hub, [node, birch, cedar])
    level, first = hub.level(), "2018-05-01"
    words = ["organisation", "merge", "KBB2", "KAA1", "--on", first, "--end-node", birch.status()["origin"][:8], "--to",
             node.status()["origin"][:8]]
    plan = hub.ask(*words, "--dry-run")
    checks.same("the plan", [(row["what"], row["state"]) for row in plan],
                [(what, "would be stated") for what in ("organisation merged", "facts taken over", "answers", "keys revoked")])
    checks.same("without a yes nothing is stated", hub.call(*words, check=False).returncode, 8)
    checks.same("control: two organisations", {row["code"]: row["root"] for row in hub.ask("organisation", "list")}["KBB2"], "KBB2")
    checks.that("control: the claim waits for the one that ends", any("C1" in str(row) for row in birch.ask("link", "pending"))
                and not any("C1" in str(row) for row in node.ask("link", "pending")))
    hub.call(*words, "--yes")
    again = hub.ask(*words, "--dry-run")
    checks.same("again nothing is left to state", {row["state"] for row in again}, {"stands already"})
    checks.same("one organisation from the day", {row["code"]: row["root"] for row in hub.ask("organisation", "list")}["KBB2"], "KAA1")
    wait_for("the ended node's link to be cut", lambda: link(birch)["state"] != "live")
    settled(hub, [node, cedar])
    checks.that("the claim reaches the one that answers", any("C1" in str(row) for row in node.ask("link", "pending")),
                node.ask("link", "pending"))
    checks.same("figures before the day stay", hub.level(), level)


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
        node.bring(HEADER, *[unit("A%d" % number) for number in range(1, 400) if number != 9])
        birch.bring(HEADER, unit("B1"))
        settled(hub, [node, birch])
        check_restore(checks, world, hub, node, [birch])
        check_identity(checks, world, hub, node, [birch])
        check_rotate(checks, world, hub, node, [birch])
        check_rejoin(checks, world, hub, node, [birch])
        check_carried(checks, world, hub, node, [birch])
        check_revoke(checks, world, hub, node, [birch])
        check_hub(checks, world, hub, [node, birch])
        cedar = world.node("cedar", "KCC3").start()
        join(hub, cedar, "KCC3")
        check_merger(checks, world, hub, node, birch, cedar)
        for words in ([], ["--by", "lead"]):
            checks.same("the oracle finds the same: level %s" % " ".join(words), oracle(hub, *words), None)
        for daemon in (hub, node, birch):
            checks.same("verify finds no fault at %s" % daemon.name, daemon.call("verify", check=False).returncode, 0)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
