#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
#
# pages.sh TANDEM FOLDER: the manual pages and completion scripts of the command, made by the command.
set -euo pipefail

tandem=$1
folder=$2
mkdir -p "$folder/man/man1" "$folder/bash-completion/completions" "$folder/zsh/site-functions" \
  "$folder/fish/vendor_completions.d"

"$tandem" manual >"$folder/man/man1/tandem.1"
# The commands are what tandem(1) lists.
sed -n 's/^\.It Cm //p' "$folder/man/man1/tandem.1" | grep -v '[,.]$' | while read -r words; do
  # shellcheck disable=SC2086 # the words are several arguments
  "$tandem" manual $words >"$folder/man/man1/tandem-${words// /-}.1"
done
"$tandem" completion bash >"$folder/bash-completion/completions/tandem"
"$tandem" completion zsh >"$folder/zsh/site-functions/_tandem"
"$tandem" completion fish >"$folder/fish/vendor_completions.d/tandem.fish"
touch "$folder/made"
