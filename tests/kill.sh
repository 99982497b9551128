#!/usr/bin/env bash
# SIGKILL at random moments, and every promise of a data directory kept all the same.
#   tests/kill.sh WEIR [KILLS [SEED]]
#
# A load (windows into a kept stream and into files, a stored table, a view over it, and statements by
# hand) runs in a data directory, is killed, and started again with the same script until it has
# ended; then comes a new directory, until KILLS processes were killed. Held against a run that nobody
# disturbed, in another directory:
#   - after each kill: what readers see of the files is a beginning of what they are to hold, in whole
#     rows; the table changed by hand is as after the last acknowledged statement, or one behind it;
#   - when the load has ended: kept rows, bad rows, table and view, every byte of the files, and no
#     hidden file that was forgotten; the log verifies.
set -uo pipefail
export LC_ALL=C
weir=$1 kills=${WEIR_SOAK:+200} seed=${3:-$((RANDOM * 32768 + RANDOM))}
kills=${kills:-${2:-30}}
rows=40000 statements=3000 batch=40
passed=0 failed=0
work=$(mktemp -d)
pid=""
trap '[ -z "$pid" ] || kill -9 "$pid" 2> /dev/null; [ "$failed" -gt 0 ] || rm -rf "$work"' EXIT
RANDOM=$((seed % 32768))
echo "seed $seed"

# judge NAME COMMAND...: counts one check, and says what failed.
judge() {
    local name=$1
    shift
    if "$@" > "$work/judged" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name, after $killed kills, seed $seed; all is left in $work"
        head -n 20 "$work/judged"
        [ ! -s "$work/err" ] || tail -n 5 "$work/err"
    fi
}

# Rows somewhat out of order; some late, some without a value, some bad.
make_rows() {
    awk -v seed="$seed" -v rows="$rows" '
    function some(m) { x = x * 16807 % 2147483647; return int(x / 8) % m }
    BEGIN {
        x = seed % 2147483646 + 1
        split("ann bob cid dot eve fay gus hal ivy jon", name, " ")
        for (i = 0; i < rows; i++) {
            t = i * 70 - some(3000)
            if (some(997) == 0) t -= 60000
            if (t < 0) t = 0
            s = int(t / 1000)
            v = some(30) == 0 ? "null" : some(2000) - 1000
            if (some(2003) == 0) v = "\"bad\""
            printf "{\"id\":%d,\"at\":\"2026-01-01 %02d:%02d:%02d.%03d\",\"k\":\"%s%d\",\"v\":%s}\n",
                i, int(s / 3600), int(s / 60) % 60, s % 60, t % 1000, name[some(10) + 1], some(7), v
        }
    }'
}

# Statement n of a line, a tab, and what the table holds behind it; line 1 is before all.
make_statements() {
    awk -v seed="$seed" -v count="$statements" '
    function some(m) { x = x * 16807 % 2147483647; return int(x / 8) % m }
    function held(   id, text) {
        for (id = 0; id < 12; id++)
            if (id in v) text = text sprintf("{\"id\":%d,\"v\":%d};", id, v[id])
        return text
    }
    BEGIN {
        x = (seed + 77) % 2147483646 + 1
        print "\t"
        for (i = 1; i <= count; i++) {
            id = some(12); other = (id + 5) % 12
            if (!(id in v) && !(other in v)) {
                v[id] = v[other] = i
                text = "INSERT INTO hand VALUES (" id ", " i "), (" other ", " i ")"
            } else if (!(id in v)) {
                v[id] = i
                text = "INSERT INTO hand VALUES (" id ", " i ")"
            } else if (some(3) == 0) {
                for (at = 0; at < 12; at++) if (at in v && at % 3 == id % 3) v[at] = i
                text = "UPDATE hand SET v = " i " WHERE id % 3 = " id % 3
            } else if (some(2) == 0) {
                v[id] = i
                text = "UPDATE hand SET v = " i " WHERE id = " id
            } else {
                delete v[id]
                text = "DELETE FROM hand WHERE id = " id
            }
            print text "\t" held()
        }
    }'
}

cat > "$work/load.sql" <<'SQL'
CREATE STREAM s (id BIGINT, at TIMESTAMP(3), k TEXT, v BIGINT,
  WATERMARK FOR at AS at - INTERVAL '2' SECOND)
  WITH ('connector' = 'filesystem', 'path' = '${in}', 'format' = 'json');
