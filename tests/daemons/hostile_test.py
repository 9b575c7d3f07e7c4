#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""What strangers and bad partners say to a hub: each is refused with what and where, counted, changes nothing that is
stored, and stops nobody else. Also facts in another's name, and join codes used twice or too late."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from stranger import (ACK, ENROLLED, EVENTS, FETCH, REFUSE, WELCOME, Map, Raw, Socket, Stranger, curve_pair,  # noqa: E402
                      pack)
from world import World, join, oracle, register, settled, wait_for  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners"
NOW, NOW_MS, LATER = "2018-05-01T09:00:00Z", 1525165200000, "2018-05-10T09:00:00Z"
DAY = 17300  # 2017-05-14
UNIT, SESSION, INCARNATION, TARGET, ORGANISATION = 40, 42, 1, 17, 10


def unit_body(recorder, lead, name):
    return [(1, recorder), (2, lead), (3, name), (4, 1), (5, 3), (6, "Coaching"), (7, "Unit " + name), (8, DAY)]


def unit_facts(recorder, lead, name):
    subject = "unit/%s/%s" % (lead, name)
    return [(UNIT, subject, unit_body(recorder, lead, name)), (SESSION, subject, [(1, recorder), (2, DAY), (3, 600)])]


class Hostile:
    """A hub, an honest node, and somebody enrolled as KBB2 who can say anything."""

    def __init__(self, world):
        self.world = world
        self.hub = world.hub("--hub.tide_interval_ms=3600000").start()
        self.alder = world.node("alder", "KAA1").start()
        register(self.hub, [("KAA1", "Alder Trust", "trust"), ("KBB2", "Birch Practice", "primary_care"),
                            ("KCC3", "Cedar Network", "primary_care")])
        join(self.hub, self.alder, "KAA1")
        self.brought = 0
        self.goes_on()
        self.endpoint = next(word.split("=", 1)[1] for word in self.hub.settings if word.startswith("--hub.listen="))

    def goes_on(self):
        """The honest node records, and it arrives."""
        self.brought += 1
        self.alder.bring(HEADER, "A%d,programme,Coaching,Unit,2017-05-10,6,12," % self.brought)
        settled(self.hub, [self.alder])
        return ("KAA1/A%d" % self.brought) in [row["unit"] for row in self.hub.ask("unit", "list")]

    def invite(self, *words):
        return self.hub.call("invite", *words).stdout


def check_outside(checks, all_):
    """Who has no key at all."""
    hub = all_.hub
    before = hub.exported()
    host, port = all_.endpoint[len("tcp://"):].split(":")
    for what, data in (("an HTTP request", b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n"), ("noise", bytes(range(256)) * 64),
                       ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100))):
        failed = hub.metrics()["tandem_connections_refused_total"]
        with socket.create_connection((host, int(port)), timeout=20) as plain:
            plain.sendall(data)
            ended = wait_for("the end", lambda plain=plain: is_ended(plain), 30)
        checks.that("%s on the port is cut off" % what, ended)
        wait_for("the count", lambda failed=failed: hub.metrics()["tandem_connections_refused_total"] > failed)
        checks.that("%s is counted" % what, True)
    failed = hub.metrics()["tandem_connections_refused_total"]
    bare = Socket(all_.endpoint, wait_ms=100)
    bare.send(b"let me in")
    wait_for("the count", lambda: hub.metrics()["tandem_connections_refused_total"] > failed)
    checks.same("who does not encrypt hears nothing", bare.receive(), None)
    bare.close()
    denied = 'tandem_zap_denied_total{reason="unknown_key"}'
    was = hub.metrics().get(denied, 0)
    somebody = Stranger(all_.invite("KCC3"), NOW_MS)
    somebody.open(*curve_pair())
    somebody.say(somebody.hello_frame())
    wait_for("the count", lambda: hub.metrics().get(denied, 0) > was)
    checks.that("a stranger's key is denied and counted", True)
    somebody.close()
    checks.says("the log says that connections were refused", hub.log_text(), "id=CONNECTIONS-REFUSED")
    checks.same("nothing stored has changed", hub.exported(), before)
    checks.that("the honest node goes on", all_.goes_on())


def is_ended(plain):
    """Greetings are read away until the other end closes."""
    try:
        return plain.recv(4096) == b""
    except ConnectionResetError:
        return True


