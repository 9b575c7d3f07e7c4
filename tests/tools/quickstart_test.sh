#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
#
# quickstart_test.sh: tools/quickstart prints the figures of examples/README.md, fails when a figure is wrong, and ends
# what it leaves running. Each check is one line of output, as a cmocka row is.
set -euo pipefail

SOURCE=${TANDEM_SOURCE:?folder of the source tree}
BIN=${TANDEM_BIN:?folder of the programs}
WORK=$(mktemp -d /tmp/tandem-test-XXXXXX)
export XDG_RUNTIME_DIR=$WORK TMPDIR=$WORK # nothing of another user's, or of a running one, is touched
failed=0
passed=0

clean_up() {
    "$SOURCE/tools/quickstart" --stop >/dev/null 2>&1 || true
    rm -rf "$WORK"
}
trap clean_up EXIT

quickstart() { "$SOURCE/tools/quickstart" --bin "$@" >"$WORK/out" 2>"$WORK/err"; }

# check SENTENCE COMMAND...
check() {
    local sentence=$1
    shift
    if "$@"; then
        echo "[       OK ] $sentence"
        passed=$((passed + 1))
    else
        echo "[  FAILED  ] $sentence"
        failed=$((failed + 1))
        tail -n 5 "$WORK/out"
        head -n 20 "$WORK/err"
    fi
}

# Years, units, three levels and the target as the sample's own page states them.
figures_of_readme() {
    sed -n 's/^| \(20[0-9/]*\) | \([0-9]*\) | \([0-9]*\) = \([0-9.]*\) % | \([0-9]*\) = \([0-9.]*\) % | \([0-9]*\) = \([0-9.]*\) % | \([0-9]*\) % .*/\1 \2 \3 \5 \7 \4 \6 \8 \9.0/p' \
        "$SOURCE/examples/README.md"
}

prints_the_figures() {
    local line count=0
    while read -r line; do
        grep -qE "^${line// /\\s+}\\s" "$WORK/out" || return 1
        count=$((count + 1))
    done < <(figures_of_readme)
    [ "$count" = 2 ]
}

# Programs of which `tandem` shows another level than the hub computed.
make_liar() {
    mkdir "$WORK/liar"
    ln -s "$BIN/tandem-hub" "$BIN/tandem-node" "$BIN/tandem-oracle" "$WORK/liar/"
    cat >"$WORK/liar/tandem" <<END
#!/bin/bash
case " \$* " in
*" level "*) "$BIN/tandem" "\$@" | sed 's/"joint_standing":14/"joint_standing":13/' ;;
*) exec "$BIN/tandem" "\$@" ;;
esac
END
    chmod +x "$WORK/liar/tandem"
}

fails_for_the_liar() { ! quickstart "$WORK/liar" --once && grep -q 'the oracle finds other figures' "$WORK/err"; }

nothing_is_left() {
    [ -z "$(find "$WORK" -maxdepth 1 -name 'tandem-??????')" ] &&
        ! grep -qls "state=$WORK/" /proc/[0-9]*/cmdline
}

scratch_folder() { head -n 1 "$WORK/tandem-quickstart-$UID"; }

still_answers() { "$BIN/tandem" --connect "$(scratch_folder)/hub" status --quiet >/dev/null; }

stops() { quickstart "$BIN" --stop; }

refuses_a_second() { ! quickstart "$BIN" && grep -q 'one is running' "$WORK/err"; }

check "--once ends with the oracle's consent" quickstart "$BIN" --once
check "the figures are those that examples/README.md states" prints_the_figures
check "--once leaves no process and no folder behind" nothing_is_left
make_liar
check "a level that was not computed is found out" fails_for_the_liar
check "after a failure nothing is left behind" nothing_is_left
check "without an option it stays" quickstart "$BIN"
check "the hub that stayed answers" still_answers
check "a second one beside it is refused" refuses_a_second
check "--stop ends it" stops
check "after --stop nothing is left behind" nothing_is_left
echo "[  PASSED  ] $passed test(s)."
[ "$failed" = 0 ] || { echo "[  FAILED  ] $failed test(s)." && exit 1; }
