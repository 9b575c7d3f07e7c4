#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""People stay at their node: strings planted in their rows are looked for in all that leaves it and in all that lies on
disks, behind a control that shows that such a search finds what is there. Also erasing, and a row forced on the hub."""

import json
import os
import pty
import signal
import socket
import sys
import termios
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from stranger import ACK, WELCOME, Stranger  # noqa: E402
from world import BIN, Failed, World, free_port, join, register, settled, wait_for  # noqa: E402

NOW, NOW_MS, NEXT_DAY = "2018-05-01T09:00:00Z", 1525165200000, "2018-05-02T09:00:00Z"
HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
CONTROL = "xqcontrolxq"  # in a unit's title, which the hub may know
PEOPLE = ["xqcanary-key%d" % number for number in range(1, 6)]
NAME, NOTE = "xqcanary name%d", "xqcanary note%d"
CANARY = b"xqcanary"  # long enough never to stand in ciphertext by chance
PASSPHRASE = "four words of no meaning"
PROFILE, SESSION, INCARNATION = 200, 42, 1


class Tap:
    """A TCP proxy that keeps every byte that passes, either way."""

    def __init__(self):
        self.port, self.bytes, self.lock = None, bytearray(), threading.Lock()  # port: the hub's, set before it starts
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "tcp://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                near.close()
                continue
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.pass_on, args=(a, b), daemon=True).start()

    def pass_on(self, source, sink):
        try:
            while data := source.recv(65536):
                with self.lock:
                    self.bytes += data
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def recorded(self):
        with self.lock:
            return bytes(self.bytes)


def files_with(folder, text):
    """Names of the files below the folder that hold the bytes."""
    found = []
    for path, _, names in os.walk(folder):
        for name in names:
            whole = os.path.join(path, name)
            if os.path.isfile(whole):
                with open(whole, "rb") as data:
                    if text in data.read():
                        found.append(os.path.relpath(whole, folder))
    return found


class Two:
    """A hub and a node; between them the tap."""

    def __init__(self, world):
        self.world, self.tap = world, Tap()
        self.tap.port = port = free_port()
        self.hub = world.hub("--hub.listen=tcp://127.0.0.1:%d" % port, "--hub.advertise=" + self.tap.endpoint,
                             "--hub.tide_interval_ms=3600000").start()
        self.node = world.node("alder", "KAA1").start()
        register(self.hub, [("KAA1", "Alder Trust", "trust"), ("KBB2", "Birch Practice", "primary_care")])
        join(self.hub, self.node, "KAA1")
        self.node.bring(HEADER, "U1,programme,Coaching,%s,2017-05-10,6,12," % CONTROL)
        settled(self.hub, [self.node])

    def summaries(self, daemon):
        """Those in force, as the log has them: (table, period, a, b) -> count."""
        cells = {}
        for event in daemon.events():
            if not event["subject"].startswith("summary/"):
                continue
            payload = event["payload"]
            if event["type"] == "correction":
                cells[event["fact"]] = payload["body"]
            elif event["type"] == "void":
                cells.pop(event["fact"], None)
            elif event["type"] == "summary":
                cells[event["fact"]] = payload
        return {(cell["table"], cell["period"], cell["a"], cell["b"]): cell["count"] for cell in cells.values()}


def wait_counted(node, day):
    """Once a day, soon after its start, a node counts by itself; if that fails, again within a minute."""
    wait_for("the node to count by itself", lambda: node.status()["people_summarised"] == day, 150)


def check_record(checks, two):
    node = two.node
    for number, person in enumerate(PEOPLE, 1):
        node.call("record", "participant_profile", "--person", person, "--name", NAME % number, "--staff-group",
                  "nursing_and_midwifery_registered")
        node.call("record", "development", "--person", person, "--kind", "plan_made", "--date", "2018-04-10", "--note",
                  NOTE % number)
    node.stop()
    node.start()
    checks.same("people survive a restart", sorted(row["person"] for row in node.ask("person", "list")), PEOPLE)
    shown = node.call("person", "show", PEOPLE[0], "--format", "json").stdout
    checks.says("the node shows its own rows", shown, PEOPLE[0], NAME % 1, NOTE % 1)
    checks.same("the same again is known", node.rows_of("record", "participant_profile", "--person", PEOPLE[0], "--name",
                                                        NAME % 1, "--staff-group", "nursing_and_midwifery_registered")[0]["known"], 1)
    checks.same("a hub keeps nobody", two.hub.call("record", "participant_profile", "--person", "P", check=False).returncode, 2)


def check_summarise(checks, two):
    node = two.node
    wait_counted(node, NOW[:10])
    rows = ["%s,KAA1/U1,2017-05-%02d" % (person, day) for person in PEOPLE for day in (10, 17)]
    path = node.file_rows("attendance.csv", ["person,unit,date"] + rows)
    report = node.rows_of("record", "person_attendance", "--from", path)[0]
    os.unlink(path)
    checks.same("a file of attendance is kept", (report["new"], report["refused"]), (len(rows), 0))
    told = node.ask("person", "summarise", "--dry-run")[0]
    done = node.ask("person", "summarise", "--force")[0]
    checks.same("a dry run tells what will be stated", (told["stated"] > 0, told["stated"]), (True, done["stated"]))
    settled(two.hub, [node])
    cells = two.summaries(two.hub)
    checks.same("the hub has the counts", (cells.get(("reached", "2017/18", "total", "")),
                                           cells.get(("reached", "2017/18", "staff_group", "nursing_and_midwifery_registered"))), (5, 5))
    checks.same("and the same as the node", cells, two.summaries(node))
    checks.same("summarised today: nothing more", node.ask("person", "summarise")[0]["state"], "done before")
    status = node.status()
    checks.same("the status tells of people", (status["people"], status["people_summarised"]), (5, "2018-05-01"))


def check_search(checks, two):
    """The search finds what may be there."""
    control = CONTROL.encode()
    checks.that("control: a unit's title is found in the hub's export", CONTROL in two.hub.exported())
    checks.that("control: and in the hub's files", files_with(two.hub.home, control))
    checks.that("control: and in the node's ledger", files_with(os.path.join(two.node.home, "ledger"), control))
    checks.that("control: the tap recorded the link", len(two.tap.recorded()) > 2000, len(two.tap.recorded()))


def check_nothing_leaves(checks, two):
    for daemon in (two.hub, two.node):
        checks.same("no file of %s holds a canary" % daemon.name, files_with(daemon.home, CANARY), [])
        checks.that("the export of %s holds none" % daemon.name, CANARY not in daemon.exported().encode())
        checks.that("the log of %s holds none" % daemon.name, CANARY not in daemon.log_text().encode())
    checks.that("no byte on the link is one", CANARY not in two.tap.recorded())
    checks.that("nor any of what may leave: the link is encrypted", CONTROL.encode() not in two.tap.recorded())
    checks.same("the shared log has no row of a person", [event["type"] for event in two.hub.events()
                                                          if event["type"] in ("participant_profile", "person_attendance", "development")], [])


def check_erase(checks, two):
    node, erased = two.node, PEOPLE[1]
    before = two.summaries(node)
    done = node.call("person", "erase", erased, check=False)
    checks.that("without a terminal erasing needs the name", done.returncode == 8 and "--confirm" in done.stderr, done.stderr)
    checks.same("another name is none", node.call("person", "erase", erased, "--confirm", PEOPLE[0], check=False).returncode, 8)
    done = node.call("person", "erase", erased, "--confirm", erased)
    checks.says("erasing says what is left to do", done.stderr, "tandem person compact")
    checks.same("the figures stay", two.summaries(node), before)
    checks.same("the person is gone", node.call("person", "show", erased, check=False).returncode, 3)
    checks.same("compacting answers", node.ask("person", "compact")[0]["state"], "compacted")
    checks.same("and leaves the others", [row["person"] for row in node.ask("person", "list") if row["person"] == erased], [])
    checks.same("who are all there", len(node.ask("person", "list")), 4)
    checks.same("the private log is sound", node.call("person", "verify").returncode, 0)
    for text in (erased, NAME % 2, NOTE % 2):
        checks.same("no file of the node holds %s" % text, files_with(node.home, text.encode()), [])
    node.stop()
    checks.same("nor behind a stop", [text for text in (erased, NAME % 2, NOTE % 2) if files_with(node.home, text.encode())], [])
    done = node.call("person", "list", "--store", node.home, "--format", "json")
    checks.same("a stopped node's people can be read where it lies", len(json.loads(done.stdout)["data"]), 4)
    checks.same("and not changed", node.call("person", "compact", "--store", node.home, check=False).returncode, 2)


def typed(daemon, words, lines):
    """Run the command on a terminal and type these lines, each when it asks; what the terminal showed, and the status."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(daemon.world.environment, TANDEM_HOME=daemon.home)
        os.execv(os.path.join(BIN, "tandem"), ["tandem", *words])
    shown = b""
    try:
        while data := os.read(terminal, 4096):
            shown += data
            if lines and shown.rstrip(b" ").endswith(b":"):
                os.write(terminal, lines.pop(0).encode() + b"\n")
                shown += b"\n"
    except OSError:  # the other end is closed
        pass
    if not termios.tcgetattr(terminal)[3] & termios.ECHO:
        raise Failed("tandem %s left the terminal silent" % " ".join(words))
    os.close(terminal)
    return shown.decode(errors="replace"), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check_typed(checks, two):
    """What is asked on a terminal."""
    node, path = two.node, two.world.path("typed.tdmpriv")
    shown, status = typed(node, ["person", "erase", PEOPLE[0]], [PEOPLE[2]])
    checks.that("another key typed erases nobody", status == 8 and "nothing was done" in shown, shown)
    checks.same("nobody indeed", len(node.ask("person", "list")), 4)
    shown, status = typed(node, ["person", "backup", path], [PASSPHRASE, "something else"])
    checks.that("a passphrase mistyped writes nothing", status == 8 and not os.path.exists(path), shown)
    shown, status = typed(node, ["person", "backup", path], ["\x03"])
    checks.that("Ctrl-C while it asks stops it", status == -signal.SIGINT and not os.path.exists(path), (status, shown))
    shown, status = typed(node, ["person", "backup", path], [PASSPHRASE, PASSPHRASE])
    checks.that("typed twice it does", status == 0 and os.path.exists(path), shown)
    checks.that("and is never shown", PASSPHRASE not in shown, shown)
    shown, status = typed(node, ["join"], ["tandem1.typed"])
    checks.that("a join code that is typed is not shown either", status != 0 and "Join code" in shown and "typed" not in shown, shown)
    shown, status = typed(node, ["person", "erase", PEOPLE[3]], [PEOPLE[3]])
    checks.that("the key typed erases", status == 0 and "erased" in shown, shown)
    checks.same("that person", len(node.ask("person", "list")), 3)