def check_enrolling(checks, all_):
    hub = all_.hub
    code = all_.invite("KBB2")
    birch = Stranger(code, NOW_MS)
    before = hub.exported()
    birch.open_with_code()
    birch.say(birch.hello_frame())
    checks.same("with a join code's key HELLO is refused", birch.refusal()[0], "not-enrolled")
    birch.open_with_code()
    forged = birch.enrol_frame()
    forged[-1] = bytes(64)
    birch.say(forged)
    checks.same("ENROL that its own key did not sign is denied", birch.refusal()[0], "enrol-denied")
    checks.same("nothing stored has changed", hub.exported(), before)
    answer = birch.enrol()
    checks.same("the code enrols", answer and answer[0], ENROLLED)
    answer = birch.enrol()
    checks.same("the same one again is answered the same", answer and answer[0], ENROLLED)
    was, before = hub.rejected("enrol_denied"), hub.exported()
    thief = Stranger(code, NOW_MS)
    answer = thief.enrol()
    checks.that("a used join code is denied to another, and says what to do",
                answer and answer[0] == REFUSE and "used" in answer[3] and "new one" in answer[3], answer)
    checks.that("and counted", hub.rejected("enrol_denied") > was)
    checks.same("and changes nothing stored", hub.exported(), before)
    thief.close()
    return birch


def check_codes(checks, all_):
    """At a node: what tandem join says of codes that cannot work."""
    code = all_.invite("KCC3").strip()
    node = all_.world.node("cedar", "KCC3").start()
    middle = len(code) // 2
    for what, text, word in (("cut short", code[:middle], "cut"), ("mistyped", code[:middle] + "AAAA" + code[middle + 4:], "mistyped"),
                             ("something else", "hello", "no join code"), ("nothing", "", "")):
        done = node.call("join", stdin=text, check=False)
        checks.that("a join code that is %s is refused: %s" % (what, word), done.returncode != 0 and word in done.stderr, done.stderr)
    checks.same("the node belongs to no hub by that", node.status()["hub"], None)
    used = Stranger(code, NOW_MS)
    used.enrol()
    used.close()
    node.call("join", stdin=code, check=False)
    wait_for("the node to say why", lambda: "used" in str(node.status()["links"]) or "used" in node.log_text())
    checks.says("a code that another used: the node says so", node.log_text() + str(node.status()["links"]), "used")
    node.stop()


def frames(birch, alder_origin, alder_incarnation):
    """(what, bytes or frame, reason, words of the text). The stranger has shared nothing yet."""
    first = birch.event(INCARNATION, "origin/" + birch.origin.hex(), [(1, 1), (5, birch.seal_key)])
    good, _ = birch.events_frame([first])

    def of(event):
        return birch.events_frame([event])[0]

    alien, _ = birch.events_frame([birch.event(INCARNATION, "origin/x", [(1, 1)], origin=alder_origin, incarnation=alder_incarnation)],
                                  origin=alder_origin)
    alien[2] = alder_incarnation
    nested = bytes([0x91]) * 4000 + b"\xc0"
    return [
        ("noise", b"\xde\xad\xbe\xef", "malformed", ""),
        ("an empty message", b"", "malformed", ""),
        ("a frame cut short", pack(good)[:-7], "malformed", ""),
        ("bytes behind a frame", pack(good) + b"\x00", "malformed", ""),
        ("a frame over the limit", pack([EVENTS, bytes(300000)]), "malformed", "262144"),
        ("a frame nested 4,000 deep", nested, "malformed", "deep"),
        ("an array that promises 4 GiB", b"\xdd\xff\xff\xff\xff\x04", "malformed", ""),
        ("a number in a longer form", Raw(b"\x99\xcc\x04" + pack(good)[2:]), "malformed", "shortest"),
        ("an unknown kind of frame", [77, 1], "malformed", "77"),
        ("events without a seal", good[:7] + [None] + good[8:], "bad-seal", "seal"),
        ("events with a signature that does not fit", good[:7] + [[1, birch.seal_key, bytes(64)]] + good[8:], "bad-seal", "seal"),
        ("events sealed by a key nobody stated", good[:7] + [[1, bytes(range(32)), bytes(64)]] + good[8:], "bad-seal", ""),
        ("events of another origin without its seal", alien, "bad-seal", ""),
        ("events behind a gap", birch.events_frame([birch.event(SESSION, "unit/KBB2/x", [(1, "KBB2"), (2, DAY), (3, 100)], sequence=5)],
                                                   first=5)[0], "gap", "5"),
        ("an event of another sequence than its place", of(birch.event(SESSION, "unit/KBB2/x", [(1, "KBB2"), (2, DAY), (3, 100)],
                                                                       sequence=9)), "malformed", "sequence"),
        ("an event of version 2", of(birch.event(INCARNATION, "origin/x", [(1, 1)], version=2)), "malformed", "version 2"),
        ("an event with a float", of(birch.event(999, "unit/KBB2/x", [(1, Raw(b"\xcb" + bytes(8)))])), "malformed", "float"),
        ("an event nested too deep", of(birch.event(999, "unit/KBB2/x", [(1, Raw(b"\x91" * 40 + b"\xc0"))])), "malformed", "deep"),
        ("an event over 16,384 bytes", of(birch.event(999, "unit/KBB2/x", [(1, bytes(16500))])), "malformed", "16384"),
        ("a session with hours out of bounds", of(birch.event(SESSION, "unit/KBB2/x", [(1, "KBB2"), (2, DAY), (3, 1 << 40)])),
         "malformed", "hours_hundredths"),
        ("FETCH of a third one's log", [FETCH, alder_origin, None, 1], "wrong-origin", ""),
        ("WELCOME to a hub", [WELCOME, 1, birch.origin, 0, 1, [], bytes(16), 0], "unexpected", ""),
        ("ENROL on a live link", birch.enrol_frame(), "unexpected", ""),
    ]


