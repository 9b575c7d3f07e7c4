# SPDX-License-Identifier: MPL-2.0
"""Daemons ended or stopped at a commit of their ledger, and what a drill left behind, told so that two runs can be compared."""

import os
import signal
import subprocess

from local import local_rows
from world import BIN, settled, wait_for

PRELOAD = os.path.join(BIN, "tandem_strike.so")


def armed(daemon):
    """From its next start on it takes orders (strike.c); returned for chaining."""
    daemon.environment.update(LD_PRELOAD=PRELOAD, TANDEM_STRIKE=daemon.home + ".order", TANDEM_HOLD=daemon.home + ".hold")
    return daemon


def order(daemon, words):
    """Such as "kill before 2": instead of its second commit from now on. Written whole, then there."""
    path = daemon.environment["TANDEM_STRIKE"]
    with open(path + ".new", "w") as out:
        out.write(words)
    os.rename(path + ".new", path)


def hold_fold(daemon):
    """From its next start on its figures stay as its last checkpoint has them, until they are let go."""
    open(daemon.environment["TANDEM_HOLD"], "w").close()


def let_fold(daemon):
    os.unlink(daemon.environment["TANDEM_HOLD"])


def state_of(process):
    with open("/proc/%d/stat" % process.pid) as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


def await_strike(daemon, seconds=30):
    """Until the order is carried out: true if it ended the daemon, false if it stopped it."""
    wait_for("%s to be struck" % daemon.name, lambda: daemon.process.poll() is not None or state_of(daemon.process) == "T", seconds)
    return daemon.process.poll() is not None


def cut_off(caller, words, daemon, moment, meanwhile=lambda: None):
    """The command is killed while the daemon is stopped at this commit; then the daemon goes on alone."""
    order(daemon, "stop " + moment)
    environment = dict(caller.world.environment, TANDEM_HOME=caller.home)
    with subprocess.Popen([os.path.join(BIN, "tandem")] + [str(word) for word in words], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as command:
        await_strike(daemon)
        command.send_signal(signal.SIGKILL)
        command.wait()
    meanwhile()
    daemon.process.send_signal(signal.SIGCONT)


def strike(caller, words, daemon, moment):
    """The daemon is killed at this commit, whatever the command then says, and started again."""
    order(daemon, "kill " + moment)
    caller.call(*words, check=False, timeout=60)
    await_strike(daemon)
    daemon.start()


def own_events(hub):
    """What the hub stated itself, tides apart, oldest first."""
    origin = hub.status()["origin"]
    return [row for row in hub.events() if row["origin"] == origin and row["type"] != "tide"]


def renamed(value, names):
    """The same with keys, origins and codes told by their part in the drill."""
    if isinstance(value, dict):
        return tuple(sorted((key, renamed(part, names)) for key, part in value.items()))
    if isinstance(value, str):
        for name, part in names.items():
            value = value.replace(name, part)
    return value


def moved(before, after):
    """By how much each count of the level moved; shares follow from them."""
    found = {place + (name,): value - before.get(place, {}).get(name, 0)
             for place, row in after.items() for name, value in row.items() if isinstance(value, int)}
    return {place: by for place, by in found.items() if by != 0}


class Before:
    """The moment before a drill about one node; `told` is what happened to the hub's facts, keys and figures since."""

    def __init__(self, hub, node, names):
        settled(hub, [node])
        self.hub, self.node, self.names = hub, node, dict(names)
        self.origin = node.status()["origin"]
        self.stated = len(own_events(hub))
        self.keys = {row["key"] for row in self.keys_now() if row["state"] == "active"}
        self.held = self.held_now()
        self.level = hub.level()

    def keys_now(self):
        return [row for row in self.hub.ask("key", "list") if row["origin"] == self.origin]

    def held_now(self):
        """How far the hub holds the node's log."""
        return max((row["sequence"] for row in self.hub.events() if row["origin"] == self.origin), default=0)

    def told(self):
        names = dict(self.names, **{self.origin: "node"})
        keys = [row for row in self.keys_now() if row["state"] == "active" or row["key"] in self.keys]
        for row in self.keys_now():
            names[row["key"]] = "%s %s" % ("old" if row["key"] in self.keys else "new", row["purpose"])
        facts = [repr((row["type"], renamed(row["subject"], names), renamed(row["payload"], names)))
                 for row in own_events(self.hub)[self.stated:]]
        return {"facts": sorted(fact.replace("('last', %d)" % self.held, "('last', held)") for fact in facts),
                "keys": sorted((names[row["key"]], row["state"], row["valid_to"] in (None, self.held)) for row in keys),
                "level": moved(self.level, self.hub.level()),
                "waits": sorted(name for name in local_rows(self.hub.home) if name.startswith("rotation/"))}
