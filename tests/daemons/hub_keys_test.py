#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A hub's own keys turned over, by real daemons: with a node that is connected, one that comes back in between and one that
missed all of it; killed in the middle and run again; with old keys in the wrong hands. Each has a control."""

import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from world import BIN, World, join, oracle, register, settled, wait_for  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
PASSPHRASE = "a passphrase for the safe\n"
OUTDATED = "were turned over"


def unit(name):
    return "%s,programme,Coaching,Unit %s,2017-05-10,6,12," % (name, name)


def link(node):
    rows = node.status()["links"]
    return rows[0] if rows else {"state": None, "refusal": "", "refusal_text": ""}


def live(node):
    wait_for("%s to be live" % node.name, lambda: link(node)["state"] == "live")


def keys(daemon, origin):
    return [row for row in daemon.ask("key", "list") if row["origin"] == origin]


def counts(daemon, origin):
    """(purpose, state) -> how many."""
    found = {}
    for row in keys(daemon, origin):
        found[row["purpose"], row["state"]] = found.get((row["purpose"], row["state"]), 0) + 1
    return found


def nodes_told(hub):
    return {row["organisations"][0]: row["state"] for row in hub.ask("key", "retire", "--dry-run")}


def seals(daemon, origin):
    """(last, key) of each seal of this origin's log, in order."""
    return [(row["last"], row["key"]) for row in map(json.loads, daemon.exported().splitlines())
            if row["kind"] == "seal" and row["origin"] == origin]


def run(world, *words, stdin=""):
    return subprocess.run([os.path.join(BIN, "tandem")] + [str(word) for word in words], env=world.environment, input=stdin,
                          capture_output=True, text=True, timeout=120)


def copy_state(source, target):
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.sock", "daemon.lock"))


def listen_of(hub):
    return [word for word in hub.settings if word.startswith("--hub.listen=")][0].split("=", 1)[1]


def at_place_of(world, hub, name):
    """Another hub that answers where this one did."""
    other = world.hub()
    other.name, other.home, other.log = name, world.path(name), world.path(name + ".log")
    other.settings[0] = "--hub.state=" + other.home
    other.settings[2] = "--hub.listen=" + listen_of(hub)
    return other


def save(world, hub, name):
    path = world.path(name)
    done = run(world, "key", "save", path, "--store", hub.home, stdin=PASSPHRASE)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return path


def rebuild(world, hub, folder, identity, *words, patience=30):
    return run(world, "hub", "rebuild", "--from-nodes", "--store", folder, "--identity", identity, "--listen", listen_of(hub),
               "--yes", "--timeout", str(patience), *words, stdin=PASSPHRASE)