def check_frames(checks, all_, birch):
    hub = all_.hub
    alder = next(event for event in all_.alder.events() if event["type"] == "incarnation"
                 and event["subject"].endswith(all_.alder.status()["origin"]))
    before = hub.exported()
    reasons = {"wrong-origin": "foreign_name", "unexpected": "other", "bad-seal": "bad_seal"}
    for what, frame, reason, word in frames(birch, bytes.fromhex(alder["origin"]), bytes.fromhex(alder["incarnation"])):
        counted = reasons.get(reason, reason)
        was = hub.rejected(counted)
        answer = birch.hello()
        if not checks.that("the hub welcomes before %s" % what, answer and answer[0] == WELCOME, answer):
            continue
        birch.say(frame)
        got, text = birch.refusal()
        checks.that("%s: refused as %s" % (what, reason), got == reason and word in text, (got, text))
        checks.that("%s: counted as %s" % (what, counted), hub.rejected(counted) > was)
        checks.that("%s: in the log with the peer" % what, "peer=%s word=%s" % (birch.origin.hex(), reason) in hub.log_text())
    for what, change, reason in (("a HELLO of version 2", {"version": 2}, "version"),
                                 ("a HELLO of another origin", {"origin": bytes.fromhex(alder["origin"])}, "wrong-origin")):
        answer = birch.hello(**change)
        checks.that("%s: refused as %s" % (what, reason), answer and answer[0] == REFUSE, answer)
    birch.hello()
    birch.say(bytes(2 << 20))
    checks.same("a message over the transport's limit is not answered: the connection ends", birch.hello()[0], WELCOME)
    checks.same("nothing stored has changed", hub.exported(), before)
    checks.that("the honest node goes on", all_.goes_on())


def check_flood(checks, all_, birch):
    """Somebody with a good key who does not stop."""
    birch.hello()
    logged = all_.hub.log_text().count("id=LINK-NOTE ")
    for _ in range(5000):
        birch.say(b"\xde\xad" * 100)
    checks.that("while one partner sends noise without end, the honest node goes on", all_.goes_on())
    checks.that("the noise is counted", all_.hub.rejected("malformed") > 64, all_.hub.rejected("malformed"))
    wait_for("the one who goes on to be cut off", lambda: "id=PEER-CUT" in all_.hub.log_text())
    checks.that("who goes on after the refusal is cut off", True)
    for _ in range(4):
        birch.close()
        birch.hello()
        for _ in range(64):
            birch.say(b"\xde\xad" * 100)
    birch.close()
    birch.hello()
    counted = all_.hub.rejected("malformed")
    logged = all_.hub.log_text().count("id=LINK-NOTE ") - logged
    checks.that("it is counted each time, and does not fill the log", logged <= 200 < counted - 50, (counted, logged))
    checks.same("nothing of it is stored", [event for event in all_.hub.events() if event["origin"] == birch.origin.hex()], [])
    birch.close()
    checks.same("and may come back with a HELLO", birch.hello()[0], WELCOME)


