# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=bash
#
# daemons.sh: one hub and its nodes on loopback in a scratch folder: started, asked, awaited, ended. Sourced after
# say.sh by a script that sets BIN (folder of the programs) and SCRATCH.
#
# A process is known by its id together with its start time, so that an id that was given anew is left alone.

declare -A PIDS=()

# Clock ticks since boot at which a process started; empty if it is gone.
start_time() {
    local text
    text=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    text=${text##*) } # the name in brackets may hold anything
    read -ra text <<<"$text"
    [ "${text[0]}" = Z ] || echo "${text[19]}"
}

is_running() { [ -n "$2" ] && [ "$(start_time "$1")" = "$2" ]; }

# start NAME NOW PROGRAM OPTION...: NOW pins the wall clock.
start() {
    local name=$1 now=$2 program=$3 pid
    shift 3
    TANDEM_NOW=$now setsid "$BIN/$program" "$@" </dev/null >>"$SCRATCH/$name.log" 2>&1 &
    pid=$!
    disown "$pid"
    PIDS[$name]="$pid $(start_time "$pid")"
}

# tell SIGNAL PID START
tell() { ! is_running "$2" "$3" || kill "-$1" "$2" 2>/dev/null || true; }

is_gone() { ! is_running "$1" "$2"; }

# stop NAME: asks, and waits until it is gone.
stop() {
    local pid started
    read -r pid started <<<"${PIDS[$1]:-0}"
    tell TERM "$pid" "$started"
    wait_for 30 "$1 to leave" is_gone "$pid" "$started"
    unset "PIDS[$1]"
}

stop_all() {
    local name
    for name in "${!PIDS[@]}"; do stop "$name"; done
}

# ask NAME WORDS...: the command, at that daemon.
ask() {
    local name=$1
    shift
    "$BIN/tandem" --connect "$SCRATCH/$name" "$@"
}

answers() { ask "$1" status --quiet >/dev/null 2>&1; }

# field NAME FIELD: of the daemon's status.
field() { ask "$1" status --quiet --format csv --fields "$2" | tail -n 1 | tr -d '\r'; }

# All that NAME stated is acknowledged by the hub, and NAME's own figures are up to date.
is_shared() { [ "$(field "$1" waiting_to_share)/$(field "$1" fold_lag)" = 0/0 ]; }

# The hub has counted all it holds, and every joined node has what it is to get.
is_passed_on() {
    [ "$(field hub fold_lag)" = 0 ] || return 1
    ! ask hub node list --quiet --format csv --fields lag_events,feed_lag | tail -n +2 | tr -d '\r' |
        grep -qvE '^0?,0?$'
}

# settle NODE...: wait until nothing is on its way any more.
settle() {
    local name
    for name in "$@"; do wait_for 60 "$name's facts to be acknowledged" is_shared "$name"; done
    wait_for 60 "the hub to count and pass on everything" is_passed_on
    for name in "$@"; do wait_for 60 "$name to read what others stated" is_shared "$name"; done
}

# The last lines of each log: what a person needs after a failure.
show_logs() {
    local log
    for log in "$SCRATCH"/*.log; do
        [ -s "$log" ] || continue
        printf -- '-- the end of %s\n' "${log##*/}" >&2
        tail -n 15 "$log" >&2
    done
}
