#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
#
# make.py: writes events.json and runs.json beside itself.
#
# A second implementation of the formats, from the headers alone and with nothing but Python's own library,
# so that the C code is not its own judge. Run it after a change of include/tandem/schema.def:
#     python3 proto/vectors/make.py
import datetime
import hashlib
import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = HERE.parent.parent / "include" / "tandem" / "schema.def"


# ---- MessagePack, canonical ----
class Map(list):
    """Pairs in the order given, also where that is wrong."""


class Raw(bytes):
    """Bytes that stand as they are."""


def number(value):
    forms = [(0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)] if value >= 0 else [(0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8)]
    if -32 <= value < 128:
        return (value & 0xFF).to_bytes(1, "big")
    for lead, width in forms:
        bits = 8 * width - (value < 0)
        if (value if value >= 0 else -value - 1) < 1 << bits:
            return bytes([lead]) + (value & (1 << 8 * width) - 1).to_bytes(width, "big")
    raise ValueError(value)


def sized(count, short, short_max, forms):
    if count <= short_max:
        return bytes([short | count])
    for lead, width in forms:
        if count < 1 << 8 * width:
            return bytes([lead]) + count.to_bytes(width, "big")
    raise ValueError(count)


def pack(value):
    if isinstance(value, Raw):
        return bytes(value)
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, str):
        text = value.encode()
        return sized(len(text), 0xA0, 31, [(0xD9, 1), (0xDA, 2), (0xDB, 4)]) + text
    if isinstance(value, bytes):
        return sized(len(value), 0, -1, [(0xC4, 1), (0xC5, 2), (0xC6, 4)]) + value
    if isinstance(value, Map):
        return sized(len(value), 0x80, 15, [(0xDE, 2), (0xDF, 4)]) + b"".join(pack(k) + pack(v) for k, v in value)
    return sized(len(value), 0x90, 15, [(0xDC, 2), (0xDD, 4)]) + b"".join(pack(v) for v in value)


# ---- the schema table ----
INT64 = {"INT64_MAX": (1 << 63) - 1, "INT64_MIN": -(1 << 63)}


def cells(line):
    return [c.strip().strip('"') for c in re.findall(r'"[^"]*"|[^,()]+', line.split("(", 1)[1].rsplit(")", 1)[0]) if c.strip()]


def read_schema():
    types, words = {}, {}
    for line in SCHEMA.read_text().splitlines():
        if line.startswith("TDM_TYPE("):
            c = cells(line)
            types[c[1]] = {"number": int(c[0]), "name": c[2], "scope": c[3], "duty": c[4], "fields": []}
        elif line.startswith("TDM_FIELD("):
            c = cells(line)
            low, high = (INT64[x] if x in INT64 else int(x) for x in (c[5], c[6]))
            types[c[0]]["fields"].append({"number": int(c[1]), "name": c[3], "kind": c[4], "min": low, "max": high,
                                          "needed": c[7] != "OPTIONAL", "of": c[8]})
        elif line.startswith("TDM_ENUM("):
            c = cells(line)
            words.setdefault(c[0], {})[int(c[1])] = c[3]
    return types, words


TYPES, WORDS = read_schema()


# ---- values: a MessagePack value and its JSON, by kind ----
def day_text(days):
    return str(datetime.date(1970, 1, 1) + datetime.timedelta(days))


def time_text(ms, offset=0):
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms, minutes=offset)
    sign = "-" if offset < 0 else "+"
    zone = "Z" if offset == 0 else f"{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}{zone}"


def hexed(value):
    return value, value.hex()


def clip(field, value):
    return max(field["min"], min(field["max"], value))


