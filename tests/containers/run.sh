#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
#
# run.sh: the container form really runs: an engine of its own in a scratch folder, the image built from the tree's
# Dockerfile, docker-compose.yml brought up, an import at a node moves the level at the hub, a killed container comes
# back with all it had, and nothing is left behind.
#
# Needs root and the packages of `tools/setup campaign`. The engine makes no firewall rules: builds use the host's
# network, the containers a bridge of their own.
set -euo pipefail

SOURCE=${TANDEM_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
WORK=$(mktemp -d /tmp/tandem-engine-XXXXXX)
PROJECT=tandemtest$$
export DOCKER_HOST=unix://$WORK/d.sock DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0 DOCKER_CONFIG=$WORK/config
PASSED=0

# shellcheck source=../../tools/lib/say.sh
. "$SOURCE/tools/lib/say.sh"

compose() { docker-compose --ansi never -p "$PROJECT" -f "$SOURCE/docker-compose.yml" --project-directory "$SOURCE" "$@"; }

# in_service SERVICE WORDS...: the command in that container.
in_service() {
    local service=$1
    shift
    compose exec -T "$service" tandem "$@" </dev/null
}

good() {
    PASSED=$((PASSED + 1))
    say "[       OK ] $*"
}

clean_up() {
    local status=$?
    trap - EXIT INT TERM
    if [ "$status" != 0 ]; then
        compose logs --tail=20 2>/dev/null || true
        tail -n 20 "$WORK"/*.log 2>/dev/null || true
    fi
    compose down -v -t 5 >/dev/null 2>&1 || true
    [ ! -s "$WORK/d.pid" ] || { kill "$(cat "$WORK/d.pid")" 2>/dev/null && wait "$ENGINE"; } || true
    findmnt -rno TARGET | { grep "^$WORK/" || true; } | sort -r | while read -r place; do umount "$place" || true; done
    rm -rf "$WORK"
    exit "$status"
}

start_engine() {
    dockerd --data-root "$WORK/root" --exec-root "$WORK/exec" -p "$WORK/d.pid" -H "$DOCKER_HOST" --iptables=false \
        --ip-masq=false --bridge=none --exec-opt native.cgroupdriver=cgroupfs >"$WORK/engine.log" 2>&1 &
    ENGINE=$!
    wait_for 60 "the engine" docker version >/dev/null 2>&1
    good "an engine runs"
}

build_image() {
    mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$WORK/base.tar"
    docker import "$WORK/base.tar" debian:bookworm-slim >/dev/null
    rm "$WORK/base.tar"
    docker build --network host -t tandem "$SOURCE" >"$WORK/build.log" 2>&1
    good "the image builds: $(docker image inspect -f '{{.Size}}' tandem) bytes"
}

is_healthy() {
    [ "$(docker inspect -f '{{.State.Health.Status}}' "$(compose ps -q "$1")" 2>/dev/null)" = healthy ]
}

has_joined() { in_service "$1" status --quiet --format jsonl 2>/dev/null | grep -q '"state":"live"'; }

bring_up() {
    local service
    compose up -d >"$WORK/up.log" 2>&1
    for service in hub hospitals council primary-care; do
        wait_for 120 "$service to be healthy" is_healthy "$service"
    done
    for service in hospitals council primary-care; do
        wait_for 60 "$service to join" has_joined "$service"
    done
    good "hub and nodes are healthy, and the nodes joined by themselves"
}

units_at() { in_service "$1" level --fy 2017/18 --quiet --format csv --fields units 2>/dev/null | tail -n +2 | tr -d '\r\n'; }

has_units() { [ "$(units_at "$1")" = "$2" ]; }

import_sample() {
    compose exec -T "$1" tandem import - --quiet <"$SOURCE/examples/$2" >/dev/null
}

# A started container has another process than before.
process_of() { docker inspect -f '{{.State.Pid}}' "$(compose ps -q "$1")"; }

kill_and_recover() {
    local before
    before=$(process_of "$1")
    kill -9 "$before"
    wait_for 60 "$1 to come back" has_other_process "$1" "$before"
    wait_for 60 "$1 to be healthy again" is_healthy "$1"
}

has_other_process() {
    local now
    now=$(process_of "$1")
    [ "$now" != 0 ] && [ "$now" != "$2" ]
}

is_unprivileged() {
    [ "$(compose exec -T hub id -u </dev/null)" != 0 ] && ! compose exec -T hub touch /usr/bin/x </dev/null 2>/dev/null
}

leaves_nothing() {
    compose down -v -t 5 >"$WORK/down.log" 2>&1
    [ -z "$(docker ps -aq)$(docker volume ls -q)$(docker network ls -q --filter "name=$PROJECT")" ]
}

main() {
    [ "$(id -u)" = 0 ] || fail "an engine needs root"
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start_engine
    build_image
    bring_up
    is_unprivileged && good "nobody is root in there, and the root file system is read-only"
    has_units hub "" && good "there is no level yet"
    import_sample hospitals hospitals-1.csv
    wait_for 60 "the level to move at the hub" has_units hub 11
    good "an import at a node moves the level at the hub: $(units_at hub) units"
    kill_and_recover hub
    wait_for 30 "the hub to count again" has_units hub 11
    good "a killed hub comes back with all it had"
    import_sample council council-1.csv
    wait_for 60 "the other node's units" has_units hub 16
    good "and goes on counting: $(units_at hub) units"
    kill_and_recover hospitals
    wait_for 60 "hospitals to be linked again" has_joined hospitals
    good "a killed node comes back and links again"
    leaves_nothing && good "down leaves nothing behind"
    say "[  PASSED  ] $PASSED test(s)."
}

main "$@"