def check_names(checks, all_, birch):
    """Facts in another's name are stored, listed, and not counted; those of its own count."""
    hub = all_.hub
    level = hub.ask("level")
    birch.hello()
    origin = [(INCARNATION, "origin/" + birch.origin.hex(), [(1, 1), (5, birch.seal_key)])]
    answer = birch.share(*origin, *unit_facts("KCC3", "KCC3", "S1"))
    checks.same("facts in another's name are taken", answer and answer[0], ACK)
    wait_for("the doubts", lambda: any("KCC3/S1" in str(row) for row in hub.ask("doubts")))
    checks.that("and listed with the reason", any("KCC3/S1" in str(row) and "another's name" in str(row) for row in hub.ask("doubts")),
                hub.ask("doubts"))
    checks.same("and counted nowhere", hub.ask("level"), level)
    answer = birch.share((998, "unit/KBB2/S2", [(1, "what is this")]))
    checks.same("a fact of an unknown type is taken", answer and answer[0], ACK)
    answer = birch.share((TARGET, "target/2017", [(1, 2017), (2, 10)]),
                         (ORGANISATION, "organisation/KZZ9", [(1, "KZZ9"), (2, "Nobody"), (3, 1)]))
    checks.same("registry facts of a node are taken", answer and answer[0], ACK)
    wait_for("the doubts", lambda: sum("not the hub's" in str(row) for row in hub.ask("doubts")) == 2)
    checks.same("the registry is the hub's alone: a node's targets and organisations change nothing",
                (hub.ask("level"), "KZZ9" in str(hub.ask("organisation", "list"))), (level, False))
    answer = birch.share(*unit_facts("KBB2", "KBB2", "S3"))
    checks.same("its own facts are taken", answer and answer[0], ACK)
    wait_for("the unit", lambda: hub.ask("level")[0]["units"] == level[0]["units"] + 1)
    checks.that("and counted", True)
    for words in ([], ["--by", "lead"]):
        checks.same("the oracle finds the same: level %s" % " ".join(words), oracle(hub, *words), None)


def check_fork(checks, all_, birch):
    """Other content under a sequence that is held."""
    hub = all_.hub
    before, was = hub.exported(), hub.rejected("fork")
    birch.hello()
    last = len(birch.events)
    other, head = birch.events_frame([birch.event(999, "unit/KBB2/y", [(1, "other")], sequence=last)], first=last,
                                     base=bytes(32))
    birch.say(other)
    got, text = birch.refusal()
    checks.that("other content under a sequence that is held is refused, never acknowledged", got in ("fork", "bad-seal"), (got, text))
    tips = [[birch.origin, birch.incarnation, last, head]]
    answer = birch.hello(tips=tips)
    checks.that("a HELLO whose head differs is a fork", answer and answer[0] == REFUSE and answer[1] == 6, answer)
    checks.that("counted as fork", hub.rejected("fork") > was)
    checks.same("nothing stored has changed", hub.exported(), before)
    checks.same("the honest history is still welcome", birch.hello()[0], WELCOME)
    checks.that("the honest node goes on", all_.goes_on())


def denied_keys(hub):
    return sum(value for name, value in hub.metrics().items() if name.startswith("tandem_zap_denied_total"))


def check_expired(checks, all_):
    code = all_.invite("KCC3", "--hours", "1")
    for daemon in (all_.hub, all_.alder):
        daemon.stop()
    all_.world.environment["TANDEM_NOW"] = LATER
    all_.hub.start()
    all_.alder.start()
    before = all_.hub.exported()
    late = Stranger(code, NOW_MS)
    late.open_with_code()
    late.say(late.enrol_frame())
    wait_for("the hub to deny the expired code's key", lambda: denied_keys(all_.hub) > 0)
    late.close()
    node = all_.world.node("late", "KCC3").start()
    done = node.call("join", stdin=code, check=False)
    checks.that("tandem join says that the code has expired, and what to do",
                done.returncode != 0 and "expired" in done.stderr and "new one" in done.stderr, done.stderr)
    checks.same("nothing stored has changed", all_.hub.exported(), before)
    checks.that("the honest node goes on", all_.goes_on())


def main():
    checks = Checks()
    with World(NOW) as world:
        all_ = Hostile(world)
        check_outside(checks, all_)
        birch = check_enrolling(checks, all_)
        check_codes(checks, all_)
        check_frames(checks, all_, birch)
        check_flood(checks, all_, birch)
        check_names(checks, all_, birch)
        check_fork(checks, all_, birch)
        birch.close()
        check_expired(checks, all_)
        checks.same("verify finds no fault at the hub", all_.hub.call("verify", check=False).returncode, 0)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
