# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=bash
#
# story.sh: what happens in the samples of examples/, told through the `tandem` command: two days in a made-up system
# of partners. Sourced after daemons.sh by a script that sets SAMPLES (the folder) and PORT (of the hub).
# shellcheck disable=SC2153 # PORT is the script's

FIRST_DAY=2018-04-12T09:00:00Z
LAST_DAY=2018-05-01T09:00:00Z
REGISTER=deliveries
WEIGHTS=(count hours participants participant_hours)
GROUPINGS=(total programme kind lead locality sector month quarter)

# The rows of a small sample without its header. Their cells hold no quotation marks.
rows() { tail -n +2 "$SAMPLES/$1.csv"; }

mapfile -t NODES < <(rows nodes | cut -d, -f1)

# A port below those that systems give to outgoing connections, and that nobody listens on.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

open_day() {
    local node organisations
    start hub "$1" tandem-hub --hub.state="$SCRATCH/hub" --hub.listen="tcp://127.0.0.1:$PORT"
    while IFS=, read -r node organisations; do
        start "$node" "$1" tandem-node --node.state="$SCRATCH/$node" --node.organisation="${organisations%% *}"
    done < <(rows nodes)
    for node in hub "${NODES[@]}"; do wait_for 30 "$node to answer" answers "$node"; done
}

state_registry() {
    local what fy percent
    ask hub organisation import "$SAMPLES/organisations.csv" --format plain --quiet
    while IFS=, read -r what fy percent; do
        ask hub "$what" set "$fy" "$percent" --format plain --quiet >/dev/null
        say "$what of $fy: $percent %"
    done < <(rows levels)
}

is_let_in() { ask "$1" status --quiet --format jsonl | grep -q '"state":"live"'; }

join_nodes() {
    local node organisations
    while IFS=, read -r node organisations; do
        # shellcheck disable=SC2086 # one word per organisation
        ask hub invite $organisations --quiet >"$SCRATCH/$node.code"
        ask "$node" join --code-file "$SCRATCH/$node.code" --quiet >/dev/null
        rm "$SCRATCH/$node.code"
        wait_for 30 "$node to be let in" is_let_in "$node"
        say "$node speaks for $organisations"
    done < <(rows nodes)
}

# bring PART OPTION...: every node's sample of that part.
bring() {
    local node part=$1 report counts
    shift
    for node in "${NODES[@]}"; do
        [ -f "$SAMPLES/$node-$part.csv" ] || continue
        report=$(ask "$node" import "$SAMPLES/$node-$part.csv" "$@" --quiet --format csv \
            --fields rows,new,known,changed,withdrawn,returned,refused | tail -n 1 | tr -d '\r')
        IFS=, read -ra counts <<<"$report"
        say "$node-$part.csv: ${counts[0]} rows: ${counts[1]} new, ${counts[2]} known, ${counts[3]} changed," \
            "${counts[4]} withdrawn, ${counts[5]} returned, ${counts[6]} refused"
    done
}

# record_of DAEMON FOLDER: the facts of every file of it; a file's name is their type.
record_of() {
    local file type report new rows=0 types=0
    for file in "$SAMPLES/$2"/*.csv; do
        type=${file##*/}
        type=${type%.csv}
        report=$(ask "$1" record "$type" --from "$file" --quiet --format csv --fields new,refused 2>&1) ||
            fail "$1, record $type: $report"
        IFS=, read -r new _ <<<"${report##*$'\n'}"
        rows=$((rows + new))
        types=$((types + 1))
    done
    say "$1: $rows facts of $types types"
}

record_things() {
    local node
    for node in hub "${NODES[@]}"; do record_of "$node" "$node"; done
}

