# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=bash
#
# steps.sh: named steps that run one after another, each into a log of its own, and what they count. Sourced after
# say.sh by a script that sets LOGS (a folder) and has a function step_NAME for each step.
#
# A step counts as one test. A step that runs others puts "PASSED FAILED SKIPPED" into $LOGS/NAME.count and the names
# of the skipped into $LOGS/NAME.skipped: then these count in its place.

PASSED=0
FAILED=0
SKIPPED=0

take_count() {
    local passed=$((1 - $2)) failed=$2 skipped=0
    [ ! -s "$LOGS/$1.count" ] || read -r passed failed skipped <"$LOGS/$1.count"
    [ "$2" = 0 ] || [ "$failed" -gt 0 ] || failed=1
    PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed)) SKIPPED=$((SKIPPED + skipped))
    COUNTED="$passed passed, $failed failed, $skipped skipped"
}

# run_step NAME: in a shell of its own, where the first command that fails ends it.
run_step() {
    local name=$1 began=$SECONDS status=0
    rm -f "$LOGS/$name.count" "$LOGS/$name.skipped"
    say "-- $name"
    set +e
    (
        set -e
        "step_$name"
    ) >"$LOGS/$name.log" 2>&1 </dev/null
    status=$?
    set -e
    take_count "$name" "$((status != 0))"
    say "   $COUNTED, $((SECONDS - began)) s"
    [ "$status" = 0 ] || { say "   FAILED; the end of $LOGS/$name.log:" && tail -n 60 "$LOGS/$name.log"; }
    return "$status"
}

# count_tests FOLDER NAME: counts of a ctest run, that printed to the step's log. A test program counts by its cmocka
# rows, which ctest keeps in a log of its own; that log calls passed what could not even start, so the verdict is read
# from what ctest printed.
count_tests() {
    awk '
        FNR == 1 { file++ }
        file == 1 && /^[0-9]+\/[0-9]+ Testing: / { name = $3 }
        file == 1 && /^\[  PASSED  \] [0-9]+ test/ { passed[name] += $4 }
        file == 1 && /^\[  FAILED  \] [0-9]+ test/ { failed[name] += $4 }
        file == 1 && /^\[  SKIPPED \] [0-9]+ test/ { skipped[name] += $4 }
        file == 1 && /^\[  SKIPPED \] [^0-9]/ { sub(/^\[  SKIPPED \] /, ""); names[name ": " $0] = 1 }
        file == 2 && /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
            none = passed[$4] + failed[$4] + skipped[$4] == 0
            if (/\*\*\*Skipped/) { skipped[$4] += none; if (none) names[$4] = 1 }
            else if (/\.  *Passed /) passed[$4] += none
            else if (failed[$4] == 0) failed[$4] = 1
            p += passed[$4]; f += failed[$4]; s += skipped[$4]
        }
        END { print p + 0, f + 0, s + 0; for (n in names) print n > skips }
    ' skips="$LOGS/$2.skipped" "$1/Testing/Temporary/LastTest.log" "$LOGS/$2.log" >"$LOGS/$2.count"
}

# The last line of a run: the counts, alone on it.
close_steps() {
    if cat "$LOGS"/*.skipped >/dev/null 2>&1; then
        say "skipped:"
        sort -u "$LOGS"/*.skipped | sed 's/^/   /'
    fi
    say "$PASSED passed, $FAILED failed, $SKIPPED skipped"
    [ "$FAILED" = 0 ]
}
