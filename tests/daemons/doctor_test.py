#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""tandem doctor and tandem check with daemons: a sound one, one that is stopped, hangs, is of another version, has lost its
hub; and what a bundle holds, and what it does not, behind a control that shows that such a search finds what is there."""

import base64
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from local import secrets_of  # noqa: E402
from stranger import read_join_code, z85  # noqa: E402
from world import BIN, World, join, register, settled, wait_for  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
PERSON, NAME, NOTE = "xqcanary-key1", "xqcanary name1", "xqcanary note1"


def doctor(daemon, *words):
    """(exit status, {about: [row, ...]})."""
    done = daemon.call("doctor", "--format", "json", *words, check=False, timeout=120)
    if not done.stdout:
        raise AssertionError("doctor at %s: exit %d: %s" % (daemon.name, done.returncode, done.stderr))
    found = {}
    for row in json.loads(done.stdout)["data"]:
        found.setdefault(row["about"], []).append(row)
    return done.returncode, found


def not_well(found):
    """The disk is the machine's own."""
    return ["%s: %s" % (row["about"], row["what"]) for rows in found.values() for row in rows
            if row["verdict"] != "ok" and row["about"] != "disk"]


def worst(found, about):
    rows = [row for name, rows in found.items() for row in rows if name.startswith(about)]
    order = ["ok", "warn", "fail"]
    return max(rows, key=lambda row: order.index(row["verdict"]), default={"verdict": None, "what": "", "next": ""})


def monitored(daemon):
    done = daemon.call("check", check=False)
    return done.returncode, done.stdout


def connected(*daemons):
    """Each tells of a live link, and of no other."""
    for daemon in daemons:
        wait_for("the link at " + daemon.name,
                 lambda: [link["state"] for link in daemon.status()["links"]] == ["live"])


def check_sound(checks, world, hub, node):
    connected(hub, node)
    status, found = doctor(node)
    checks.same("before a verify and a snapshot these two are told, and no fault",
                (status, sorted(line.split(":")[0] for line in not_well(found))), (0, ["snapshot", "verify"]))
    for daemon in (hub, node):
        daemon.call("verify")
        daemon.call("snapshot", world.path(daemon.name + ".snapshot"))
        status, found = doctor(daemon)
        checks.same("a sound %s: all is well" % daemon.name, (status, not_well(found)), (0, []))
        checks.same("and all was looked at at %s" % daemon.name, sorted(found), sorted(
            ["daemon", "version", "store", "permissions", "disk", "map", "readers", "clocks", "keys", "links", "sharing",
             "figures", "verify", "snapshot"]))
        told = daemon.status()
        checks.that("the status tells when it was verified and copied",
                    told["last_verify"][:10] == told["last_snapshot"][:10] == "2018-05-01" and told["last_verify_faults"] == 0, told)
        checks.same("and check is content", monitored(daemon)[0], 0)
    figures = hub.metrics()
    checks.that("metrics tell the same", figures["tandem_last_verify_timestamp_seconds"]
                == figures["tandem_last_snapshot_timestamp_seconds"] == 1525165200 and figures["tandem_last_verify_success"] == 1,
                figures)
    node.stop()
    node.start()
    checks.that("a restart forgets neither", node.status()["last_verify"] and node.status()["last_snapshot"])
    connected(hub, node)


def check_offline_leaves_no_trace(checks, world, node):
    before = node.status()["last_verify"]
    copy = world.path("alder.snapshot")
    checks.same("a snapshot is verified where it lies", node.call("verify", "--store", copy, check=False).returncode, 0)
    inside = sorted(os.listdir(copy))
    checks.same("which writes nothing of it down", (node.status()["last_verify"], inside), (before, ["ledger", "snapshot.json"]))


def check_version(checks, node):
    done = subprocess.run([os.path.join(BIN, "tandem-other-version"), "doctor", "--connect", node.home, "--json"],
                          capture_output=True, text=True, env=node.world.environment, timeout=60)
    rows = {row["about"]: row for row in json.loads(done.stdout)["data"]}
    checks.same("another version than the daemon's is told", rows["version"]["verdict"], "warn")
    checks.says("with both, and what to do", rows["version"]["what"] + rows["version"]["next"], "this command 9.9.9", "restart")