CREATE STREAM kept (w TIMESTAMP(3), k TEXT, n BIGINT, total BIGINT, highest BIGINT);
CREATE STREAM rolled (w TIMESTAMP(3), k TEXT, n BIGINT, mean DOUBLE)
  WITH ('connector' = 'filesystem', 'path' = '${out}/rolled/', 'format' = 'csv',
        'sink.rolling-policy.file-size' = '20 kb');
CREATE STREAM parted (id BIGINT, v BIGINT, k TEXT) PARTITIONED BY (k)
  WITH ('connector' = 'filesystem', 'path' = '${out}/parted', 'format' = 'json',
        'sink.rolling-policy.file-size' = '10 kb');
CREATE STREAM single (id BIGINT, k TEXT, v BIGINT)
  WITH ('connector' = 'filesystem', 'path' = '${out}/single.csv', 'format' = 'csv');
CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total BIGINT);
CREATE MATERIALIZED VIEW letters AS
  SELECT SUBSTRING(k FROM 1 FOR 1) AS letter, COUNT(*) AS k_count, SUM(n) AS n, SUM(total) AS total
  FROM totals GROUP BY SUBSTRING(k FROM 1 FOR 1);
CREATE TABLE hand (id BIGINT PRIMARY KEY, v BIGINT);
CREATE QUERY to_kept AS INSERT INTO kept
  SELECT window_start, k, COUNT(*), SUM(v), MAX(v)
  FROM TUMBLE(TABLE s, DESCRIPTOR(at), INTERVAL '10' SECOND)
  GROUP BY window_start, window_end, k EMIT CHANGES;
CREATE QUERY to_rolled AS INSERT INTO rolled
  SELECT window_start, k, COUNT(*), AVG(CAST(v AS DOUBLE))
  FROM HOP(TABLE s, DESCRIPTOR(at), INTERVAL '5' SECOND, INTERVAL '30' SECOND)
  GROUP BY window_start, window_end, k EMIT CHANGES;
CREATE QUERY to_parted AS INSERT INTO parted
  SELECT id, v, SUBSTRING(k FROM 1 FOR 1) FROM s WHERE id % 3 = 0;
CREATE QUERY to_single AS INSERT INTO single SELECT id, k, v FROM s WHERE v > 500;
CREATE QUERY to_totals AS INSERT INTO totals
  SELECT k, COUNT(*), SUM(v) FROM s GROUP BY k EMIT CHANGES;
SQL
cat > "$work/state.sql" <<'SQL'
SELECT id, v FROM hand ORDER BY id;
SELECT 'state' AS told;
SQL
cat > "$work/check.sql" <<'SQL'
SELECT * FROM TABLE(kept);
SELECT "offset", raw, code, message FROM TABLE(s$errors);
SELECT * FROM TABLE(s$late);
SELECT * FROM totals ORDER BY k;
SELECT * FROM letters ORDER BY letter;
SQL

# start DIR SCRIPT...: the load in the directory, behind it the scripts; sets pid.
start() {
    local dir=$1
    shift
    mkdir -p "$dir/out"
    "$weir" run --format ndjson --data "$dir/data" --set checkpoint-interval='20 ms' \
        --threads $((RANDOM % 3 + 1)) --define in="$work/in.ndjson" --define out="$dir/out" \
        "$work/load.sql" "$@" > "$work/out" 2> "$work/err" &
    pid=$!
}

# finish: waits for the process; its status.
finish() {
    local status
    wait "$pid" 2> /dev/null
    status=$?
    pid=""
    return "$status"
}

ends_well() {
    finish
    judge "the load ends well" [ "$?" -eq 0 ]
}

# kill_at MS: so long from now; true if it was there to be killed, false if it had ended well.
kill_at() {
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
    kill -9 "$pid" 2> /dev/null
    finish
    local status=$?
    if [ "$status" -eq 137 ]; then
        killed=$((killed + 1))
        return 0
    fi
    judge "a run that ends by itself ends well (status $status)" [ "$status" -eq 0 ]
    return 1
}

# The folders with files of a sink, and for each what readers see of it, in order.
folders() { (cd "$1/out" && find . -type d | sort); }
seen() { find "$1/out/$2" -maxdepth 1 -type f ! -name '.*' | sort | xargs -r cat; }

