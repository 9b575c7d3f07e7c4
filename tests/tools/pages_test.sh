#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
#
# pages_test.sh: every command has a manual page without a lint finding, and scripts that their shells take.
set -euo pipefail

source_folder=${TANDEM_SOURCE:?names the source tree}
bin=${TANDEM_BIN:?names the folder of the built programs}
work=$(mktemp -d "${TMPDIR:-/tmp}/tandem-pages.XXXXXX")
trap 'rm -rf "$work"' EXIT

bash "$source_folder/tools/tandem/pages.sh" "$bin/tandem" "$work"
commands=$("$bin/tandem" help | grep -cE '^  [a-z]')
pages=$(find "$work/man/man1" -name 'tandem-*.1' | wc -l)
[ "$commands" = "$pages" ] || { echo "not ok: $commands commands, $pages pages"; exit 1; }
echo "ok - $pages pages for $commands commands"

bash -n "$work/bash-completion/completions/tandem"
echo "ok - bash reads its completion"
for shell in zsh fish; do
  if ! command -v "$shell" >/dev/null; then
    echo "skip - $shell is not installed"
  elif [ "$shell" = zsh ]; then
    zsh -n "$work/zsh/site-functions/_tandem" && echo "ok - zsh reads its completion"
  else
    fish -n "$work/fish/vendor_completions.d/tandem.fish" && echo "ok - fish reads its completion"
  fi
done

if command -v mandoc >/dev/null; then
  # Pages that are not installed can not be found: that alone is no finding.
  findings=$(mandoc -T lint -W style "$work"/man/man1/*.1 2>&1 | grep -v 'referenced manual not found' || true)
  [ -z "$findings" ] || { echo "not ok: $findings"; exit 1; }
  echo "ok - mandoc finds nothing"
else
  echo "skip - mandoc is not installed"
fi