def check_rotate(checks, world, hub, alder, birch, cedar):
    """Alder is there, birch comes later, cedar misses it."""
    origin = hub.status()["origin"]
    birch.stop()
    cedar.stop()
    first = counts(hub, origin)
    checks.same("before: one seal key is stated", first, {("seal", "active"): 1})
    checks.same("nothing is there to end", hub.call("key", "retire", "--yes", check=False).returncode, 3)
    checks.same("without a yes nothing is done", hub.call("key", "rotate", check=False).returncode, 8)
    plan = hub.rows_of("key", "rotate", "--dry-run")[0]
    checks.same("a dry run tells", plan["state"], "would be turned over")
    checks.same("and states nothing", counts(hub, origin), first)
    checks.same("key rotate", hub.ask("key", "rotate", "--yes")[0]["state"], "turned over")
    checks.same("a new seal key, an old one at its end, two link keys", counts(hub, origin),
                {("seal", "active"): 1, ("seal", "revoked"): 1, ("link", "active"): 2})
    checks.same("again it is under way", hub.ask("key", "rotate", "--yes")[0]["state"], "under way already")
    checks.same("and states nothing more", len(keys(hub, origin)), 4)
    end = [row["valid_to"] for row in keys(hub, origin) if row["state"] == "revoked"][0]
    old = [row["key"] for row in keys(hub, origin) if row["state"] == "revoked"][0]
    alder.bring(HEADER, unit("A2"))
    settled(hub, [alder])
    held = seals(hub, origin)
    checks.that("the old key sealed all up to its end, and the new one all behind it",
                all((key == old) == (last <= end) for last, key in held) and held[-1][0] > end, (end, old, held[-3:]))
    checks.that("the node that is connected has the same seals", dict(seals(alder, origin)).items() <= dict(held).items())
    checks.same("it went on without a word", alder.log_text().count("bad-seal"), 0)
    wait_for("the hub to know who heard", lambda: nodes_told(hub)["KAA1"] == "knows the new key")
    checks.same("who was away has not", (nodes_told(hub)["KBB2"], nodes_told(hub)["KCC3"]), ("needs a new code",) * 2)
    birch.start()
    live(birch)
    birch.bring(HEADER, unit("B2"))
    settled(hub, [alder, birch])
    checks.same("who comes back gets in by the old link key, and learns the new",
                [row["state"] for row in keys(birch, origin) if row["purpose"] == "link"], ["active", "active"])
    wait_for("the hub to know it", lambda: nodes_told(hub)["KBB2"] == "knows the new key")
    checks.same("its log of it had no gap", birch.log_text().count("bad-seal"), 0)
    hub.stop()
    hub.start()
    checks.same("who heard is known after a restart", nodes_told(hub)["KBB2"], "knows the new key")
    live(alder)


def check_retire(checks, world, hub, alder, birch, cedar):
    origin = hub.status()["origin"]
    unused = hub.call("invite", "KDD4", "--name", "Dogwood", "--sector", "trust").stdout
    live(birch)
    checks.same("without a yes the old link key stays", hub.call("key", "retire", "--no-input", check=False).returncode, 8)
    hub.call("key", "retire", "--yes")
    checks.same("one link key stands", counts(hub, origin), {("seal", "active"): 1, ("seal", "revoked"): 1, ("link", "active"): 1,
                                                              ("link", "revoked"): 1})
    for node in (alder, birch):
        wait_for("%s to take the new key" % node.name, lambda: "HUB-KEY-CHANGED" in node.log_text())
        live(node)
    alder.bring(HEADER, unit("A3"))
    settled(hub, [alder, birch])
    alder.stop()
    alder.start()
    live(alder)
    checks.same("after a restart it dials the new key at once", alder.log_text().count("HUB-KEY-CHANGED"), 1)
    newcomer = world.node("dogwood", "KDD4").start()
    newcomer.call("join", stdin=unused)
    wait_for("a code made before to be useless", lambda: link(newcomer)["refusal"] == "not-the-hub")
    newcomer.stop()
    cedar.start()
    wait_for("the node that missed it to say so", lambda: link(cedar)["refusal"] == "not-the-hub")
    checks.says("it names what mends it", link(cedar)["refusal_text"], "tandem invite", "tandem join")
    checks.says("and so does the doctor", cedar.call("doctor", check=False).stdout, "tandem join")
    cedar.bring(HEADER, unit("C2"))
    checks.that("control: nothing of it arrives", not any("C2" in str(row) for row in hub.ask("unit", "list")))
    cedar.call("join", stdin=hub.call("invite", "KCC3").stdout)
    live(cedar)
    settled(hub, [alder, birch, cedar])
    checks.that("with a code it goes on where it was", any("C2" in str(row) for row in hub.ask("unit", "list")))
    checks.same("under the keys it had", len([row for row in hub.ask("key", "list")
                                              if row["origin"] == cedar.status()["origin"]]), 2)


