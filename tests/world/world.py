# SPDX-License-Identifier: MPL-2.0
"""A hub and nodes as real processes on loopback in a scratch folder: started, asked, killed and started again.

Waiting is always for a state, with a deadline; only processes started here are ended, by their id.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

BIN = os.environ.get("TANDEM_BIN", os.path.join(os.path.dirname(__file__), "..", "..", "build", "bin"))
POLL_S = 0.05
SANITIZER = re.compile(r"(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:")


class Failed(Exception):
    """A command that did not do what the test needs."""


def wait_for(what, ask, seconds=60):
    """Ask until the answer is true; the last answer is returned."""
    until = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > until:
            raise Failed("waited %d s for %s" % (seconds, what))
        time.sleep(POLL_S)  # between two looks at a state, never instead of one


class Daemon:
    """One process with its state folder."""

    def __init__(self, world, name, program, settings):
        self.world = world
        self.name = name
        self.program = program
        self.settings = settings
        self.home = os.path.join(world.folder, name)
        self.log = os.path.join(world.folder, name + ".log")
        self.process = None
        self.environment = {}  # of its process, beside the world's

    def launch(self, program=None):
        """Started, and maybe not ready yet."""
        binary = os.path.join(BIN, program or self.program)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([binary] + self.settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=dict(self.world.environment, **self.environment))

    def start(self, program=None):
        self.launch(program)
        wait_for(self.name + " to answer", self.answers)
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise Failed("%s left with %s: %s" % (self.name, self.process.returncode, self.tail()))
        try:
            return self.call("status", check=False, timeout=10).returncode == 0
        except subprocess.TimeoutExpired:
            return False  # a busy machine: ask again until the caller's deadline

    def tail(self):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-15:])

    def kill(self):
        """As the power switch would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            raise Failed("%s did not stop within 60 s: %s" % (self.name, self.tail())) from None

    def call(self, *words, check=True, timeout=600, stdin=None):
        environment = dict(self.world.environment, TANDEM_HOME=self.home)
        done = subprocess.run([os.path.join(BIN, "tandem")] + [str(word) for word in words], env=environment,
                              input=stdin, capture_output=True, timeout=timeout, text=True)
        if check and done.returncode != 0:
            raise Failed("tandem %s at %s: exit %d: %s%s" % (" ".join(map(str, words)), self.name, done.returncode,
                                                              done.stdout, done.stderr))
        return done

    def ask(self, *words):
        """The rows of a JSON document."""
        return json.loads(self.call(*words, "--format", "json").stdout)["data"]

    def rows_of(self, *words):
        """The rows of a JSON document of a command that may leave with 1, such as an import with refused rows."""
        done = self.call(*words, "--format", "json", check=False)
        if not done.stdout:
            raise Failed("tandem %s at %s: exit %d: %s" % (" ".join(map(str, words)), self.name, done.returncode, done.stderr))
        return json.loads(done.stdout)["data"]

    def level(self, *words):
        """The rows of the level by (period, group)."""
        return {(row["period"], row["group"]): row for row in self.ask("level", *words)}

    def file_rows(self, name, lines):
        """A spreadsheet in the world's folder; returns its path."""
        path = self.world.path("%s-%s" % (self.name, name))
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.write("\n".join(lines) + "\n")
        return path

    def bring(self, *lines, words=()):
        """Import these lines, the first the header; returns the report."""
        return self.rows_of("import", self.file_rows("rows.csv", lines), *words)[0]

    def exported(self):
        return self.call("export", "--format", "jsonl").stdout

    def events(self):
        return [row for row in map(json.loads, self.exported().splitlines()) if row["kind"] == "event"]

    def log_text(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def http_port(self):
        """As logged by the newest start."""
        return int(re.findall(r"http_port=(\d+)", self.log_text())[-1])

    def metrics(self):
        """name{labels} -> value."""
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.http_port(), timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line and line[0] != "#")}

    def rejected(self, reason):
        return self.metrics().get('tandem_events_rejected_total{reason="%s"}' % reason, 0)

    def status(self):
        rows = self.ask("status")
        return rows[0] if isinstance(rows, list) else rows


