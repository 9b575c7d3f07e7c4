#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Long work on a store without its daemon: how far it is, told as asked for; interrupted at a chosen moment, it
leaves nothing half made and can be run again; snapshots, encrypted.

The store is made by admin_bench, whose smoke run this is. Moments are chosen by the test holding one end of a pipe.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

BIN = os.environ["TANDEM_BIN"]
TANDEM = os.path.join(BIN, "tandem")
EVENTS = 30000
KEY = "0123456789abcdef" * 4
WORK = ""


def tandem(*words, stdin=None):
    return subprocess.run([TANDEM, *words], input=stdin, capture_output=True, timeout=240)


def start(*words, **pipes):
    return subprocess.Popen([TANDEM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **pipes)


def path(name):
    return os.path.join(WORK, name)


def read(name):
    with open(path(name), "rb") as file:
        return file.read()


def setUpModule():
    global WORK
    WORK = tempfile.mkdtemp(prefix="tandem-administer-")
    made = subprocess.run(
        [os.path.join(BIN, "admin_bench"), "--events", str(EVENTS), "--folder", path("bench"), "--keep", "export"],
        capture_output=True, timeout=240)
    assert made.returncode == 0, made.stderr
    assert b"ceiling" in made.stdout and b"MB/s of text" in made.stdout, made.stdout
    os.rename(path("bench/hub"), path("hub"))
    os.rename(path("bench/log.jsonl"), path("log.jsonl"))


def tearDownModule():
    shutil.rmtree(WORK)


class Told(unittest.TestCase):
    """--progress json: objects that grow, and a summary."""

    def check_lines(self, run, what, unit, total):
        self.assertEqual(run.returncode, 0, run.stderr)
        lines = [json.loads(line) for line in run.stderr.decode().splitlines() if line.startswith("{")]
        self.assertGreaterEqual(len(lines), 2)
        self.assertEqual([line["type"] for line in lines], ["progress"] * (len(lines) - 1) + ["summary"])
        self.assertEqual({(line["what"], line["unit"]) for line in lines}, {(what, unit)})
        done = [line["done"] for line in lines]
        self.assertEqual(done, sorted(done))
        self.assertLess(done[0], done[-1])
        self.assertEqual(lines[-1]["percent"], 100)
        if total is not None:
            self.assertEqual((lines[-1]["done"], lines[-1]["total"]), (total, total))

    def test_work_tells_how_far_it_is(self):
        verified = tandem("verify", "--store", path("hub"), "--progress", "json", "--json")
        events = json.loads(verified.stdout)["data"][-1]["events"]
        self.assertGreaterEqual(events, EVENTS)
        rows = [
            ("verifying", "events", events, ["verify", "--store", path("hub")]),
            ("exporting", "events", events, ["export", "--store", path("hub"), "--output", path("again.jsonl")]),
            ("importing", "events", None, ["import-log", path("log.jsonl"), "--store", path("imported")]),
            ("replaying", "events", None, ["replay", path("log.jsonl"), "--store", path("replayed")]),
            ("folding", "events", events, ["rebuild", "--store", path("hub"), "--dry-run"]),
            ("copying", "bytes", None, ["snapshot", path("snap"), "--store", path("hub")]),
            ("restoring", "bytes", None, ["restore", path("snap"), "--store", path("restored")]),
        ]
        for what, unit, total, words in rows:
            with self.subTest(what):
                self.check_lines(tandem(*words, "--progress", "json"), what, unit, total)
        self.assertEqual(read("again.jsonl"), read("log.jsonl"))
        for made in ("imported", "replayed", "restored"):
            self.assertEqual(tandem("verify", "--store", path(made)).returncode, 0, made)

    def test_none_and_quiet_tell_nothing(self):
        for words in (["--progress", "none"], ["-q"]):
            self.assertEqual(tandem("verify", "--store", path("hub"), *words).stderr, b"")


class Interrupted(unittest.TestCase):
    """A log comes through a pipe: the command is between two runs of it when the signal comes."""

    def setUp(self):
        log = read("log.jsonl")
        cut = log.index(b'{"kind":"run"', len(log) // 2)
        cut = log.index(b"\n", cut) + 1
        more = log.index(b"\n", log.index(b'{"kind":"run"', cut)) + 1
        self.log, self.begin, self.more = log, log[:cut], log[cut:more]

    def feed_half(self, *words):
        """Until the command has told of what it read: then it waits for more."""
        run = start(*words, "--progress", "json", stdin=subprocess.PIPE)
        run.stdin.write(self.begin)
        run.stdin.flush()
        self.assertEqual(json.loads(run.stderr.readline())["type"], "progress")
        return run

    def end(self, run, number):
        """The signal, then one more run of the log, so that it is seen."""
        run.send_signal(number)
        with contextlib.suppress(BrokenPipeError):
            run.stdin.write(self.more)
        with contextlib.suppress(BrokenPipeError):
            run.stdin.close()
        err = run.stderr.read()
        run.stdout.close()
        run.stderr.close()
        self.assertEqual(run.wait(60), -number, err)
        return err.decode()

    def test_an_import_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            run = self.feed_half("import-log", "-", "--store", path("half"))
            self.assertIn("interrupted", self.end(run, number))
            self.assertFalse(os.path.exists(path("half")))
        self.assertEqual(tandem("import-log", path("log.jsonl"), "--store", path("half")).returncode, 0)
        self.assertEqual(tandem("export", "--store", path("half")).stdout, self.log)

    def test_a_replay_goes_on(self):
        run = self.feed_half("replay", "-", "--store", path("part"))
        self.assertIn("goes on from it", self.end(run, signal.SIGINT))
        known = tandem("verify", "--store", path("part"), "--json")
        self.assertGreater(json.loads(known.stdout)["data"][-1]["events"], EVENTS // 3)
        again = tandem("replay", path("log.jsonl"), "--store", path("part"), "--json")
        row = json.loads(again.stdout)["data"][0]
        self.assertGreater(row["known"], EVENTS // 3)
        self.assertEqual(row["conflicting"], 0)
        self.assertEqual(tandem("export", "--store", path("part")).stdout, self.log)

    def test_a_line_is_told_at_once(self):
        run = start("import-log", "-", "--store", path("asked"), stdin=subprocess.PIPE)
        run.stdin.write(self.begin)
        run.stdin.flush()
        while run.poll() is None and not os.path.exists(path("asked")):  # it handles the signal from here on
            os.sched_yield()
        run.send_signal(signal.SIGUSR1)
        run.stdin.write(self.log[len(self.begin):])
        run.stdin.close()
        told = run.stderr.readline().decode()
        self.assertRegex(told, r"^importing \d+ events, \d+ a second|^importing \d+ events")
        run.stdout.read()
        self.assertEqual(run.wait(60), 0)
        run.stdout.close()
        run.stderr.close()

    def test_an_export_leaves_nothing(self):
        os.mkfifo(path("out.jsonl.part"))
        run = start("export", "--store", path("hub"), "--output", path("out.jsonl"))
        with open(path("out.jsonl.part"), "rb") as end:
            self.assertNotEqual(end.read(4096), b"")
            run.send_signal(signal.SIGINT)
            while end.read(1 << 20):  # what was on its way
                pass
        err = run.stderr.read()
        self.assertEqual(run.wait(60), -signal.SIGINT, err)
        run.stdout.close()
        run.stderr.close()
        self.assertEqual([name for name in os.listdir(WORK) if name.startswith("out.jsonl")], [])
        self.assertEqual(tandem("export", "--store", path("hub"), "--output", path("out.jsonl")).returncode, 0)
        self.assertEqual(read("out.jsonl"), self.log)


class Encrypted(unittest.TestCase):
    def setUp(self):
        with open(path("key"), "w") as file:
            file.write(KEY + "\n")
        with open(path("wrong"), "w") as file:
            file.write(KEY[::-1] + "\n")

    def test_by_key(self):
        made = tandem("snapshot", path("by-key"), "--store", path("hub"), "--key-file", path("key"))
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(sorted(os.listdir(path("by-key"))), ["ledger.tdmsnap", "snapshot.json"])
        rows = [
            ("no key is given", 2, ["--no-input"], b""),
            ("another key", 4, ["--key-file", path("wrong")], None),
            ("a passphrase is none", 2, ["--passphrase-file", path("key")], None),
            ("no key at all", 2, ["--key-file", "-"], b"not a key\n"),
        ]
        for name, status, words, stdin in rows:
            with self.subTest(name):
                run = tandem("restore", path("by-key"), "--store", path("opened"), *words, stdin=stdin)
                self.assertEqual(run.returncode, status, run.stderr)
                self.assertFalse(os.path.exists(path("opened")))
        dry = tandem("restore", path("by-key"), "--store", path("opened"), "--key-file", path("key"), "--dry-run")
        self.assertEqual(dry.returncode, 0, dry.stderr)
        self.assertFalse(os.path.exists(path("opened")))
        run = tandem("restore", path("by-key"), "--store", path("opened"), "--key-file", path("key"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(tandem("export", "--store", path("opened")).stdout, read("log.jsonl"))

    def test_by_passphrase_through_a_pipe(self):
        short = tandem("snapshot", path("weak"), "--store", path("hub"), "--encrypt", stdin=b"short\n")
        self.assertEqual(short.returncode, 2, short.stderr)
        self.assertFalse(os.path.exists(path("weak")))
        words = b"a passphrase of some length\n"
        made = tandem("snapshot", path("by-words"), "--store", path("hub"), "--encrypt", stdin=words)
        self.assertEqual(made.returncode, 0, made.stderr)
        wrong = tandem("restore", path("by-words"), "--store", path("said"), stdin=b"another of some length\n")
        self.assertEqual(wrong.returncode, 4, wrong.stderr)
        self.assertFalse(os.path.exists(path("said")))
        run = tandem("restore", path("by-words"), "--store", path("said"), stdin=words)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(tandem("export", "--store", path("said")).stdout, read("log.jsonl"))

    def test_it_is_not_read_where_it_lies(self):
        made = tandem("snapshot", path("closed"), "--store", path("hub"), "--key-file", path("key"))
        self.assertEqual(made.returncode, 0, made.stderr)
        rows = [
            ["verify", "--store", path("closed")],
            ["export", "--store", path("closed")],
            ["level", "--as-of", "snapshot:" + path("closed")],
            ["diff", path("hub"), path("closed"), "--events"],
            ["rebuild", "--store", path("closed"), "--dry-run"],
        ]
        for words in rows:
            with self.subTest(words[0]):
                run = tandem(*words)
                self.assertNotEqual(run.returncode, 0)
                self.assertIn(b"tandem restore", run.stderr)

    def test_not_on_the_command_line(self):
        run = tandem("snapshot", path("never"), KEY, "--store", path("hub"))
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"others can read command lines", run.stderr)


if __name__ == "__main__":
    unittest.main()
