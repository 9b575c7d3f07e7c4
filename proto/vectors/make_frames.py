#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
#
# make_frames.py: writes frames.json beside itself: frames of a link, right and wrong, by the grammar of
# LINK.md, packed by the second implementation in make.py. Run it after a change of the grammar:
#     python3 proto/vectors/make_frames.py
import json
import pathlib

from make import Raw, pack

HERE = pathlib.Path(__file__).resolve().parent
ORIGIN = bytes(range(16))
HUB = bytes(range(0x40, 0x50))
EPOCH = bytes(range(0x60, 0x70))
INCARNATION = (7).to_bytes(8, "big")
HEAD = bytes(range(32))
KEY = bytes(range(0x80, 0xA0))
SIGNATURE = bytes(range(64))
TIP = [ORIGIN, INCARNATION, 12, HEAD]
SEAL = [3, KEY, SIGNATURE]
EVENT = pack(["an event"])
NONE = bytes(8)

HELLO = [1, 1, ORIGIN, INCARNATION, 0, [TIP], EPOCH, 5]
WELCOME = [2, 1, HUB, 0, 8192, [TIP], EPOCH, 9]
REFUSE = [3, 9, 4, "over the window"]
EVENTS = [4, ORIGIN, INCARNATION, 1, [2, 3], EVENT, 0, SEAL, 3]
ACK = [5, ORIGIN, INCARNATION, 12, HEAD]
NOTICE = [6, EPOCH, [[5, EVENT, b"proof"], [6, EVENT, b"proof"]]]
NOTICE_ACK = [7, EPOCH, 6]
FETCH = [8, HUB, INCARNATION, 13]
ENROL = [9, 1, ORIGIN, INCARNATION, KEY, KEY, SIGNATURE]
ENROLLED = [10, HUB, ["NHSX", "ABC"]]
FROM = [11, HUB, [INCARNATION, (9).to_bytes(8, "big")]]

RIGHT = [
    ("hello with a tip", "hello", HELLO),
    ("hello of an empty node without a feed", "hello", [1, 1, ORIGIN, INCARNATION, 0, [], None, 0]),
    ("hello of another version, whatever its shape", "hello", [1, 2, "x"]),
    ("welcome", "welcome", WELCOME),
    ("welcome that holds nothing", "welcome", [2, 1, HUB, 1, 1, [], EPOCH, 0]),
    ("refuse", "refuse", REFUSE),
    ("refuse with a reason of a later version", "refuse", [3, 99, 0, ""]),
    ("events of two runs", "events", EVENTS),
    ("events without a seal are a frame, and refused as bad-seal", "events", EVENTS[:7] + [None, 3]),
    ("events packed with zstd", "events", EVENTS[:6] + [1] + EVENTS[7:]),
    ("ack", "ack", ACK),
    ("notice", "notice", NOTICE),
    ("notice-ack", "notice-ack", NOTICE_ACK),
    ("fetch from where it is", "fetch", FETCH),
    ("fetch of everything", "fetch", [8, HUB, None, 1]),
    ("enrol", "enrol", ENROL),
    ("enrolled", "enrolled", ENROLLED),
    ("enrolled for no organisation yet", "enrolled", [10, HUB, []]),
    ("from", "from", FROM),
    ("from of an empty log", "from", [11, HUB, []]),
]


def but(frame, at, value):
    return frame[:at] + [value] + frame[at + 1:]


