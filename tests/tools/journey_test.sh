#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
#
# journey_test.sh: the way of a fact, by the command alone: a hub and two nodes on loopback in a scratch folder;
# invite, join, import, confirm, level; then the log out, in, verified, and damaged.
set -euo pipefail

bin=${TANDEM_BIN:?names the folder of the built programs}
work=$(mktemp -d "${TMPDIR:-/tmp}/tandem-journey.XXXXXX")
pids=()
checks=0
export TANDEM_NOW=2017-09-30T12:00:00Z
export NO_COLOR=1
unset TANDEM_HOME

finish() {
  local status=$?
  local pid
  for pid in "${pids[@]}"; do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  if [ "$status" -ne 0 ]; then
    tail -n 20 "$work"/*.log >&2 || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

fail() {
  echo "not ok: $*" >&2
  exit 1
}

# check SENTENCE WANTED GOT
check() {
  [ "$2" = "$3" ] || fail "$1: wanted \"$2\", got \"$3\""
  checks=$((checks + 1))
  echo "ok $checks - $1"
}

# status_of WANTED COMMAND...: runs it, output to $work/out and $work/err
status_of() {
  local wanted=$1 got=0
  shift
  "$@" >"$work/out" 2>"$work/err" || got=$?
  [ "$got" = "$wanted" ] || fail "$*: status $got, not $wanted: $(cat "$work/out" "$work/err")"
}

# await SENTENCE COMMAND...: until it succeeds, at most 60 s
await() {
  local what=$1 deadline=$((SECONDS + 60))
  shift
  until "$@" >"$work/out" 2>"$work/err"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$what: not within 60 s: $(cat "$work/out" "$work/err")"
    sleep 0.05
  done
  checks=$((checks + 1))
  echo "ok $checks - $what"
}

# start ROLE NAME [OPTION...]
start() {
  local role=$1 name=$2
  shift 2
  "$bin/tandem-$role" --config /dev/null "--$role.state=$work/$name" "$@" 2>>"$work/$name.log" &
  pids+=("$!")
  await "the $role $name answers" at "$name" status
}

# at NAME COMMAND...: the command at the daemon of this folder
at() {
  local name=$1
  shift
  "$bin/tandem" --connect "$work/$name" "$@"
}

# says NAME FIELD WANTED COMMAND...: the first row's field
says() {
  local name=$1 field=$2 wanted=$3
  shift 3
  [ "$(at "$name" "$@" --format plain --fields "$field" -q | sed -n 2p)" = "$wanted" ]
}

joined() {
  at "$1" status --json | grep -q '"state":"live"'
}

start hub hub --hub.listen=tcp://127.0.0.1:0 --hub.tide_interval_ms=200
start node north --node.organisation=RNN
start node south --node.organisation=RSS

at hub organisation import - >"$work/out" <<'CSV'
code,name,sector
RNN,North hospitals,trust
RSS,South hospitals,trust
CSV
check "both organisations are new" 2 "$(awk '$2 == "new" { print $1 }' "$work/out")"
status_of 0 at hub target set 2017/18 45

# ---- joining
at hub invite RNN >"$work/north.code" 2>"$work/advice"
check "an invite prints one line, the code" 1 "$(wc -l <"$work/north.code")"
check "an invite gives its advice apart" 1 "$(grep -c 'tandem join' "$work/advice")"
status_of 0 at north join --code-file "$work/north.code"
at hub invite RSS 2>/dev/null | at south join >"$work/out"
status_of 2 at south join "$(cat "$work/north.code")"
check "a code as an argument is refused with the reason" 1 "$(grep -c 'is a secret' "$work/err")"
await "the node has joined" joined north
await "the other node has joined" joined south

# ---- for monitors
hub_hears_both() { at hub check | grep -q ' 2 of 2 links live '; }
await "the hub hears both nodes" hub_hears_both
status_of 0 at hub check
check "all is well in one line" 1 "$(grep -c '^TANDEM OK: 2 of 2 links live | fold_lag=[0-9]*;10000;1000000;0 silent_s=0;3600;86400;0$' "$work/out")"
status_of 0 at north check --json
check "for programs a state and no finding" 1 "$(grep -c '"state":"OK","data":\[\]' "$work/out")"
status_of 0 env TANDEM_NOW=2017-10-02T14:00:00Z "$bin/tandem" --connect "$work/hub" check
check "silence is told by the daemon's own clock" 1 "$(grep -c ' silent_s=0;' "$work/out")"
status_of 2 "$bin/tandem" --connect "$work/nobody" check
check "who does not answer is told" 1 "$(grep -c '^TANDEM CRITICAL: daemon: it does not answer$' "$work/out")"
start node alone --node.organisation=RAA
status_of 1 at alone check
check "a node without a hub is told" 1 "$(grep -c 'has not joined a hub' "$work/out")"
kill -TERM "${pids[-1]}"
wait "${pids[-1]}" || true
unset 'pids[-1]'

# ---- recording
cat >"$work/north.csv" <<'CSV'
unit_id,kind,programme,title,start_date,hours,participants,partners
1,programme,coaching,Coaching together,2017-05-04,6,12,RSS
2,programme,coaching,Coaching alone,2017-05-05,6,10,
3,programme,coaching,No hours,2017-05-06,,10,
4,programme,coaching,No such day,2017-02-30,6,10,
CSV
status_of 1 at north import "$work/north.csv" --dry-run
status_of 1 at north import "$work/north.csv"
check "two rows are new" 2 "$(awk '$2 == "new" { print $1 }' "$work/out")"
check "two rows are refused" 2 "$(awk '$2 == "refused" { print $1 }' "$work/out")"
check "a refused row is named with its column" 1 "$(grep -c 'row 5, column start_date: "2017-02-30"' "$work/out")"
status_of 1 at north import "$work/north.csv" --json
check "the same file again is known" 1 "$(grep -c '"known":2' "$work/out")"
status_of 0 at south record --kind programme --title 'Alone in the south' --start-date 2017-06-01 --hours 3

# ---- facts of any type
need=(record need --need-id 7 --theme time --stated 2017-05-04)
status_of 0 at south "${need[@]}"
check "a fact is new" 1 "$(grep -c ' 1  new$' "$work/out")"
check "it says where it is filed" 1 "$(grep -c ', filed under need/RSS/7$' "$work/out")"
status_of 0 at south "${need[@]}"
check "the same fact again is known" 1 "$(grep -c ' 1  known' "$work/out")"
status_of 0 at south record need --need_id 7 --severity 3
check "another value corrects it" 1 "$(grep -c ' 1  changed' "$work/out")"
status_of 1 at south record need --need-id 7 --theme tme
check "an unknown word gives the nearest" 1 "$(grep -c 'Did you mean time?' "$work/out")"
status_of 0 at south record need --need-id 7 --void --reason 'found twice'
check "it is taken back" 1 "$(grep -c ' 1  hidden' "$work/out")"
printf 'id,date,hours\n2,2017-05-11,6.5\n3,2017-05-18,many\n' >"$work/sessions.csv"
status_of 1 at north record session --unit RNN/2 --from "$work/sessions.csv" --dry-run
check "a dry run says so" 1 "$(grep -c 'dry run' "$work/out")"
status_of 1 at north record session --unit RNN/2 --from "$work/sessions.csv"
check "the good row of a file is kept" 1 "$(grep -c ' 1  new$' "$work/out")"
check "the other one is refused" 1 "$(grep -c 'row 3, column hours_hundredths: "many"' "$work/out")"
status_of 0 at north record session --unit RNN/2 --id 2 --void
status_of 2 at north record target --financial-year 2018/19 --level 50
check "the registry is the hub's" 1 "$(grep -c 'from the hub alone' "$work/err")"
status_of 0 at hub record target --financial-year 2018/19 --level 50
status_of 0 at hub target set 2018/19 50 --format plain
check "either way sets the same target" 1 "$(grep -cE '(false|no)$' "$work/out")"

# ---- confirming
await "the claim reaches the partner" says south state unanswered link pending
status_of 0 at south link confirm RNN/1
await "the hub counts three units, one of them corroborated" \
  says hub units,joint_corroborated,level_corroborated "$(printf '3\t1\t33.3')" level --fy 2017/18
status_of 0 at south link confirm RNN/1
check "confirming again states nothing" 1 "$(grep -c 'already\|confirmed' "$work/out")"
status_of 3 at south link confirm RNN/99
status_of 0 at hub level --fy 2017/18 --format csv
check "CSV has a header and a row for the year" 2 "$(wc -l <"$work/out")"

# ---- errors
status_of 5 "$bin/tandem" --connect "$work/nobody" status
status_of 5 "$bin/tandem" --connect "$work/nobody" status --json
check "a failure under --json is an object" 1 "$(grep -c '^{"type":"error","exit":5,"kind":"unreachable"' "$work/err")"
status_of 2 "$bin/tandem" status
status_of 8 script -qec "'$bin/tandem' --connect '$work/north' join --no-input" /dev/null
status_of 3 "$bin/tandem" verify --store "$work"
status_of 2 at hub invite RXX --name 'No sector'
status_of 2 at hub import "$work/north.csv"
status_of 0 at south link withdraw RNN/1 --dry-run
check "a dry run only says what would be asked for" 1 "$(grep -c '^dry run: .*link.withdraw' "$work/err")"
status_of 2 "$bin/tandem" --connect "$work/$(printf 'x%.0s' {1..120})" status
check "too long a path says so" 1 "$(grep -c 'socket takes 107' "$work/err")"

# ---- the log as it grows
at hub tail --limit 1 --type target --format plain --fields subject,sequence -q >"$work/out"
check "the last target of the log" "period/2018/19" "$(sed -n '2s/\t.*//p' "$work/out")"
status_of 2 at hub tail --type meeting
status_of 2 at hub tail --follow --store "$work/hub"
"$bin/tandem" --connect "$work/hub" tail --follow --limit 1 --type session >"$work/tail" 2>&1 &
pids+=("$!")
await "the last session stands there" grep -q 'unit/RNN/' "$work/tail"
status_of 0 at north record session --unit RNN/1 --id late --date 2017-05-20 --hours 1.5
await "a session that comes is written" grep -q '"hours_hundredths":150' "$work/tail"
check "each on a line of its own" 2 "$(wc -l <"$work/tail")"
kill -TERM "${pids[-1]}"
wait "${pids[-1]}" || true
unset 'pids[-1]'

# ---- the log
status_of 0 at hub export --output "$work/hub.jsonl"
status_of 0 "$bin/tandem" import-log "$work/hub.jsonl" --store "$work/copy"
status_of 0 "$bin/tandem" export --store "$work/copy" --output "$work/copy.jsonl"
check "export, import-log, export gives the same bytes" "$(cksum <"$work/hub.jsonl")" "$(cksum <"$work/copy.jsonl")"
status_of 0 at hub export --output "$work/hub.jsonl.zst"
check "a compressed one is what zstd makes of it" "$(cksum <"$work/hub.jsonl")" "$(zstd -dcq "$work/hub.jsonl.zst" | cksum)"
status_of 0 "$bin/tandem" import-log "$work/hub.jsonl.zst" --store "$work/packed"
status_of 0 "$bin/tandem" import-log - --store "$work/piped" <"$work/hub.jsonl.zst"
"$bin/tandem" export --store "$work/packed" --output "$work/packed.jsonl"
"$bin/tandem" export --store "$work/piped" --output "$work/piped.jsonl"
check "a compressed one is read as the plain one" "$(cksum <"$work/hub.jsonl")" "$(cksum <"$work/packed.jsonl")"
check "from a pipe, too" "$(cksum <"$work/hub.jsonl")" "$(cksum <"$work/piped.jsonl")"
status_of 0 "$bin/tandem" import-log "$work/hub.jsonl" --store "$work/dry" --dry-run
check "a dry run reads it and keeps nothing" "no 1" "$([ -e "$work/dry" ] && echo yes || echo no) $(grep -c ' 1$\|[1-9]' "$work/out" | head -c 1)"
head -n 2 "$work/hub.jsonl" >"$work/short.jsonl"
status_of 1 "$bin/tandem" import-log "$work/short.jsonl" --store "$work/dry" --dry-run
head -c 20000000 /dev/zero | tr '\0' x | zstd -q -o "$work/bomb.zst"
status_of 1 "$bin/tandem" import-log "$work/bomb.zst" --store "$work/bomb"
check "a line without an end is refused" 1 "$(grep -c 'too long' "$work/err")"
head -c -5 "$work/hub.jsonl.zst" >"$work/cut.zst"
status_of 1 "$bin/tandem" import-log "$work/cut.zst" --store "$work/cut"
check "a cut one is told" 1 "$(grep -c 'is damaged or was cut' "$work/err")"
status_of 0 "$bin/tandem" verify --store "$work/copy"
check "the copy is sound" 1 "$(grep -c '^sound: ' "$work/out")"
at hub level --fy 2017/18 --format csv >"$work/live.csv"
"$bin/tandem" level --fy 2017/18 --format csv --store "$work/copy" >"$work/offline.csv"
check "the copy gives the hub's level" "$(cat "$work/live.csv")" "$(cat "$work/offline.csv")"
status_of 0 "$bin/tandem" level --fy 2017/18 --format csv --store "$work/hub"
check "the store read beside its daemon gives the level, too" "$(cat "$work/live.csv")" "$(cat "$work/out")"
status_of 2 "$bin/tandem" target set 2017/18 50 --store "$work/hub"

# ---- brought into another store
status_of 0 "$bin/tandem" replay "$work/hub.jsonl.zst" --store "$work/replayed" --dry-run --format plain
check "a dry run counts and writes nothing" no "$([ -e "$work/replayed" ] && echo yes || echo no)"
status_of 0 "$bin/tandem" replay "$work/hub.jsonl.zst" --store "$work/replayed" --until 2016-01-01 --format plain --fields new -q
check "nothing was recorded by then" 0 "$(sed -n 2p "$work/out")"
status_of 0 "$bin/tandem" replay "$work/hub" --store "$work/replayed" --rate 1000000
"$bin/tandem" export --store "$work/replayed" --output "$work/replayed.jsonl"
at hub export --output "$work/now.jsonl"
check "from a store beside its daemon, the same log" "$(cksum <"$work/now.jsonl")" "$(cksum <"$work/replayed.jsonl")"
events=$(grep -c '"kind":"event"' "$work/now.jsonl")
begun=$(date +%s%N)
status_of 0 "$bin/tandem" replay "$work/hub" --store "$work/paced" --rate "$events"
check "at the given pace it takes a second" yes "$([ $(($(date +%s%N) - begun)) -ge 800000000 ] && echo yes || echo no)"
status_of 0 "$bin/tandem" replay - --store "$work/replayed" --format plain --fields new,conflicting -q <"$work/hub.jsonl"
check "again it is known" $'0\t0' "$(sed -n 2p "$work/out")"
"$bin/tandem" doctor --store "$work/replayed" --format csv >"$work/doctor.csv" || true
check "no clock is ahead for having come in a file" ok "$(sed -n 's/^\([a-z]*\),clocks,.*/\1/p' "$work/doctor.csv")"
status_of 6 "$bin/tandem" replay "$work/hub.jsonl" --store "$work/hub"
status_of 3 "$bin/tandem" replay "$work/nothing.jsonl" --store "$work/replayed"

# ---- a snapshot beside the daemon, and back
status_of 0 at hub snapshot "$work/snapshot"
check "it says what it must be kept as" 1 "$(grep -c 'holds the keys of the store' "$work/err")"
status_of 1 at hub snapshot "$work/snapshot"
status_of 0 "$bin/tandem" verify --store "$work/snapshot"
status_of 0 "$bin/tandem" level --fy 2017/18 --format csv --store "$work/snapshot"
check "it gives the level where it lies" "$(cat "$work/live.csv")" "$(cat "$work/out")"
status_of 0 at hub level --fy 2017/18 --format csv --as-of "snapshot:$work/snapshot"
check "as of it is the same" "$(cat "$work/live.csv")" "$(cat "$work/out")"
status_of 3 at hub level --as-of "snapshot:$work/nowhere"
status_of 0 "$bin/tandem" restore "$work/snapshot" --store "$work/restored" --dry-run
check "a dry run brings nothing back" no "$([ -e "$work/restored" ] && echo yes || echo no)"
status_of 0 "$bin/tandem" restore "$work/snapshot" --store "$work/restored"
check "the plan warns of a second log" 1 "$(grep -c 'two logs would go on from one place' "$work/err")"
status_of 0 "$bin/tandem" export --store "$work/restored" --output "$work/restored.jsonl"
"$bin/tandem" export --store "$work/snapshot" --output "$work/snapshot.jsonl"
check "what is restored is what was in the snapshot" "$(cksum <"$work/snapshot.jsonl")" "$(cksum <"$work/restored.jsonl")"

# ---- what differs
status_of 2 "$bin/tandem" diff "$work/nowhere@" "$work/snapshot" --as-of 2017-09-30
mkdir "$work/odd@name" && cp -r "$work/snapshot/ledger" "$work/odd@name/"
status_of 0 "$bin/tandem" diff "$work/odd@name" "$work/snapshot" --events --figures
check "asked for both, it compares both" 0 "$(grep -c '0 of 0' "$work/err")"
status_of 0 "$bin/tandem" diff "$work/snapshot" "$work/restored" --format plain
check "a snapshot and what it became are the same" 1 "$(grep -c '^the same: 0 of 3 logs and 0 of' "$work/err")"
status_of 0 at hub diff "$work/snapshot" @ --figures
status_of 0 at hub target set 2017/18 46
status_of 1 at hub diff "$work/snapshot" @ --format plain --fields what,a,b,note -q
cp "$work/out" "$work/differs"
check "the hub's log goes farther" 1 "$(grep -c $'\tB goes farther$' "$work/differs")"
check "another target is another figure" 1 "$(grep -c '^C7 total 2017/18 (all) year_end'$'\t''45.0'$'\t''46.0' "$work/differs")"
check "the level is no other" 0 "$(grep -c '^C1 ' "$work/differs")"
status_of 1 at hub diff @ "$work/snapshot" --events --format plain --fields a,b,note -q
check "the other way round" 1 "$(grep -c $'\tA goes farther$' "$work/out")"
status_of 3 at hub diff @ "$work"
cp -r "$work/restored" "$work/twin"
start hub twin --hub.listen=tcp://127.0.0.1:0 --hub.tide_interval_ms=200
for percent in 47 48 49; do status_of 0 at twin target set 2017/18 "$percent"; done
status_of 1 at hub diff "$work/twin" @ --events --format plain --fields note -q
check "a second log from one place is a fork" 1 "$(grep -c 'forked' "$work/out")"
kill -TERM "${pids[-1]}"
wait "${pids[-1]}" || true
unset 'pids[-1]'
status_of 0 "$bin/tandem" diff "$work/restored@2017-09-30" "$work/restored" --figures

printf x | dd of="$work/snapshot/ledger/data.mdb" bs=1 seek=20000 conv=notrunc status=none
status_of 7 "$bin/tandem" restore "$work/snapshot" --store "$work/again"
check "a damaged one is refused" 1 "$(grep -c 'is damaged' "$work/err")"
status_of 3 "$bin/tandem" restore "$work" --store "$work/again"

# ---- figures made again
status_of 6 "$bin/tandem" rebuild --store "$work/hub" --yes
check "a running daemon's figures are left alone" 1 "$(grep -c 'another process' "$work/err")"
status_of 0 "$bin/tandem" rebuild --store "$work/copy" --yes --format plain --fields figures,state -q
check "where there were none they are made" "$(printf 'in use\tnone\nmade again\tsound')" "$(tail -n 2 "$work/out")"
status_of 8 "$bin/tandem" rebuild --store "$work/copy" --no-input
check "who may not ask does not begin" "ledger views" "$(cd "$work/copy" && echo *)"
status_of 0 "$bin/tandem" rebuild --store "$work/copy" --dry-run --progress json
check "they are the same again" 1 "$(grep -c 'in use are those of the log' "$work/err")"
check "progress ends with a summary" 1 "$(grep -c '^{"type":"summary","what":"folding"' "$work/err")"
check "a dry run leaves nothing" "ledger views" "$(cd "$work/copy" && echo *)"
status_of 0 "$bin/tandem" rebuild --store "$work/copy" --yes
check "the ones replaced are kept" "ledger views views.old" "$(cd "$work/copy" && echo *)"
status_of 0 "$bin/tandem" rebuild --store "$work/copy" --yes --drop-old
check "until they are told to go" "ledger views" "$(cd "$work/copy" && echo *)"
status_of 3 "$bin/tandem" rebuild --store "$work" --yes
"$bin/tandem" export --store "$work/copy" --output "$work/after.jsonl"
check "the log was only read" "$(cksum <"$work/hub.jsonl")" "$(cksum <"$work/after.jsonl")"

data=$(find "$work/copy/ledger" -name data.mdb)
truncate -s 8192 "$data"
status_of 1 "$bin/tandem" verify --store "$work/copy"
check "a truncated store is damage, not a crash" 1 "$(grep -c '^1 fault' "$work/out")"
echo "1..$checks"