# begins DIR: what is seen of each folder is a beginning, in whole rows, of what it is to hold.
begins() {
    local folder bytes
    while read -r folder; do
        seen "$1" "$folder" > "$work/seen"
        bytes=$(stat -c %s "$work/seen")
        [ "$bytes" -gt 0 ] || continue
        [ -z "$(tail -c 1 "$work/seen")" ] || { echo "$folder: a torn row"; return 1; }
        cmp -n "$bytes" <(seen "$work/whole" "$folder" 2> /dev/null) "$work/seen" || return 1
    done < <(folders "$1")
}

# holds FROM TO: does the table stand as behind a statement from FROM to TO? Prints the last such.
holds() {
    grep '"id"' "$work/out" | tr '\n' ';' > "$work/held"
    awk -F '\t' -v from="$1" -v to="$2" -v held="$(cat "$work/held")" '
        NR > from && NR <= to + 1 && $2 == held { at = NR - 1; found = 1 }
        END { if (found) print at; exit !found }' "$work/statements" && return
    echo "the table is in none of the states $1 to $2: $(cat "$work/held")"
    return 1
}

# whole DIR: is everything as in the run that nobody disturbed?
whole() {
    local folder
    "$weir" log "$1/data" --verify > "$work/verified" 2>&1 || { cat "$work/verified"; return 1; }
    "$weir" run --format ndjson --data "$1/data" "$work/check.sql" > "$work/rows" 2> "$work/err" ||
        { cat "$work/err"; return 1; }
    cmp "$work/expected" "$work/rows" || return 1
    diff <(folders "$work/whole") <(folders "$1") || return 1
    while read -r folder; do
        cmp <(seen "$work/whole" "$folder") <(seen "$1" "$folder") || return 1
    done < <(folders "$work/whole")
    find "$1/out" -name '.*' -type f > "$work/hidden"
    [ ! -s "$work/hidden" ] || { echo "forgotten:"; cat "$work/hidden"; return 1; }
}

# statements_from N: some of the statements from there on, each followed by its acknowledgement.
statements_from() {
    tail -n +$(($1 + 1)) "$work/statements" | head -n "$batch" |
        awk -F '\t' -v n="$1" '{ print $1 ";\nSELECT " n + NR - 1 " AS ack;" }' > "$work/hand.sql"
}

# told: waits until the process has said what the table holds, or is gone.
told() {
    until grep -q '"told"' "$work/out"; do
        kill -0 "$pid" 2> /dev/null || return 1
        sleep 0.005
    done
}

# life DIR: from an empty directory until the load has ended, or enough were killed.
life() {
    local dir=$1 acked=0 issued=0 ended=0 last
    while [ "$ended" -eq 0 ]; do
        start "$dir" "$work/state.sql"
        if told; then
            judge "acknowledged statements are there" holds "$acked" "$issued"
            acked=$(tail -n 1 "$work/judged")
            [ "$failed" -eq 0 ] || return
        fi
        if [ "$killed" -ge "$kills" ]; then
            ends_well
            break
        fi
        kill_at $((RANDOM % (pause / 4))) || break
        statements_from $((acked + 1))
        start "$dir" "$work/hand.sql"
        issued=$((acked + batch))
        kill_at $((RANDOM % pause)) || ended=1
        last=$(sed -n 's/^{"ack":\([0-9]*\)}$/\1/p' "$work/out" | tail -n 1)
        acked=${last:-$acked}
        judge "readers of files see a beginning of them" begins "$dir"
        [ "$failed" -eq 0 ] || return
    done
    judge "what was killed and went on is as what was not" whole "$dir"
}

killed=0
make_rows > "$work/in.ndjson"
make_statements > "$work/statements"
begun=$(date +%s%N)
start "$work/whole"
ends_well
pause=$((($(date +%s%N) - begun) / 2000000))
"$weir" run --format ndjson --data "$work/whole/data" "$work/check.sql" > "$work/expected" 2> "$work/err"
judge "there is something to compare" [ "$(wc -l < "$work/expected")" -gt 10000 ]

lives=0
while [ "$killed" -lt "$kills" ] && [ "$failed" -eq 0 ]; do
    lives=$((lives + 1))
    life "$work/life"
    [ "$failed" -gt 0 ] || rm -rf "$work/life"
done
echo "$killed kills, $lives lives"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