def filler(field, seed, high):
    """A text within bounds: two-byte letters too, as long as may be when high."""
    text = ("Grüße " + field["name"] + f" {seed}")[: max(field["max"] // 2, 1)] if not high else "ü" * (field["max"] // 2)
    return text if len(text.encode()) >= field["min"] else text + "x" * field["min"]


def sample(field, seed, high):
    kind = field["kind"]
    if kind in ("UINT", "INT"):
        value = field["max"] if high else clip(field, 100 + seed)
        return value, value
    if kind == "BOOL":
        return bool(seed % 2), bool(seed % 2)
    if kind == "CODE":
        text = "ZZZZ99999999" if high else f"AB{seed}"
        return text, text
    if kind == "PERIOD":
        text = ["2017/18", "2017/18Q4", "2017-04"][seed % 3]
        return text, text
    if kind == "SUBJECT":
        text = f"unit/AB1/no {seed}"
        return text, text
    if kind == "TEXT":
        text = filler(field, seed, high)
        return text, text
    if kind in ("ID", "DIGEST", "KEY"):
        return hexed(bytes((seed + i) % 256 for i in range(field["max"])))
    if kind == "INCARNATION":
        return hexed((seed + 1).to_bytes(8, "big"))
    if kind == "DATE":
        return 17257 + seed, day_text(17257 + seed)
    if kind == "TIME":
        return 1491037200000 + seed, time_text(1491037200000 + seed)
    if kind == "YEAR":
        return 2017, "2017/18"
    if kind == "ENUM":
        return (99, 99) if high else (1, WORDS[field["of"]][1])
    if kind == "TYPE":
        return 42, "session"
    if kind == "TEXTS":
        return ["one", "zwölf"], ["one", "zwölf"]
    if kind == "LIST":
        parts = [payload(field["of"], seed + i, high) for i in range(2)]
        return [m for m, _ in parts], [j for _, j in parts]
    if kind == "BODY":
        return payload("SESSION", seed, high)
    raise ValueError(kind)


def payload(name, seed, high=False, optional=True):
    packed, shown = Map(), {}
    for field in TYPES[name]["fields"]:
        if field["needed"] or optional:
            value, text = sample(field, seed + field["number"], high)
            packed.append((field["number"], value))
            shown[field["name"]] = text
    return packed, shown


# ---- events ----
ORIGIN, INCARNATION, FACT = bytes(range(16)), (7).to_bytes(8, "big"), bytes(range(240, 256))
SUBJECT, EVENT_MS, OFFSET, RECORDED = "unit/AB1/x", 1491037200000, 60, 1491037200123
KEYS = ["version", "origin", "incarnation", "sequence", "type", "subject", "fact", "event_time", "recorded_time",
        "author", "payload"]


def envelope(type_number, body, **change):
    values = dict(zip(KEYS, [1, ORIGIN, INCARNATION, 3, type_number, SUBJECT, FACT, [EVENT_MS, OFFSET], RECORDED, 1, body]))
    values.update(change)
    return Map((KEYS.index(k) + 1, v) for k, v in values.items() if v is not ...)


def line(type_name, shown, **change):
    values = {"kind": "event", "version": 1, "origin": ORIGIN.hex(), "incarnation": INCARNATION.hex(), "sequence": 3,
              "type": type_name, "subject": SUBJECT, "fact": FACT.hex(), "event_time": time_text(EVENT_MS, OFFSET),
              "recorded_time": time_text(RECORDED), "author": "development_staff", "payload": shown}
    values.update(change)
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def valid(name, value, text):
    return {"name": name, "hex": pack(value).hex(), "valid": True, "json": text}


def refused(name, data, error):
    return {"name": name, "hex": (data if isinstance(data, bytes) else pack(data)).hex(), "valid": False, "error": error}


SESSION = Map([(1, "AB1"), (2, 17257), (3, 150)])
SESSION_JSON = {"recorder": "AB1", "date": "2017-04-01", "hours_hundredths": 150}


def session(*more):
    return envelope(42, Map(SESSION + list(more)))


def of_each_type():
    for name, row in TYPES.items():
        if row["scope"] != "SYSTEM":
            continue
        for title, high, optional in (("all fields", False, True), ("needed fields only", False, False),
                                      ("largest values", True, True)):
            body, shown = payload(name, row["number"], high, optional)
            yield valid(f"{row['name']}: {title}", envelope(row["number"], body), line(row["name"], shown))


def kept():
    nested = Map([(0, None), (7, [b"\x00\xff", "a\nb\x00\x7f\"\\", -(1 << 63), (1 << 63) - 1, True, [], Map()])])
    shown = {"$map": [[0, None], [7, [{"$bin": "00ff"}, "a\nb\x00\x7f\"\\", -(1 << 63), (1 << 63) - 1, True, [], {"$map": []}]]]}
    yield valid("an unknown field is kept", session((9, nested)), line("session", {**SESSION_JSON, "#9": shown}))
    yield valid("an unknown field 0 is kept", envelope(42, Map([(0, -1)] + SESSION)), line("session", {"#0": -1, **SESSION_JSON}))
    yield valid("an unknown type is kept", envelope(999, Map([(1, "x"), (2, nested)])), line(999, {"#1": "x", "#2": shown}))
    yield valid("an empty payload of an unknown type is kept", envelope(3, Map()), line(3, {}))
    yield valid("an unknown author is kept", envelope(42, SESSION, author=77), line("session", SESSION_JSON, author=77))
    yield valid("an unknown enumeration value is kept", session((4, 98)), line("session", {**SESSION_JSON, "type": 98}))
    yield valid("the largest sequence", envelope(42, SESSION, sequence=(1 << 63) - 1), line("session", SESSION_JSON, sequence=(1 << 63) - 1))
    yield valid("a time before 1970 in a western zone", envelope(42, SESSION, event_time=[-1, -1080]),
                line("session", SESSION_JSON, event_time=time_text(-1, -1080)))
    yield valid("a body of an unknown type is kept", envelope(60, Map([(2, 998), (3, Map([(1, 5)]))])),
                line("correction", {"target_type": 998, "body": {"#1": 5}}))
    tide = lambda ms: envelope(2, Map([(1, ms), (2, [])]))
    yield valid("a tide of no year with four digits", tide(-(1 << 63)), line("tide", {"time": -(1 << 63), "entries": []}))


def broken_forms():
    good = pack(session())
    nest = lambda depth: Raw(b"\x91" * depth + b"\xc0")
    yield refused("no bytes", b"", "cut short")
    yield refused("cut short", good[:-1], "cut short")
    yield refused("a trailing byte", good + b"\xc0", "bytes after the end")
    yield refused("an integer in a longer form", session((9, Raw(b"\xcc\x7f"))), "shortest form")
    yield refused("a negative integer in a longer form", session((9, Raw(b"\xd0\xe0"))), "shortest form")
    yield refused("a positive integer in a signed form", session((9, Raw(b"\xd1\x7f\xff"))), "shortest form")
    yield refused("a text in a longer form", session((9, Raw(b"\xd9\x01x"))), "shortest form")
    yield refused("a binary in a longer form", session((9, Raw(b"\xc5\x00\x01x"))), "shortest form")
    yield refused("an array in a longer form", session((9, Raw(b"\xdc\x00\x00"))), "shortest form")
    yield refused("a map in a longer form", session((9, Raw(b"\xde\x00\x00"))), "shortest form")
    yield refused("an integer above 2^63-1", session((9, Raw(b"\xcf\x80" + bytes(7)))), "2^63-1")
    yield refused("descending keys", envelope(42, Map(reversed(SESSION))), "not ascending")
    yield refused("a duplicate key", session((3, 151)), "twice")
    yield refused("a key that is text", session(("a", 1)), "unsigned integer")
    yield refused("a negative key", envelope(42, Map([(-1, 1)] + SESSION)), "unsigned integer")
    yield refused("a 32-bit float", session((9, Raw(b"\xca" + bytes(4)))), "float")
    yield refused("a 64-bit float", session((9, Raw(b"\xcb" + bytes(8)))), "float")
    yield refused("an ext", session((9, Raw(b"\xc7\x01\x05x"))), "ext")
    yield refused("a fixed ext", session((9, Raw(b"\xd4\x05x"))), "ext")
    yield refused("the byte c1", session((9, Raw(b"\xc1"))), "0xc1")
    for title, text in (("a lone continuation byte", b"\x80"), ("an overlong form", b"\xc0\xaf"), ("a surrogate", b"\xed\xa0\x80"),
                        ("a letter above U+10FFFF", b"\xf4\x90\x80\x80"), ("a letter cut short", b"\xe2\x82")):
        yield refused(f"broken UTF-8: {title}", session((9, Raw(bytes([0xA0 | len(text)]) + text))), "UTF-8")
    yield refused("too deep nesting", session((9, nest(20))), "too deep")
    yield refused("a huge array header", session((9, Raw(b"\xdd\xff\xff\xff\xff"))), "more elements")
    yield refused("a huge map header", session((9, Raw(b"\xdf\x7f\xff\xff\xff"))), "more elements")
    yield refused("a text longer than the bytes", session((9, Raw(b"\xdb\xff\xff\xff\xff"))), "cut short")
    yield refused("more than 16384 bytes", session((9, b"x" * 16384)), "16384")
    yield refused("an array in place of an event", [1, 2], "map")


def broken_envelopes():
    bad = lambda **change: envelope(42, SESSION, **change)
    yield refused("a row of the private log", envelope(200, Map([(1, "p")])), "never an event")
    yield refused("a body of the private log", envelope(60, Map([(2, 200), (3, Map([(1, "p")]))])), "cannot be amended")
    yield refused("version 0", bad(version=0), "version is not 1")
    yield refused("version 2", bad(version=2), "version 2")
    yield refused("version 2 with other keys", Map([(1, 2), (99, True)]), "version 2")
    for key in KEYS:
        yield refused(f"{key} is missing", bad(**{key: ...}), f"{key} is missing")
    yield refused("an unknown envelope key", Map(session() + [(12, 1)]), "unknown key")
    for key, value, error in (
            ("origin", "text", "origin is not 16"), ("origin", b"short", "origin is not 16"),
            ("incarnation", bytes(8), "incarnation is zero"), ("incarnation", bytes(7), "incarnation is not 8"),
            ("sequence", 0, "sequence is not"), ("sequence", -1, "sequence is not"), ("type", 1000, "type is not"),
            ("type", 1001, "type is not"), ("subject", "", "subject is not"), ("subject", "s" * 161, "subject is not"),
            ("subject", "a\nb", "control"), ("fact", bytes(15), "fact is not"), ("event_time", [1], "array of two"),
            ("event_time", [1, 1081], "event_time is out of bounds"), ("event_time", [1 << 62, 0], "event_time is out of bounds"),
            ("event_time", ["a", 0], "two integers"), ("recorded_time", 1 << 62, "recorded_time is out of bounds"),
            ("author", 0, "author is not"), ("author", 100, "author is not"), ("payload", [], "payload is not a map")):
        yield refused(f"{key} as {value!r}"[:60], bad(**{key: value}), error)


def broken_payloads():
    bad = lambda pairs, number=42: envelope(number, Map(pairs))
    change = lambda key, value: [(k, value if k == key else v) for k, v in SESSION]
    yield refused("a missing field", bad(SESSION[:2]), "session.hours_hundredths is missing")
    yield refused("a field of the wrong kind", bad(change(2, "2017-04-01")), "session.date is not an integer")
    yield refused("a number out of bounds", bad(change(3, 1000001)), "session.hours_hundredths is out of bounds")
    yield refused("a negative number", bad(change(3, -1)), "session.hours_hundredths is out of bounds")
    yield refused("a code in small letters", bad(change(1, "ab1")), "session.recorder")
    yield refused("a code too long", bad(change(1, "A" * 13)), "session.recorder")
    yield refused("control characters in a text", bad([(1, b"\x01" * 16), (2, "a\x1fb")], 61), "void.reason has control")
    yield refused("DEL in a text", bad([(2, "a\x7f")], 61), "void.reason has control")
    yield refused("a text too long", bad([(2, "r" * 301)], 61), "void.reason is too short or too long")
    yield refused("an id of 15 bytes", bad([(1, bytes(15))], 61), "void.target_origin has the wrong length")
    yield refused("an incarnation of zero", bad([(1, 1), (2, bytes(8))], 1), "incarnation.predecessor is zero")
    yield refused("a period of two years", bad([(1, "AB1"), (2, "2017/19")], 30), "return_made.period")
    yield refused("a month 13", bad([(1, "AB1"), (2, "2017-13")], 30), "return_made.period")
    yield refused("a number for a bool", bad([(1, "AB1"), (2, "2017-12"), (3, 1)], 30), "return_made.nil")
    yield refused("an empty tag", bad([(1, "p"), (2, "n"), (6, [""])], 15), "catalogue_entry.tags")
    yield refused("tags as text", bad([(1, "p"), (2, "n"), (6, "x")], 15), "catalogue_entry.tags")
    yield refused("61 tags", bad([(1, "p"), (2, "n"), (6, ["t"] * 61)], 15), "catalogue_entry.tags")
    yield refused("a part with a missing field", bad([(1, "AB1"), (2, FACT), (3, 1), (4, [Map([(1, "c")])])], 43), "category_count.people is missing")
    yield refused("a part that is no map", bad([(1, "AB1"), (2, FACT), (3, 1), (4, [5])], 43), "category_count")
    yield refused("121 entries in a tide", bad([(1, 0), (2, [Map()] * 121)], 2), "tide.entries")
    yield refused("a body that is no map", bad([(2, 42), (3, 5)], 60), "correction.body is not a map")
    yield refused("a body against its type", bad([(2, 42), (3, Map(SESSION[:2]))], 60), "session.hours_hundredths is missing")
    part = Map([(1, "AB1"), (2, FACT), (3, 1), (4, [Map([(2, 1)])])])
    yield refused("a list in a body against its part type", bad([(2, 43), (3, part)], 60), "category_count.category is missing")
    yield refused("a body that is an amendment", bad([(2, 61), (3, Map())], 60), "cannot be amended")
    yield refused("a body of a part type", bad([(2, 1001), (3, Map())], 60), "correction.target_type is out of bounds")


def events():
    for part in (of_each_type, kept, broken_forms, broken_envelopes, broken_payloads):
        yield from part()


# ---- Ed25519, by RFC 8032 section 5.1 ----
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point_add(a, b):
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, d - c, d + c, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_mul(n, point):
    total = (0, 1, 1, 0)
    while n:
        if n & 1:
            total = point_add(total, point)
        point, n = point_add(point, point), n >> 1
    return total


def base_point():
    y = 4 * pow(5, P - 2, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    x = P - x if x & 1 else x
    return x, y, 1, x * y % P


def point_bytes(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def sha512_number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def sign(seed, message):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ~7 & (1 << 254) - 1 | 1 << 254
    public = point_bytes(point_mul(scalar, base_point()))
    r = sha512_number(digest[32:], message) % L
    point = point_bytes(point_mul(r, base_point()))
    s = (r + sha512_number(point, public, message) % L * scalar) % L
    return public, point + s.to_bytes(32, "little")


# ---- runs ----
def h(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tree(leaves):
    """RFC 6962 section 2.1, as written there."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return h(b"\x01", tree(leaves[:k]), tree(leaves[k:]))


def path(index, leaves):
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if index < k:
        return path(index, leaves[:k]) + [tree(leaves[k:])]
    return path(index - k, leaves[k:]) + [tree(leaves[:k])]


def leaf(data):
    return h(b"\x00", data)


def sealed(last, head):
    return pack(["tandem.seal/1", "sha-256", ORIGIN, INCARNATION, 1, last, head])


def log(count, first=1):
    return [pack(envelope(42, SESSION, sequence=first + i)) for i in range(count)]


def run_vectors():
    for count in (1, 2, 3, 4, 5, 7, 8, 13):
        data = log(count)
        root = tree([leaf(e) for e in data])
        yield {"events": [e.hex() for e in data], "root": root.hex(), "previous": bytes(32).hex(),
               "head": h(b"\x02", bytes(32), root).hex()}


def seal_vector(seed, last):
    head = h(b"head", bytes([last % 256]))
    public, signature = sign(seed, sealed(last, head))
    return {"seed": seed.hex(), "public": public.hex(), "origin": ORIGIN.hex(), "incarnation": INCARNATION.hex(),
            "last": last, "head": head.hex(), "sealed": sealed(last, head).hex(), "signature": signature.hex()}


def proof_vector(index):
    """Three runs of 2, 5 and 3 events; the event is in the second, the seal is after the third."""
    seed = bytes([9] * 32)
    runs = [log(2, 1), log(5, 3), log(3, 8)]
    roots = [tree([leaf(e) for e in run]) for run in runs]
    heads = [bytes(32)]
    for root in roots:
        heads.append(h(b"\x02", heads[-1], root))
    siblings = path(index, [leaf(e) for e in runs[1]])
    public, signature = sign(seed, sealed(10, heads[3]))
    proof = pack(["tandem.proof/1", "sha-256", 3, 7, heads[1], siblings, [roots[2]], 10, public, signature])
    return {"event": runs[1][index].hex(), "proof": proof.hex()}


def assertion_vector(more):
    pairs = dict([(1, "AB1"), (2, "CD2"), (3, 2)] + more)
    values = ["tandem.assertion/1", ORIGIN, SUBJECT, FACT, pairs[2], pairs[3], pairs.get(4, ""), pairs.get(5), pairs.get(6, False)]
    return {"event": pack(envelope(50, Map(pairs.items()))).hex(), "digest": h(pack(values)).hex()}


def runs():
    return {"runs": list(run_vectors()),
            "seals": [seal_vector(bytes([s] * 32), last) for s, last in ((1, 1), (2, 1024), (3, (1 << 63) - 1))],
            "proofs": [proof_vector(i) for i in range(5)],
            "assertions": [assertion_vector(m) for m in ([], [(4, "host")], [(4, "")], [(5, 0)], [(4, "host"), (5, 250), (6, True)], [(6, False)])]}


def write(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    write("events.json", list(events()))
    write("runs.json", runs())
