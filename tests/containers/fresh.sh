#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
#
# fresh.sh: a clone of this tree in a bare Debian 12, where nothing is installed, passes .ci/run and the two commands
# of the README. Needs root, and packages mmdebstrap and git.
#
#   fresh.sh [COMMAND...]   other commands than these two, each run in the clone
set -euo pipefail

SOURCE=${TANDEM_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
WORK=$(mktemp -d /tmp/tandem-fresh-XXXXXX)
ROOT=$WORK/root

# shellcheck disable=SC2016 # $0 and $1 are the inner shell's
inside() {
    unshare --mount --pid --fork --kill-child bash -ec '
        mount -t proc proc "$0/proc"
        mount --rbind /dev "$0/dev"
        mount -t tmpfs tmpfs "$0/tmp"
        exec chroot "$0" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin CI=true bash -ec "$1"' \
        "$ROOT" "$1" </dev/null
}

[ "$(id -u)" = 0 ] || { echo "fresh.sh: only root may change roots" >&2 && exit 1; }
trap 'rm -rf --one-file-system "$WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$ROOT"
cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
git clone -q --no-hardlinks "$SOURCE" "$ROOT/srv/tandem"
chown -R root:root "$ROOT/srv/tandem"
[ $# -gt 0 ] || set -- "tools/quickstart --once" "bash .ci/run"
for command in "$@"; do inside "cd /srv/tandem && $command"; done
echo "[  PASSED  ] $# test(s)."
