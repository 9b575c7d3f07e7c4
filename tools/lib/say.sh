# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=bash
#
# say.sh: how the scripts of tools/ talk and wait. Sourced, not run.

say() { printf '%s\n' "$*"; }

heading() { printf '\n== %s\n' "$*"; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds. The only pause in these scripts: it is between two
# looks at a state, never instead of one.
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || fail "gave up waiting: $what"
        sleep 0.05
    done
}