def check_next_day(checks, two):
    two.hub.stop()
    two.world.environment["TANDEM_NOW"] = NEXT_DAY
    two.hub.start()
    two.node.start()
    wait_counted(two.node, NEXT_DAY[:10])
    checks.that("on another day a node counts by itself", True)
    checks.same("the figures are still the same", two.summaries(two.node).get(("reached", "2017/18", "total", "")), 5)


def check_backup(checks, two):
    node, path = two.node, two.world.path("people.tdmpriv")
    checks.same("a passphrase is no argument", node.call("person", "backup", path, PASSPHRASE, check=False, stdin="").returncode, 2)
    checks.same("a backup is written", node.rows_of_stdin("person", "backup", path)["people"], 4)
    checks.same("only for its owner", os.stat(path).st_mode & 0o777, 0o600)
    with open(path, "rb") as data:
        checks.that("and holds no canary in clear", CANARY not in data.read())
    checks.same("never over another", node.call("person", "backup", path, check=False, stdin=PASSPHRASE).returncode, 1)
    checks.same("nor restored over people", node.call("person", "restore", path, check=False, stdin=PASSPHRASE).returncode, 1)
    other = two.world.node("birch", "KBB2").start()
    done = other.call("person", "restore", path, check=False, stdin="some other four words")
    checks.same("another passphrase opens nothing", done.returncode, 4)
    other.rows_of_stdin = lambda *words: json.loads(other.call(*words, "--format", "json", stdin=PASSPHRASE).stdout)["data"][0]
    checks.same("it comes back in an empty node", other.rows_of_stdin("person", "restore", path)["people"], 4)
    checks.says("with all its rows", other.call("person", "show", PEOPLE[0], "--format", "json").stdout, NAME % 1)
    other.stop()