# Facts by the options of the command: one that a register has no column for, and one that is replaced whole.
record_links() {
    local fact body='"recorder":"XTH1","organisation":"XCC3","phase":"plan","role":"pairs its own executives"'
    ask hospitals record link_assert --unit XTH1/TV-203 --organisation XIN9 --phase deliver --supplier yes \
        --role "independent psychologist" --hours 4 --quiet --format plain >/dev/null
    say "hospitals: XIN9 delivered in XTH1/TV-203 as a paid outsider"
    fact=$(ask hospitals record link_assert --unit XTH1/TV-220 --organisation XCC3 --phase plan --format plain |
        sed -n 's/^fact \([0-9a-f]*\),.*/\1/p')
    ask hospitals record link_amend --subject unit/XTH1/TV-220 --fact "$fact" --target-type link_assert \
        --body "{$body,\"hours_hundredths\":300}" --reason "they plan another afternoon" --quiet --format plain \
        >/dev/null
    say "hospitals: XCC3 is to plan XTH1/TV-220 for 3 hours, not 2"
}

# Rows of people never leave the node: what leaves it are the counts.
record_people() {
    local node report
    for node in "${NODES[@]}"; do
        record_of "$node" "$node/people"
        report=$(ask "$node" person summarise --force --quiet --format csv --fields people,cells | tail -n 1 | tr -d '\r')
        say "$node: ${report%,*} people, whose rows stay; ${report#*,} counts of them are stated"
    done
}

# The claim may still be on its way to the partner: then the node does not know it yet (exit status 3).
answer() {
    local node=$1 word=$2 unit=$3 organisation=$4 phase=$5 reason=$6 status=0
    local words=(link "$word" "$unit" --organisation "$organisation" --phase "$phase")
    [ "$word" != dispute ] || words+=(--reason "$reason")
    ask "$node" "${words[@]}" --quiet --format plain >"$SCRATCH/answer" 2>&1 || status=$?
    [ "$status" = 0 ] || [ "$status" = 3 ] || fail "$node, ${words[*]}: $(cat "$SCRATCH/answer")"
    return "$status"
}

give_answers() {
    local round=$1 confirm=0 dispute=0 withdraw=0 in node word unit organisation phase reason
    while IFS=, read -r in node word unit organisation phase reason; do
        [ "$in" = "$round" ] || continue
        wait_for 60 "the claim on $organisation about $unit to reach $node" \
            answer "$node" "$word" "$unit" "$organisation" "$phase" "$reason"
        eval "$word=\$(($word + 1))"
    done < <(rows answers)
    say "confirmed $confirm, disputed $dispute, taken back $withdraw"
}

make_returns() {
    local organisation period node made options
    while IFS=, read -r organisation period node made; do
        ask hub return expect "$period" --organisation "$organisation" --quiet >/dev/null
        options=()
        [ "$made" != nil ] || options=(--nil)
        [ "$made" = no ] ||
            ask "$node" return make "$period" --organisation "$organisation" "${options[@]}" --quiet >/dev/null
    done < <(rows returns)
}

accept_matches() {
    local a b reason
    while IFS=, read -r a b reason; do
        ask hub match accept "$a" "$b" --reason "$reason" --quiet >/dev/null
        say "$a and $b are one unit: $reason"
    done < <(rows matches)
}

close_and_publish() {
    ask hub period close "$1" --quiet >/dev/null
    ask hub publish "$1" --by programme --quiet --format csv --fields dimension,level_corroborated | tr -d '\r' |
        sed -n "s|^total,|$1 is closed; published: corroborated |p"
}

first_day() {
    heading "${FIRST_DAY%T*}: a hub and ${#NODES[@]} nodes start in $SCRATCH"
    open_day "$FIRST_DAY"
    state_registry
    join_nodes
    heading "each partner imports its register, and answers what others say of joint work"
    bring 1 --register "$REGISTER"
    give_answers 1
    heading "what it is for, who took part, what was learnt: every other fact"
    record_things
    record_people
    settle "${NODES[@]}"
    close_and_publish 2016/17
}

last_day() {
    heading "${LAST_DAY%T*}: all start again; the registers come corrected"
    stop_all
    open_day "$LAST_DAY"
    bring 2 --register "$REGISTER"
    record_links
    give_answers 2
    accept_matches
    make_returns
    settle "${NODES[@]}"
    close_and_publish 2017/18
    heading "late records arrive"
    bring late
    give_answers late
    settle "${NODES[@]}"
}

