# SPDX-License-Identifier: MPL-2.0
"""A second implementation of a node's end of the link, for what an honest node would never say: libzmq by ctypes, frames
by LINK.md, events, runs and seals by the second implementation beside the vectors."""

import base64
import ctypes
import os
import secrets
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "proto", "vectors"))
from make import Map, Raw, h, leaf, pack, sign, tree  # noqa: E402

DEALER = 5
LINGER, RCVTIMEO, SNDTIMEO, CURVE_PUBLIC, CURVE_SECRET, CURVE_SERVER = 17, 27, 28, 48, 49, 50
HELLO, WELCOME, REFUSE, EVENTS, ACK, NOTICE, NOTICE_ACK, FETCH, ENROL, ENROLLED, FROM = range(1, 12)
REASONS = {1: "malformed", 2: "version", 3: "not-enrolled", 4: "wrong-origin", 5: "bad-seal", 6: "fork", 7: "gap", 8: "replaced",
           9: "busy", 10: "enrol-denied", 11: "unexpected", 12: "revoked"}

zmq = ctypes.CDLL("libzmq.so.5", use_errno=True)
zmq.zmq_ctx_new.restype = ctypes.c_void_p
zmq.zmq_socket.restype = ctypes.c_void_p
zmq.zmq_socket.argtypes = [ctypes.c_void_p, ctypes.c_int]
zmq.zmq_setsockopt.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
zmq.zmq_connect.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
zmq.zmq_send.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
zmq.zmq_recv.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
zmq.zmq_close.argtypes = [ctypes.c_void_p]
CONTEXT = zmq.zmq_ctx_new()


def z85(raw):
    text = ctypes.create_string_buffer(len(raw) * 5 // 4 + 1)
    zmq.zmq_z85_encode(text, raw, ctypes.c_size_t(len(raw)))
    return text.value


def from_z85(text):
    raw = ctypes.create_string_buffer(32)
    zmq.zmq_z85_decode(raw, text)
    return raw.raw


def curve_pair():
    public, secret = ctypes.create_string_buffer(41), ctypes.create_string_buffer(41)
    zmq.zmq_curve_keypair(public, secret)
    return from_z85(public.value), from_z85(secret.value)


def curve_public(secret):
    public = ctypes.create_string_buffer(41)
    zmq.zmq_curve_public(public, z85(secret))
    return from_z85(public.value)


class Socket:
    """A DEALER; without keys it does not encrypt."""

    def __init__(self, endpoint, server=None, public=None, secret=None, wait_ms=10000):
        self.socket = zmq.zmq_socket(CONTEXT, DEALER)
        for option, value in ((LINGER, 0), (RCVTIMEO, wait_ms), (SNDTIMEO, 2000)):
            self.set(option, ctypes.c_int(value), 4)
        if server is not None:
            for option, key in ((CURVE_SERVER, server), (CURVE_PUBLIC, public), (CURVE_SECRET, secret)):
                self.set(option, ctypes.create_string_buffer(key, 32), 32)
        zmq.zmq_connect(self.socket, endpoint.encode())

    def set(self, option, value, size):
        if zmq.zmq_setsockopt(self.socket, option, ctypes.byref(value), size) != 0:
            raise OSError("option %d" % option)

    def send(self, data):
        return zmq.zmq_send(self.socket, data, len(data), 0)

    def receive(self):
        """None if nothing comes in time."""
        room = ctypes.create_string_buffer(1 << 20)
        size = zmq.zmq_recv(self.socket, room, len(room), 0)
        return None if size < 0 else room.raw[:size]

    def close(self):
        zmq.zmq_close(self.socket)


def unpack(data):
    """One MessagePack value of the kinds that frames and join codes hold."""
    value, rest = unpack_one(data)
    assert not rest
    return value


def unpack_one(data):
    lead, rest = data[0], data[1:]
    if lead < 0x80 or lead >= 0xE0:
        return (lead if lead < 0x80 else lead - 256), rest
    if lead == 0xC0:
        return None, rest
    if 0xCC <= lead <= 0xD3:
        width = 1 << (lead & 3)
        return int.from_bytes(rest[:width], "big", signed=lead >= 0xD0), rest[width:]
    if 0x90 <= lead < 0xA0:
        return unpack_array(lead & 15, rest)
    if lead in (0xDC, 0xDD):
        width = 2 if lead == 0xDC else 4
        return unpack_array(int.from_bytes(rest[:width], "big"), rest[width:])
    if 0xA0 <= lead < 0xC0:
        return rest[:lead & 31].decode(), rest[lead & 31:]
    width = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}[lead]
    size = int.from_bytes(rest[:width], "big")
    body, rest = rest[width:width + size], rest[width + size:]
    return (body.decode() if lead >= 0xD9 else body), rest


