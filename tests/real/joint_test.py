#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Joint work of many organisations, each with its own node at one hub: joint_test.py coderefinery|elixir

The lead is the first named site; the partners named confirm. The shares are those that the data's notes tell.
"""

import csv
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
from checks import Checks, shared_data  # noqa: E402
from recorded import printed  # noqa: E402
from world import World, join, oracle, register, settled  # noqa: E402

NOW = "2023-06-01T09:00:00Z"
SETS = {  # folder, least number of nodes, joint and all units, all participants and their joint share in tenths (or None)
    "coderefinery": ("coderefinery-workshops", 20, (37, 65), (2593, 770)),
    "elixir": ("elixir-it-training", 19, (9, 12), None),
}
NETWORK = ("N1", "N2", "N3", "N4")
LEVELS = {"coderefinery": 569, "elixir": 750}  # joint units of all, in tenths of a percent


def tenths(part, whole):
    return (2000 * part + whole) // (2 * whole)


def start(world, hub, folder):
    with open(os.path.join(folder, "organisations.csv"), newline="") as table:
        organisations = [(row["code"], row["name"], row["sector"]) for row in csv.DictReader(table)]
    register(hub, organisations)
    nodes = []
    for code, _, _ in organisations:
        node = world.node(code, code).start()
        join(hub, node, code)
        nodes.append(node)
    return nodes


def bring(nodes, folder):
    refused = 0
    for node in nodes:
        path = os.path.join(folder, node.name + ".csv")
        if os.path.exists(path):
            refused += node.rows_of("import", path)[0]["refused"]
    return refused


def confirm(nodes):
    """Every partner confirms what names it; returns (node, claims) of those who had some."""
    return {node.name: len(node.ask("link", "confirm", "--all")) for node in nodes if node.ask("link", "pending")}


def share(daemon, line, *words):
    rows = daemon.level(*words).values()
    return sum(row[line] for row in rows), sum(row["amount"] for row in rows)


def check_oracle(checks, hub):
    for words in ([], ["--by", "lead"], ["--by", "month"], ["--by", "programme"], ["--weight", "participants"],
                  ["--weight", "hours", "--by", "lead"]):
        checks.same("the oracle finds the same: level %s" % " ".join(words), oracle(hub, *words, today=NOW[:10]), None)


def check_claims(checks, nodes, folder):
    """Who has claims to answer is who is named as partner."""
    named = {}
    for node in nodes:
        path = os.path.join(folder, node.name + ".csv")
        if os.path.exists(path):
            with open(path, newline="") as table:
                for row in csv.DictReader(table):
                    for partner in filter(None, row["partners"].split(";")):
                        named[partner] = named.get(partner, 0) + 1
    checks.same("each partner named had its claims, and nobody else", confirm(nodes), named)


def check_network(checks, hub):
    """Once every claim is confirmed the corroborated network is the asserted one."""
    for measure in NETWORK:
        asserted = printed(hub, measure, "--line", "asserted")
        checks.same("%s: as corroborated it is as asserted" % measure, printed(hub, measure), asserted)
    ties = sum(row["ties"] for row in printed(hub, "N1").values())
    checks.that("there are ties", ties > 0, ties)


def check_set(checks, world, name, data):
    _, least, joint, by_people = SETS[name]
    folder = world.path("mapped")
    os.mkdir(folder)
    subprocess.run([sys.executable, os.path.join(HERE, name + ".py"), data, folder], check=True)
    hub = world.hub().start()
    nodes = start(world, hub, folder)
    checks.that("%d nodes at one hub, at least %d" % (len(nodes), least), len(nodes) >= least)
    checks.same("no row is refused", bring(nodes, folder), 0)
    settled(hub, nodes)
    checks.same("joint as asserted", share(hub, "joint_asserted"), joint)
    checks.same("corroborated before anybody answered", share(hub, "joint_corroborated")[0], 0)
    check_claims(checks, nodes, folder)
    settled(hub, nodes)
    checks.same("joint as corroborated", share(hub, "joint_corroborated"), joint)
    checks.same("share by count, in tenths", tenths(*share(hub, "joint_corroborated")), LEVELS[name])
    if by_people is not None:
        people = share(hub, "joint_corroborated", "--weight", "participants")
        checks.same("all participants, and the share by them in tenths", (people[1], tenths(*people)), by_people)
    check_network(checks, hub)
    checks.same("nothing is in doubt", hub.status()["doubts"], 0)
    checks.that("all links are live", all(row["state"] in ("live", "here") for row in hub.ask("node", "list")))
    check_oracle(checks, hub)
    checks.that("verify finds no fault at the hub", hub.call("verify", check=False).returncode == 0)


def main(name):
    data = shared_data(SETS[name][0])
    checks = Checks()
    with World(NOW) as world:
        check_set(checks, world, name, data)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