show_level() {
    heading "the level as of ${LAST_DAY%T*}, against the target"
    ask hub level --quiet --format table
    heading "how complete it is, and what the late records changed (points)"
    ask hub level --quiet --format table \
        --fields period,returns.expected,returns.received,facts,late,published,revision
    heading "per programme, 2017/18"
    ask hub level --fy 2017/18 --by programme --quiet --format table
}

# Whoever has no right to exact figures about people sees those of releases.
show_release() {
    heading "people reached in 2017/18: what the hub's analyst sees"
    ask hub measure show R1 --by group --fy 2017/18 --quiet --format table --fields group,reached,staff,rate
    heading "and what everybody may see: released, small counts hidden"
    ask hub release R1 2017/18 --by group --quiet --format plain >/dev/null
    ask hub measure show R1 --by group --fy 2017/18 --audience public --quiet --format table \
        --fields group,reached,staff,rate
}

# http_body ADDRESS PATH
http_body() {
    local address=${1#http://}
    exec 3<>"/dev/tcp/${address%:*}/${address#*:}"
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$2" "$address" >&3
    sed '1,/^\r$/d' <&3
    exec 3>&-
}

rows_of() { sed 's/.*"data"://'; }

# Every figure of every grouping and weight, by the oracle, from the exported log alone.
compare_with_oracle() {
    local by weight options compared=0
    ask hub export --quiet --format jsonl >"$SCRATCH/log.jsonl"
    for by in "${GROUPINGS[@]}"; do
        for weight in "${WEIGHTS[@]}"; do
            options=(--weight "$weight")
            [ "$by" = total ] || options+=(--by "$by")
            ask hub level "${options[@]}" --json --quiet >"$SCRATCH/level.json"
            "$BIN/tandem-oracle" "${options[@]}" --today "${LAST_DAY%T*}" --compare "$SCRATCH/level.json" \
                "$SCRATCH/log.jsonl" || fail "the oracle finds other figures (by $by, weight $weight)"
            compared=$((compared + 1))
        done
    done
    say "the oracle computes the same from the exported log: $compared documents"
}

# What the comparison is worth: a changed figure must be noticed.
control_oracle() {
    ask hub level --json --quiet >"$SCRATCH/level.json"
    sed 's/"joint_corroborated":\([0-9]*\)/"joint_corroborated":1\1/' "$SCRATCH/level.json" >"$SCRATCH/wrong.json"
    ! "$BIN/tandem-oracle" --today "${LAST_DAY%T*}" --compare "$SCRATCH/wrong.json" "$SCRATCH/log.jsonl" \
        >/dev/null 2>&1 || fail "the oracle did not notice a changed figure"
}

# The command and the address give the same rows.
compare_with_http() {
    [ "$(http_body "$(cat "$SCRATCH/hub/http.address")" /api/v1/level | rows_of)" = \
        "$(ask hub level --json --quiet | rows_of)" ] || fail "GET /api/v1/level gives other figures than tandem level"
    say "GET /api/v1/level gives the same"
}

# The log of each store is whole, and proves itself in an empty store elsewhere.
check_logs() {
    local name
    for name in hub "${NODES[@]}"; do
        ask "$name" verify --quiet >"$SCRATCH/verify" || fail "$name: $(cat "$SCRATCH/verify")"
    done
    "$BIN/tandem" import-log "$SCRATCH/log.jsonl" --store "$SCRATCH/copy" --quiet >/dev/null
    "$BIN/tandem" export --store "$SCRATCH/copy" --quiet >"$SCRATCH/again.jsonl"
    cmp -s "$SCRATCH/again.jsonl" "$SCRATCH/log.jsonl" || fail "export, import-log, export gives other bytes: $(
        diff "$SCRATCH/log.jsonl" "$SCRATCH/again.jsonl" | cut -c 1-200 | head -n 5)"
    say "every store is whole; the exported log comes back out of an empty store byte for byte"
}