def check_hub_lost(checks, hub, node):
    hub.kill()
    wait_for("the node to see it", lambda: all(link["state"] != "live" for link in node.status()["links"]))
    _, found = doctor(node)
    row = worst(found, "link to")
    checks.same("a hub that is gone is told at the node", row["verdict"], "warn")
    checks.says("with what to do", row["what"] + row["next"], "is down", "operator")
    status, found = doctor(hub)
    checks.same("at the hub it is a fault", (status, worst(found, "daemon")["verdict"]), (1, "fail"))
    checks.says("with what to type", worst(found, "daemon")["next"], "tandem-hub")
    checks.same("its store was looked at all the same", worst(found, "keys")["verdict"], "ok")
    checks.same("check calls it critical", monitored(hub)[0], 2)
    checks.says("and says so", monitored(hub)[1], "CRITICAL", "does not answer")
    hub.start()
    connected(hub, node)


def check_silence(checks, world, hub, node):
    """Two days without a word, by the clock of the daemon itself."""
    hub.kill()
    node.bring(HEADER, "U9,programme,Coaching,Waits,2017-05-10,6,12,")
    node.stop()
    world.environment["TANDEM_NOW"] = "2018-05-03T10:00:00Z"
    node.start()
    status, found = doctor(node)
    checks.same("never heard since the start is told", worst(found, "link to")["verdict"], "warn")
    checks.says("in words", worst(found, "link to")["what"], "never heard")
    checks.same("check warns", monitored(node)[0], 1)
    node.stop()
    world.environment["TANDEM_NOW"] = "2018-05-01T09:00:00Z"
    hub.start()
    node.start()
    settled(hub, [node])


def check_disk(checks, world, node):
    """A disk of its own, with 32 MB."""
    full = world.path("small-disk")
    os.makedirs(full)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m,mode=700", "tmpfs", full], capture_output=True).returncode != 0:
        print("skipped: a small disk can not be mounted here")
        return
    try:
        shutil.copytree(world.path("alder.snapshot"), full, dirs_exist_ok=True)
        status, found = doctor(node, "--store", full)
        checks.same("a disk that is nearly full is a fault", (status, worst(found, "disk")["verdict"]), (1, "fail"))
        checks.says("in words", worst(found, "disk")["what"] + worst(found, "disk")["next"], "takes no more events", "free space")
    finally:
        subprocess.run(["umount", full], check=True)


def check_hanging(checks, node):
    node.process.send_signal(signal.SIGSTOP)
    try:
        status, found = doctor(node, "--timeout", "1")
    finally:
        node.process.send_signal(signal.SIGCONT)
    checks.same("a daemon that hangs is a fault", (status, worst(found, "daemon")["verdict"]), (1, "fail"))
    checks.says("in words", worst(found, "daemon")["what"], "did not answer")
    checks.same("it goes on", worst(doctor(node)[1], "daemon")["verdict"], "ok")


def check_permissions(checks, node):
    os.chmod(node.home, 0o755)
    status, found = doctor(node)
    os.chmod(node.home, 0o700)
    checks.same("a folder that others may read is a fault, also beside its daemon",
                (status, worst(found, "permissions")["verdict"]), (1, "fail"))
    checks.says("with the command that mends it", worst(found, "permissions")["next"], "chmod -R go-rwx " + node.home)


def forms(secret):
    """How bytes may stand in a text."""
    whole = secret + bytes(-len(secret) % 4)
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret)[:40],
            base64.urlsafe_b64encode(secret)[:40], z85(whole)[:40]]


def planted(hub, node, code):
    """name -> ways it may be written: the secrets of both stores, join codes, what is known of a person."""
    found = {}
    for daemon in (hub, node):
        for name, secret in secrets_of(daemon.home).items():
            found["%s of %s" % (name, daemon.name)] = forms(secret)
    found["a join code"] = [code.strip().encode(), code.strip().encode()[8:48]]
    found["a join code's secret"] = forms(read_join_code(code)["secret"])
    for text in (PERSON, NAME, NOTE, "xqcanary"):
        found["of a person: " + text] = [text.encode()]
    return found


