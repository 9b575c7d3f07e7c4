#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Bad spreadsheets at a node and bad requests at a hub's HTTP: each is told what is wrong, where and what to do; good rows
are kept, nothing else changes, and the daemons go on."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "world"))
from checks import Checks  # noqa: E402
from world import World  # noqa: E402

HEADER = "unit_id,kind,programme,title,start_date,hours,participants,partners\n"


def good(name):
    return "%s,programme,Coaching,Unit,2017-05-10,6,12,\n" % name


WHOLE = [  # files that are refused as a whole: what, bytes, words told
    ("Latin-1", (HEADER + "L1,programme,F\u00fchrung,Unit,2017-05-10,6,12,\n").encode("latin-1"), ("Line 2", "UTF-8", "Save As")),
    ("UTF-16", (HEADER + good("L2")).encode("utf-16"), ("UTF-16", "Save As")),
    ("bytes of no text at all", b"\x89PNG\r\n\x1a\n" + bytes(range(128, 256)) * 20, ("UTF-8",)),
    ("an open quotation mark", (HEADER + '"Q1,programme,Coaching,Unit,2017-05-10,6,12,\n').encode(), ("row 2", "Close")),
    ("nothing", b"", ("empty",)),
    ("rows without a header", good("N1").encode(), ("header", "first row")),
    ("a column twice", ("unit_id," + HEADER + "A," + good("B")).encode(), ("unit_id", "twice")),
]
ROWS = [  # rows that are refused beside good ones: what, row, column, value, words told
    ("a day that does not exist", "D1,programme,Coaching,Unit,2017-02-30,6,12,", "start_date", "2017-02-30", "YYYY-MM-DD"),
    ("a day either way round", "D2,programme,Coaching,Unit,10/05/2017,6,12,", "start_date", "10/05/2017", "either way"),
    ("no day", "D3,programme,Coaching,Unit,,6,12,", "start_date", "", "Enter"),
    ("too few cells", "R1,programme,Coaching", "", "R1", "cells"),
    ("too many cells", "R2,programme,Coaching,Unit,2017-05-10,6,12,,x,y", "", "R2", "cells"),
    ("negative hours", "H1,programme,Coaching,Unit,2017-05-10,-6,12,", "hours", "-6", "Enter the hours"),
    ("hours in words", "H2,programme,Coaching,Unit,2017-05-10,six,12,", "hours", "six", "Enter the hours"),
    ("hours beyond all bounds", "H3,programme,Coaching,Unit,2017-05-10,1e9,12,", "hours", "1e9", "Enter the hours"),
    ("people beyond all bounds", "P1,programme,Coaching,Unit,2017-05-10,6,99999999999999999999,", "participants",
     "99999999999999999999", "whole number"),
    ("half a person", "P2,programme,Coaching,Unit,2017-05-10,6,2.5,", "participants", "2.5", "whole number"),
    ("an unknown kind", "K1,course,Coaching,Unit,2017-05-10,6,12,", "kind", "course", "programme"),
    ("a partner that is no code", "C1,programme,Coaching,Unit,2017-05-10,6,12,??", "partners", "??", ""),
    ("an unknown phase", "C2,programme,Coaching,Unit,2017-05-10,6,12,KBB2:cook", "partners", "KBB2:cook", "plan"),
    ("a title of 70,000 letters", "T1,programme,Coaching,%s,2017-05-10,6,12," % ("t" * 70000), "title", "t" * 60, "Shorten"),
    ("a formula for a code", "C3,programme,Coaching,Unit,2017-05-10,6,12,=1+1", "partners", "=1+1", ""),
]


def import_bytes(node, data):
    path = node.world.path("sheet.csv")
    with open(path, "wb") as out:
        out.write(data)
    return path


def check_files(checks, node):
    before = node.exported()
    for what, data, words in WHOLE:
        done = node.call("import", import_bytes(node, data), "--format", "json", check=False)
        checks.that("a file of %s is refused" % what, done.returncode == 1, (done.returncode, done.stdout))
        checks.says("a file of %s: what, where, what to do" % what, done.stdout + done.stderr, *words)
    checks.same("no file changed anything", node.exported(), before)
    report = node.rows_of("import", import_bytes(node, (HEADER + good("BOM1")).encode("utf-8-sig")))[0]
    checks.same("UTF-8 with its mark is read", (report["new"], report["refused"]), (1, 0))
    report = node.rows_of("import", import_bytes(node, (HEADER + good("CR1")).replace("\n", "\r\n").encode()))[0]
    checks.same("lines that end as on Windows are read", (report["new"], report["refused"]), (1, 0))