class World:
    """Use as a context: everything started is ended and removed, kept if the environment says TANDEM_KEEP=1."""

    def __init__(self, now="2018-05-01T09:00:00Z"):
        self.folder = tempfile.mkdtemp(prefix="tdm")
        self.environment = dict(os.environ, TANDEM_NOW=now)
        self.daemons = []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for daemon in self.daemons:
            daemon.kill()
        broken = [daemon.name for daemon in self.daemons if os.path.exists(daemon.log) and SANITIZER.search(daemon.log_text())]
        if broken and kind is None:
            for name in broken:
                print("--- %s\n%s" % (name, open(self.path(name) + ".log", errors="replace").read()[-4000:]))
            raise Failed("a sanitizer found a fault in %s" % ", ".join(broken))
        if kind is not None:
            for daemon in self.daemons:
                print("--- %s\n%s" % (daemon.name, daemon.tail() if os.path.exists(daemon.log) else ""))
        if os.environ.get("TANDEM_KEEP") == "1":
            print("kept:", self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def hub(self, *settings):
        hub = Daemon(self, "hub", "tandem-hub", ["--hub.state=" + self.path("hub"), "--http.listen=127.0.0.1:0",
                                                 "--hub.listen=tcp://127.0.0.1:%d" % free_port(),
                                                 "--link.reconnect_max_ms=500", *settings])
        self.daemons.append(hub)
        return hub

    def node(self, name, organisation, *settings):
        node = Daemon(self, name, "tandem-node", ["--node.state=" + self.path(name),
                                                  "--node.organisation=" + organisation, "--http.listen=off",
                                                  "--link.reconnect_max_ms=500", *settings])
        self.daemons.append(node)
        return node


def free_port():
    """A port free now on loopback, the same over a daemon's restarts."""
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def join(hub, node, *codes):
    """Invite at the hub, join at the node, wait until the node knows that it belongs."""
    code = hub.call("invite", *codes).stdout
    node.call("join", stdin=code)
    wait_for("%s to join" % node.name, lambda: any(link["state"] == "live" for link in node.status()["links"])
             and node.status()["hub"])


def register(hub, organisations):
    """organisations: (code, name, sector) rows."""
    path = hub.world.path("organisations.csv")
    with open(path, "w") as out:
        out.write("code,name,sector\n")
        for row in organisations:
            out.write(",".join(row) + "\n")
    hub.call("organisation", "import", path)


def oracle(hub, *words, today="2018-05-01"):
    """Compare the hub's level with what the naive oracle works out from the hub's export: None if equal, else what differs."""
    log = hub.world.path("oracle.jsonl")
    level = hub.world.path("oracle-level.json")
    with open(log, "w") as out:
        out.write(hub.exported())
    with open(level, "w") as out:
        out.write(hub.call("level", "--format", "json", *words).stdout)
    done = subprocess.run([os.path.join(BIN, "tandem-oracle"), log, "--today", today, "--compare", level, *words],
                          capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stdout + done.stderr)[-1500:] or "exit %d" % done.returncode


def settled(hub, nodes, seconds=120):
    """Wait until these nodes' logs are acknowledged, their feeds taken and all is folded."""

    def quiet():
        origins = set()
        for node in nodes:
            status = node.status()
            origins.add(status["origin"])
            if status["waiting_to_share"] != 0 or not status["complete"]:
                return False
        rows = [row for row in hub.ask("node", "list") if row["origin"] in origins]
        return hub.status()["complete"] and all((row.get("feed_lag") or 0) == 0 and (row.get("lag_events") or 0) == 0
                                                 for row in rows)

    wait_for("all to be shared and folded", quiet, seconds)