def unpack_array(count, rest):
    items = []
    for _ in range(count):
        item, rest = unpack_one(rest)
        items.append(item)
    return items, rest


def read_join_code(text):
    body = "".join(text.split())[len("tandem1."):].rsplit(".", 1)[0]
    _, endpoint, hub_key, hub, organisations, secret, expires = unpack(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return {"endpoint": endpoint, "hub_key": hub_key, "hub": hub, "organisations": organisations, "secret": secret}


class Stranger:
    """Somebody with a join code who can say anything."""

    def __init__(self, code, now_ms):
        self.code, self.now_ms = read_join_code(code), now_ms
        self.origin, self.incarnation = secrets.token_bytes(16), secrets.token_bytes(8)
        self.seed = secrets.token_bytes(32)
        self.seal_key = sign(self.seed, b"")[0]
        self.link = curve_pair()
        self.events, self.heads, self.socket = [], [bytes(32)], None

    # ---- connections

    def open(self, public=None, secret=None):
        self.close()
        self.socket = Socket(self.code["endpoint"], self.code["hub_key"], public or self.link[0], secret or self.link[1])

    def open_with_code(self):
        self.open(curve_public(self.code["secret"]), self.code["secret"])

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def say(self, frame):
        self.socket.send(frame if isinstance(frame, bytes) else pack(frame))

    def hear(self, *kinds):
        """The next frame of these kinds, or None when nothing comes in time."""
        while True:
            data = self.socket.receive()
            frame = None if data is None else unpack(data)
            if frame is None or frame[0] in kinds:
                return frame

    def refusal(self):
        """(reason, text), or (None, "") if none comes."""
        frame = self.hear(REFUSE)
        return (None, "") if frame is None else (REASONS.get(frame[1], frame[1]), frame[3])

    # ---- frames

    def enrol_frame(self):
        signed = pack(["tandem.enrol/1", self.origin, self.incarnation, self.seal_key, self.link[0]])
        return [ENROL, 1, self.origin, self.incarnation, self.seal_key, self.link[0], sign(self.seed, signed)[1]]

    def enrol(self):
        """What the hub answers: ENROLLED or REFUSE."""
        self.open_with_code()
        self.say(self.enrol_frame())
        return self.hear(ENROLLED, REFUSE)

    def hello_frame(self, **change):
        tips = [[self.origin, self.incarnation, len(self.events), self.heads[-1]]] if self.events else []
        frame = {"kind": HELLO, "version": 1, "origin": self.origin, "incarnation": self.incarnation, "capabilities": 0,
                 "tips": tips, "epoch": None, "number": 0}
        frame.update(change)
        return list(frame.values())

    def hello(self, **change):
        """Open, say HELLO, and return what is answered."""
        self.open()
        self.say(self.hello_frame(**change))
        return self.hear(WELCOME, REFUSE)

    # ---- facts

    def event(self, type_number, subject, body, **change):
        values = {"version": 1, "origin": self.origin, "incarnation": self.incarnation, "sequence": len(self.events) + 1,
                  "type": type_number, "subject": subject, "fact": secrets.token_bytes(16), "time": [self.now_ms, 0],
                  "recorded": self.now_ms, "author": 1, "payload": Map(body)}
        values.update(change)
        return pack(Map(enumerate(values.values(), 1)))

    def events_frame(self, events, first=None, origin=None, base=None, **change):
        """One run of these events behind what was said before, sealed. change: elements by name, as they shall be instead."""
        origin, first = origin or self.origin, first or len(self.events) + 1
        last = first + len(events) - 1
        head = h(b"\x02", base or self.heads[-1], tree([leaf(event) for event in events]))
        signed = pack(["tandem.seal/1", "sha-256", origin, self.incarnation, 1, last, head])
        frame = {"kind": EVENTS, "origin": origin, "incarnation": self.incarnation, "first": first, "lasts": [last],
                 "packed": b"".join(events), "packing": 0, "seal": [last, self.seal_key, sign(self.seed, signed)[1]], "last": last}
        frame.update(change)
        return list(frame.values()), head

    def share(self, *bodies):
        """Say these (type, subject, body) properly and await the ACK; returns it, or the refusal."""
        run = []
        for i, (type_number, subject, body) in enumerate(bodies):
            run.append(self.event(type_number, subject, body, sequence=len(self.events) + 1 + i))
        frame, head = self.events_frame(run)
        self.say(frame)
        answer = self.hear(ACK, REFUSE)
        if answer is not None and answer[0] == ACK:
            self.events += run
            self.heads.append(head)
        return answer