def check_bundle(checks, world, hub, node, code):
    secrets = planted(hub, node, code)
    checks.that("there are secrets to look for", {"seal key/self of hub", "link key/self of alder", "private key of alder"}
                <= set(secrets), sorted(secrets))
    ledger = open(os.path.join(node.home, "ledger", "data.mdb"), "rb").read()
    checks.that("control: the search finds the keys where they are",
                all(secrets[name][0] in ledger for name in ("seal key/self of alder", "link key/self of alder", "private key of alder")))
    config = world.path("alder.conf")
    with open(config, "w") as out:
        out.write("[node]\nstate = %s\norganisation = KAA1\n" % node.home)
    for daemon, words in ((hub, ()), (node, ("--config", config))):
        path = world.path(daemon.name + ".bundle")
        done = daemon.call("doctor", "--bundle", path, "--json", *words)
        bundle = open(path, "rb").read()
        checks.same("the bundle of %s holds no secret" % daemon.name,
                    [name for name, ways in secrets.items() if any(way in bundle for way in ways)], [])
        checks.same("and no count of people", [word for word in ("people", "people_summarised") if b'"%s"' % word.encode() in bundle], [])
        checks.that("it is its owner's alone", os.stat(path).st_mode & 0o777 == 0o600)
        checks.same("a second time it is refused", daemon.call("doctor", "--bundle", path, *words, check=False).returncode, 1)
        check_elsewhere(checks, world, path, json.loads(done.stdout))
    checks.says("it holds the settings", bundle.decode(), "link.reconnect_max_ms", "status", "nodes", "files")


def check_elsewhere(checks, world, path, told):
    """On a machine without store and daemon: no home, another folder."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    there = world.path("elsewhere")
    os.makedirs(there, exist_ok=True)
    with open(path, "rb") as bundle:
        done = subprocess.run([os.path.join(BIN, "tandem"), "doctor", "--from", "-", "--json"], stdin=bundle, cwd=there, env=bare,
                              capture_output=True, text=True, timeout=60)
    checks.same("%s says the same elsewhere" % os.path.basename(path), json.loads(done.stdout)["data"], told["data"])
    checks.same("and nothing was made there", os.listdir(there), [])


def check_words(checks, node):
    done = node.call("doctor", "--from", "/nowhere/at.all", check=False)
    checks.that("a bundle that is not there is told", done.returncode == 3 and "next:" in done.stderr, done.stderr)
    done = subprocess.run([os.path.join(BIN, "tandem"), "doctor"], capture_output=True, text=True, timeout=60,
                          env={name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")})
    checks.that("without a daemon named it says how to name one", done.returncode == 2 and "TANDEM_HOME" in done.stderr, done.stderr)


def check_revoked(checks, hub, node):
    """A node told so over its live link; last, since it does not come back here."""
    hub.call("key", "revoke", "KAA1", "--confirm", "KAA1")
    wait_for("the node to be told", lambda: any(link["refusal"] for link in node.status()["links"]))
    status, found = doctor(node)
    row = worst(found, "link to")
    checks.same("a node whose keys were revoked is at fault", (status, row["verdict"]), (1, "fail"))
    checks.says("with what to do", row["what"] + row["next"], "revoked", "tandem invite --for", "tandem node restore")
    checks.same("and critical to a monitor", monitored(node)[0], 2)


def main():
    checks = Checks()
    ctypes.CDLL("libzmq.so.5")
    with World() as world:
        hub = world.hub("--hub.tide_interval_ms=3600000").start()
        node = world.node("alder", "KAA1").start()
        register(hub, [("KAA1", "Alder Trust", "trust"), ("KBB2", "Birch Practice", "primary_care")])
        join(hub, node, "KAA1")
        node.bring(HEADER, "U1,programme,Coaching,Listening,2017-05-10,6,12,")
        node.call("record", "participant_profile", "--person", PERSON, "--name", NAME, "--staff-group", "medical_and_dental")
        node.call("record", "development", "--person", PERSON, "--kind", "plan_made", "--date", "2018-04-10", "--note", NOTE)
        code = hub.call("invite", "KBB2").stdout
        settled(hub, [node])
        check_sound(checks, world, hub, node)
        check_offline_leaves_no_trace(checks, world, node)
        check_version(checks, node)
        check_permissions(checks, node)
        check_disk(checks, world, node)
        check_hanging(checks, node)
        check_bundle(checks, world, hub, node, code)
        check_words(checks, node)
        check_hub_lost(checks, hub, node)
        check_silence(checks, world, hub, node)
        check_revoked(checks, hub, node)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