def check_wrong_hands(checks, world, hub, stolen, missed, alder):
    """The hub's disk as it was before, keys and all, answers at the hub's place."""
    hub.stop()
    thief = at_place_of(world, hub, stolen).start()
    seen = alder.log_text().count("HANDSHAKE-FAILED")
    wait_for("the node to find that it is not the hub", lambda: alder.log_text().count("HANDSHAKE-FAILED") > seen + 1)
    alder.bring(HEADER, unit("A4"))
    checks.that("old keys open no link to a node that heard of the new", link(alder)["state"] != "live", link(alder))
    checks.that("and get nothing", not any("A4" in str(row) for row in thief.ask("unit", "list")))
    victim = world.node(missed, "KCC3").start()
    live(victim)
    checks.same("control: a node that heard nothing takes them for the hub", link(victim)["state"], "live")
    victim.stop()
    thief.stop()
    stranger = at_place_of(world, hub, "stranger").start()
    seen = alder.log_text().count("HANDSHAKE-FAILED")
    wait_for("the node to find a stranger", lambda: alder.log_text().count("HANDSHAKE-FAILED") > seen + 1)
    checks.that("foreign keys open none either", link(alder)["state"] != "live", link(alder))
    stranger.stop()
    hub.start()
    live(alder)


def kill_during(world, hub, words, seconds):
    """The hub dies so long after the command was given; true if it had not answered yet."""
    environment = dict(world.environment, TANDEM_HOME=hub.home)
    with subprocess.Popen([os.path.join(BIN, "tandem")] + words, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < until:
            pass
        early = process.poll() is None
        hub.kill()
        process.terminate()
        process.wait()
    return early


def check_killed(checks, world, hub, nodes):
    """Killed at many moments of both commands, and run again."""
    origin = hub.status()["origin"]
    times = (0.008, 0.012, 0.016, 0.02, 0.03, 0.045)
    early = 0
    before = counts(hub, origin)
    for number, seconds in enumerate(times):
        early += kill_during(world, hub, ["key", "rotate", "--yes"], seconds)
        hub.start()
        hub.call("key", "rotate", "--yes")
        checks.same("killed after %d ms and run again, two link keys and one seal key stand" % (seconds * 1000),
                    [counts(hub, origin).get(row) for row in (("link", "active"), ("seal", "active"))], [2, 1])
        nodes[0].bring(HEADER, unit("K%d" % number))
        settled(hub, nodes)
        wait_for("all nodes to hear", lambda: set(nodes_told(hub).values()) == {"knows the new key"})
        early += kill_during(world, hub, ["key", "retire", "--yes"], seconds)
        hub.start()
        hub.call("key", "retire", "--yes", check=False)
        after = counts(hub, origin)
        checks.same("and of each one in the end", [after.get(row) for row in (("link", "active"), ("seal", "active"))], [1, 1])
        for node in nodes:
            live(node)
        nodes[-1].bring(HEADER, unit("L%d" % number))
        settled(hub, nodes)
    checks.same("each rotation ended one pair", counts(hub, origin)["seal", "revoked"], before["seal", "revoked"] + len(times))
    checks.that("some of them were killed in the middle", early > 2, early)


def check_rebuilt(checks, world, hub, nodes, outdated):
    """The disk is gone: the log's older part is sealed by keys that are over."""
    origin, level = hub.status()["origin"], hub.level()
    settled(hub, nodes)
    saved = save(world, hub, "after.identity")
    hub.kill()
    shutil.rmtree(hub.home)
    done = rebuild(world, hub, world.path("outdated"), outdated, patience=3)
    checks.that("with an identity from before the last rotation it does not begin", done.returncode != 0, done.stdout + done.stderr)
    done = rebuild(world, hub, hub.home, saved, "--format", "json")
    checks.that("with the one saved after it does", done.returncode == 0, done.stdout + done.stderr)
    hub.start()
    for node in nodes:
        live(node)
    settled(hub, nodes)
    checks.same("the same hub, the same figures", (hub.status()["origin"], hub.level()), (origin, level))
    hub.call("key", "rotate", "--yes")
    hub.call("key", "retire", "--yes")
    for node in nodes:
        live(node)
    nodes[0].bring(HEADER, unit("R9"))
    settled(hub, nodes)
    checks.that("it turns its keys over again", any("R9" in str(row) for row in hub.ask("unit", "list")))
    again = save(world, hub, "again.identity")
    hub.kill()
    shutil.rmtree(hub.home)
    done = rebuild(world, hub, hub.home, again)
    checks.that("and comes back once more", done.returncode == 0, done.stdout + done.stderr)
    hub.start()
    for node in nodes:
        live(node)


def check_outdated(checks, world, hub, identity):
    """Between rotate and retire nodes still dial the old link key, so the log comes; the log itself says that it is over."""
    hub.kill()
    done = rebuild(world, hub, world.path("too-old"), identity)
    checks.same("a rebuild with the keys that were does not begin", done.returncode, 4)
    checks.says("it says which identity to take", done.stderr, OUTDATED, "saved after")
    hub.start()


def check_node_back(checks, world, hub, node, others):
    """A node's disk is lost after all this: the hub's log comes whole, over every key it was sealed with."""
    origin = node.status()["origin"]
    settled(hub, [node] + others)
    node.kill()
    older = world.path("older")
    copy_state(node.home, older)
    shutil.rmtree(node.home)
    code = hub.call("invite", "--for", origin[:8]).stdout
    done = run(world, "node", "restore", "--from-hub", "--store", node.home, "--yes", stdin=code)
    checks.same("node restore", (done.returncode, done.stderr if done.returncode else ""), (0, ""))
    node.start()
    live(node)
    settled(hub, [node] + others)
    node.stop()
    done = run(world, "verify", "--store", node.home)
    checks.same("its store is sound", done.returncode, 0)
    node.start()
    live(node)


def main():
    checks = Checks()
    with World() as world:
        hub = world.hub().start()
        register(hub, [("KAA1", "Alder Trust", "trust"), ("KBB2", "Birch Practice", "primary_care"),
                       ("KCC3", "Cedar Network", "primary_care")])
        nodes = [world.node(name, code).start() for name, code in (("alder", "KAA1"), ("birch", "KBB2"), ("cedar", "KCC3"))]
        for node, code in zip(nodes, ("KAA1", "KBB2", "KCC3")):
            join(hub, node, code)
            node.bring(HEADER, unit("U1"))
        settled(hub, nodes)
        alder, birch, cedar = nodes
        before = save(world, hub, "before.identity")
        cedar.stop()
        hub.stop()
        copy_state(hub.home, world.path("stolen"))
        copy_state(cedar.home, world.path("missed"))
        hub.start()
        cedar.start()
        for node in nodes:
            live(node)
        check_rotate(checks, world, hub, alder, birch, cedar)
        check_outdated(checks, world, hub, before)
        check_retire(checks, world, hub, alder, birch, cedar)
        check_wrong_hands(checks, world, hub, "stolen", "missed", alder)
        check_killed(checks, world, hub, nodes)
        check_rebuilt(checks, world, hub, nodes, before)
        check_node_back(checks, world, hub, alder, [birch, cedar])
        checks.same("the oracle finds the same level", oracle(hub), None)
        log = world.path("whole.jsonl")
        with open(log, "w") as out:
            out.write(hub.exported())
        done = run(world, "import-log", log, "--store", world.path("imported"))
        checks.same("an export is proven by itself", (done.returncode, done.stderr if done.returncode else ""), (0, ""))
        done = run(world, "replay", log, "--store", world.path("replayed"))
        checks.same("and replayed", (done.returncode, done.stderr if done.returncode else ""), (0, ""))
        for daemon in [hub] + nodes:
            checks.same("verify finds no fault at %s" % daemon.name, daemon.call("verify", check=False).returncode, 0)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