WRONG = [
    ("nothing", "malformed", Raw(b"")),
    ("no array", "malformed", 4),
    ("an empty array", "malformed", []),
    ("a kind that is a text", "malformed", ["hello"]),
    ("kind 0", "unsupported", [0]),
    ("kind 12", "unsupported", [12, 1]),
    ("a kind beyond 32 bits", "unsupported", [1 << 40]),
    ("bytes behind the frame", "malformed", Raw(pack(ACK) + b"\x00")),
    ("a long form of the kind", "malformed", Raw(b"\x95\xcc\x05" + pack(ACK)[2:])),
    ("a long form of a length", "malformed", Raw(b"\xdc\x00\x05" + pack(ACK)[1:])),
    ("a float", "malformed", Raw(b"\x92\x05\xcb" + bytes(8))),
    ("nested deeper than any frame", "malformed", [3, [[[[]]]]]),
    ("an array that promises 4 GiB", "malformed", Raw(b"\xdd\xff\xff\xff\xff\x05")),
    ("a binary that promises 4 GiB", "malformed", Raw(b"\x95\x05\xc6\xff\xff\xff\xff")),
    ("hello with an element too few", "malformed", HELLO[:-1]),
    ("hello with an element too many", "malformed", HELLO + [0]),
    ("hello of incarnation 0", "malformed", but(HELLO, 3, NONE)),
    ("hello with an origin of 15 bytes", "malformed", but(HELLO, 2, ORIGIN[:15])),
    ("hello with a tip of sequence 0", "malformed", but(HELLO, 5, [[ORIGIN, INCARNATION, 0, HEAD]])),
    ("hello with a tip of incarnation 0", "malformed", but(HELLO, 5, [[ORIGIN, NONE, 1, HEAD]])),
    ("hello with a tip of three elements", "malformed", but(HELLO, 5, [TIP[:3]])),
    ("hello with a head of 31 bytes", "malformed", but(HELLO, 5, [TIP[:3] + [HEAD[:31]]])),
    ("hello with a negative feed number", "malformed", but(HELLO, 7, -1)),
    ("hello with a version that is a text", "malformed", but(HELLO, 1, "1")),
    ("hello of version 1 that is cut", "malformed", [1, 1]),
    ("welcome with a window beyond 32 bits", "malformed", but(WELCOME, 4, 1 << 32)),
    ("refuse without a reason", "malformed", but(REFUSE, 1, 0)),
    ("refuse with a text of 301 bytes", "malformed", but(REFUSE, 3, "x" * 301)),
    ("refuse with a binary for a text", "malformed", but(REFUSE, 3, b"x")),
    ("events of incarnation 0", "malformed", but(EVENTS, 2, NONE)),
    ("events from sequence 0", "malformed", but(EVENTS, 3, 0)),
    ("events of no run", "malformed", but(EVENTS, 4, [])),
    ("events with an empty run", "malformed", but(EVENTS, 4, [2, 2])),
    ("events with runs that go back", "malformed", but(EVENTS, 4, [3, 2])),
    ("events with a run before the first", "malformed", but(EVENTS, 3, 4)),
    ("events with a run of 1025", "malformed", but(but(EVENTS, 4, [1025]), 8, 1025)),
    ("events with 65 runs", "malformed", but(but(EVENTS, 4, list(range(1, 66))), 8, 65)),
    ("events with 4097 in five runs", "malformed",
     but(but(EVENTS, 4, [1024, 2048, 3072, 4096, 4097]), 8, 4097)),
    ("events without bytes", "malformed", but(EVENTS, 5, b"")),
    ("events packed in an unknown way", "malformed", but(EVENTS, 6, 2)),
    ("events with a seal of two elements", "malformed", but(EVENTS, 7, SEAL[:2])),
    ("events with a key of 31 bytes", "malformed", but(EVENTS, 7, [3, KEY[:31], SIGNATURE])),
    ("events of a sender that has less than it sends", "malformed", but(EVENTS, 8, 2)),
    ("events with a sequence at the end of 63 bits", "malformed",
     but(but(EVENTS, 3, (1 << 63) - 1), 4, [(1 << 63) - 2])),
    ("ack of nothing", "malformed", but(ACK, 3, 0)),
    ("ack of incarnation 0", "malformed", but(ACK, 2, NONE)),
    ("notice of nothing", "malformed", but(NOTICE, 2, [])),
    ("notice from number 0", "malformed", but(NOTICE, 2, [[0, EVENT, b""]])),
    ("notices with a hole", "malformed", but(NOTICE, 2, [[5, EVENT, b""], [7, EVENT, b""]])),
    ("notices that go back", "malformed", but(NOTICE, 2, [[5, EVENT, b""], [4, EVENT, b""]])),
    ("a notice with an event over 16384 bytes", "malformed", but(NOTICE, 2, [[5, bytes(16385), b""]])),
    ("65 notices", "malformed", but(NOTICE, 2, [[i, EVENT, b""] for i in range(1, 66)])),
    ("notice-ack of nothing", "malformed", but(NOTICE_ACK, 2, 0)),
    ("fetch from sequence 0", "malformed", but(FETCH, 3, 0)),
    ("fetch of incarnation 0", "malformed", but(FETCH, 2, NONE)),
    ("enrol of incarnation 0", "malformed", but(ENROL, 3, NONE)),
    ("enrol with a signature of 63 bytes", "malformed", but(ENROL, 6, SIGNATURE[:63])),
    ("enrolled for a code in lower case", "malformed", but(ENROLLED, 2, ["nhsx"])),
    ("enrolled for 513 organisations", "malformed", but(ENROLLED, 2, ["ABC"] * 513)),
    ("from with 65 incarnations", "malformed", but(FROM, 2, [INCARNATION] * 65)),
    ("from with incarnation 0", "malformed", but(FROM, 2, [NONE])),
]


def main():
    rows = [{"name": name, "hex": pack(frame).hex(), "valid": True, "kind": kind} for name, kind, frame in RIGHT]
    rows += [{"name": name, "hex": pack(frame).hex(), "valid": False, "error": error} for name, error, frame in WRONG]
    text = json.dumps(rows, indent=1) + "\n"
    (HERE / "frames.json").write_text(text)


if __name__ == "__main__":
    main()