def check_rows(checks, node):
    for what, row, column, value, word in ROWS:
        name = "G" + row.split(",")[0]
        report = node.rows_of("import", import_bytes(node, (HEADER + good(name) + row + "\n").encode()))[0]
        checks.same("%s: the good row is kept, the bad one refused" % what, (report["new"], report["refused"]), (1, 1))
        told = report["refusals"][0]
        checks.same("%s: row, column and value are told" % what, (told["row"], told["column"], told["value"]), (3, column, value))
        checks.says("%s: and what to do" % what, told["what"], word)
    twice = good("E1") + good("E1").replace("Unit", "Other")
    report = node.rows_of("import", import_bytes(node, (HEADER + twice).encode()))[0]
    checks.same("an id twice with other content: the second is refused", (report["new"], report["refused"]), (1, 1))
    checks.says("naming the row of the first", report["refusals"][0]["what"], "row 2", "Keep one")
    listed = {row["unit"] for row in node.ask("unit", "list")}
    checks.same("no refused row was kept", [row[1].split(",")[0] for row in ROWS if "KAA1/" + row[1].split(",")[0] in listed], [])
    before = node.exported()
    report = node.rows_of("import", import_bytes(node, (HEADER + ROWS[0][1] + "\n").encode()), "--register", "r")[0]
    checks.same("a register of refused rows alone withdraws nothing", report["withdrawn"], 0)
    checks.same("and changes nothing", node.exported(), before)


def ask(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while True:
                more = connection.recv(65536)
                if not more:
                    return answer
                answer += more
        except ConnectionResetError:
            return answer


def requests(port):
    host, close = b"Host: 127.0.0.1:%d\r\n" % port, b"Connection: close\r\n"

    def get(target):
        return b"GET " + target + b" HTTP/1.1\r\n" + host + close + b"\r\n"

    def post(headers, body):
        return b"POST /api/v1/level HTTP/1.1\r\n" + host + close + headers + b"\r\n" + body

    return [  # what, bytes, status, words told
        ("no Host", b"GET /api/v1/level HTTP/1.1\r\n" + close + b"\r\n", 400, b"Host"),
        ("two Hosts", b"GET /api/v1/level HTTP/1.1\r\n" + host + host + close + b"\r\n", 400, b"more than once"),
        ("two Content-Lengths", post(b"Content-Length: 1\r\nContent-Length: 2\r\n", b"ab"), 400, b"more than once"),
        ("two Transfer-Encodings", post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), 400, b"Transfer"),
        ("Content-Length beside Transfer-Encoding",
         post(b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), 400, b"beside"),
        ("POST where there is none", post(b"Content-Length: 0\r\n", b""), 405, b"GET"),
        ("a body of a terabyte", post(b"Content-Length: 999999999999\r\n", bytes(100000)), 405, b""),
        ("a path to another file", get(b"/../../etc/passwd"), 404, b"nothing at"),
        ("a header too large", b"GET /livez HTTP/1.1\r\n" + host + close + b"X: " + b"a" * 40000 + b"\r\n\r\n", 431, b""),
        ("a target too long", get(b"/" + b"a" * 40000), 414, b""),
        ("noise", bytes(range(256)) + b"\r\n\r\n", 400, b""),
        ("a zero byte in the target", get(b"/api/v1/level?fy=%00"), 400, b"control"),
        ("an unknown parameter", get(b"/api/v1/level?colour=red"), 400, b"colour"),
        ("a year that is none", get(b"/api/v1/level?fy=2017"), 400, b"2017/18"),
        ("an unknown breakdown", get(b"/api/v1/level?by=person"), 400, b"programme"),
        ("a moment that is none", get(b"/api/v1/level?as_of=yesterday"), 400, b"moment"),
        ("figures about people", get(b"/api/v1/level?weight=participants"), 403, b"people"),
        ("the measures", get(b"/api/v1/measures"), 200, b'"measure":"N1"'),
        ("a measure", get(b"/api/v1/measures/N1?fy=2017/18&line=asserted"), 200, b'"schema":"tandem.measure/1"'),
        ("a measure by its name", get(b"/api/v1/measures/density"), 200, b'"schema":"tandem.measure/1"'),
        ("a measure that is none", get(b"/api/v1/measures/densty"), 404, b"density"),
        ("a breakdown that is none", get(b"/api/v1/measures/N1?by=colour"), 400, b"total"),
        ("an unknown parameter of a measure", get(b"/api/v1/measures/N1?audience=hub_analyst"), 400, b"audience"),
        ("people who were not released", get(b"/api/v1/measures/R1"), 404, b"released"),
        ("people as of a moment", get(b"/api/v1/measures/R1?as_of=2017-05-01"), 403, b"releases only"),
    ]


def check_requests(checks, hub):
    port, before = hub.http_port(), hub.exported()
    for what, data, status, word in requests(port):
        answer = ask(port, data)
        first = answer.split(b"\r\n", 1)[0]
        checks.that("%s: %d" % (what, status), first.startswith(b"HTTP/1.1 %d " % status) and word in answer, answer[:400])
    checks.same("no request changed anything", hub.exported(), before)
    counted = hub.metrics()
    for name, least in (('route="none",method="POST",code="400"', 3), ('route="level",method="GET",code="403"', 1),
                        ('route="level",method="GET",code="400"', 4), ('route="none",method="GET",code="404"', 1)):
        checks.that("counted: %s" % name, counted.get("tandem_http_requests_total{%s}" % name, 0) >= least, counted)
    checks.that("the hub goes on", ask(port, requests(port)[0][1].replace(b"\r\n", b"\r\nHost: hub\r\n", 1)).startswith(b"HTTP/1.1 200"))


def main():
    checks = Checks()
    with World() as world:
        node = world.node("alder", "KAA1").start()
        check_files(checks, node)
        check_rows(checks, node)
        check_requests(checks, world.hub().start())
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