def check_forced(checks, two):
    """A row of a person that somebody sends all the same."""
    hub = two.hub
    lines = hub.exported().splitlines()
    at = next(i for i, line in enumerate(lines) if json.loads(line).get("type") == "session")
    forced = json.loads(lines[at])
    forced.update(type="participant_profile", payload={"person": "P-1"})
    path = two.world.path("forced.jsonl")
    for what, line, refused in (("as it is", lines[at], False), ("with a person's row", json.dumps(forced, separators=(",", ":")), True)):
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join(lines[:at] + [line] + lines[at + 1:]) + "\n")
        done = hub.call("import-log", path, "--store", two.world.path("store-%d" % refused), check=False)
        checks.same("import-log of the hub's log %s" % what, done.returncode != 0, refused)
    checks.says("it says why", done.stderr, "line %d" % (at + 1), "private log")
    birch = Stranger(hub.call("invite", "KBB2").stdout, NOW_MS)
    birch.enrol()
    before = hub.exported()
    checks.same("the hub welcomes a second node", birch.hello()[0], WELCOME)
    birch.say(birch.events_frame([birch.event(PROFILE, "person/P-1", [(1, "P-1")])])[0])
    reason, text = birch.refusal()
    checks.that("a person's row on the link is refused, and why", reason == "malformed" and "private log" in text, (reason, text))
    checks.same("nothing of it is stored", hub.exported(), before)
    birch.hello()
    answer = birch.share((INCARNATION, "origin/" + birch.origin.hex(), [(1, 1), (5, birch.seal_key)]))
    checks.same("control: what may be said is taken", answer and answer[0], ACK)
    birch.close()


def main():
    checks = Checks()
    with World(NOW) as world:
        two = Two(world)
        node = two.node
        node.rows_of_stdin = lambda *words: json.loads(node.call(*words, "--format", "json", stdin=PASSPHRASE).stdout)["data"][0]
        for check in (check_record, check_summarise, check_search, check_nothing_leaves, check_erase, check_next_day,
                      check_nothing_leaves, check_backup, check_typed, check_forced):
            check(checks, two)
        for daemon in (two.hub, two.node):
            checks.same("verify finds no fault at %s" % daemon.name, daemon.call("verify", check=False).returncode, 0)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
