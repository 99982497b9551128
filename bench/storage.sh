#!/usr/bin/env bash
# S3: a restart. The rate at which what stands behind the newest checkpoint is done again, GB/s; and
# the seconds until a directory with a gigabyte that the checkpoint covers, and 64 MB behind it, has
# answered a query. S4: a query with 1,000,000 groups, of which 1 % change in a second, with a
# checkpoint a second: million rows a second of wall time, beside the same without checkpoints.
#   bench/storage.sh BUILD [RUNS [DIR]]
# DIR is where files are written.
. "$(dirname "$0")/lib.sh"
weir=$1/weir
runs=${2:-5}
home=$(mktemp -d "${3:-$root}/storage.XXXXXX")
trap 'rm -rf "$home" "$work"' EXIT
never=(--set checkpoint-interval='1 d' --set checkpoint-bytes='1000 gb')

# wall COMMAND...: seconds of it
wall() {
    local TIMEFORMAT='%R'
    { time "$@" > "$work/out" 2> "$work/err"; } 2> "$work/time" || { cat "$work/err" >&2; return 1; }
    cat "$work/time"
}

# answered DIR: seconds until a process that opens the directory has answered a query
answered() {
    local pid begun told
    mkfifo "$work/answer"
    begun=$(date +%s%N)
    timeout 60 "$weir" run --data "$1" -c "SELECT 1 AS n" > "$work/answer" 2> "$work/err" &
    pid=$!
    read -r told < "$work/answer"
    [ "$told" = '{"n":1}' ] || { cat "$work/err" >&2; return 1; }
    awk -v from="$begun" -v to="$(date +%s%N)" 'BEGIN { printf "%.3f\n", (to - from) / 1e9 }'
    wait "$pid" 2> /dev/null || true
    rm "$work/answer"
}

# killed DIR SCRIPT: executes the script, and is killed when it has told its end.
killed() {
    local pid
    mkfifo "$work/pipe"
    "$weir" run --data "$1" "${never[@]}" "$2" -c "CREATE STREAM held (l TEXT) WITH
        ('connector' = 'stdin', 'format' = 'raw'); SELECT 'told'; SELECT l FROM held" \
        < "$work/pipe" > "$work/told" 2> "$work/err" &
    pid=$!
    exec 3> "$work/pipe"
    until grep -q told "$work/told"; do kill -0 "$pid"; sleep 0.05; done
    kill -9 "$pid"
    wait "$pid" 2> /dev/null || true
    exec 3>&-
    rm "$work/pipe"
}

# statements COUNT: INSERTs of 500 rows of about 128 bytes each that do not compress well
statements() {
    awk -v count="$1" 'BEGIN { srand(7); for (i = 0; i < count; i++) {
        printf "INSERT INTO facts VALUES "
        for (j = 0; j < 500; j++) {
            x = ""
            for (k = 0; k < 14; k++) x = x sprintf("%08x", int(rand() * 4294967295))
            printf "%s(%d, \x27%s\x27)", (j ? ", " : ""), i * 500 + j, x
        }
        print ";" } }'
}

log_bytes() { "$weir" log "$1" --verify 2>&1 | awk '/ are sound/ { print $1 }'; }

# ---- S3
echo "CREATE STREAM facts (id BIGINT, x TEXT) WITH ('retention' = '100 mb');" > "$work/make.sql"
{ cat "$work/make.sql"; statements 800; } > "$work/facts.sql"
killed "$home/behind" "$work/facts.sql"
behind=$(log_bytes "$home/behind")
{
    sed "s/100 mb/1 gb/" "$work/make.sql"
    echo "CREATE STREAM made (id BIGINT, x TEXT) WITH ('connector' = 'datagen',
        'number-of-rows' = '7500000', 'fields.x.length' = '112', 'fields.id.kind' = 'sequence',
        'fields.id.start' = '1', 'fields.id.end' = '7500000');"
    echo "CREATE QUERY fill AS INSERT INTO facts SELECT id, x FROM made;"
} > "$work/covered.sql"
"$weir" run --data "$home/covered" "$work/covered.sql" 2> "$work/err"
statements 800 > "$work/facts.sql"
killed "$home/covered" "$work/facts.sql"
for ((i = 0; i < runs; i++)); do
    for which in behind covered; do
        cp -r "$home/$which" "$home/now"
        keep "$which" "$(answered "$home/now")"
        rm -rf "$home/now"
    done
    keep replay "$(awk -v b="$behind" -v t="$(tail -n 1 "$work/behind.kept")" \
        'BEGIN { printf "%.4f\n", b / t / 1e9 }')"
done
row S3 "restart: what is behind a checkpoint, GB/s" replay "" "" ">= 0.5"
row S3 "  1 GB covered, 64 MB behind, s" covered "" "" "<= 1"

# ---- S4
rows=20000000
cat > "$work/keys.sql" <<SQL
CREATE STREAM made (id BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '$rows',
  'fields.id.kind' = 'sequence', 'fields.id.start' = '0', 'fields.id.end' = '$((rows - 1))');
CREATE STREAM away (k BIGINT, n BIGINT, total BIGINT) WITH ('connector' = 'blackhole');
CREATE QUERY counted AS INSERT INTO away
  SELECT k, COUNT(*), SUM(id) FROM
    (SELECT id, CASE WHEN id < 1000000 THEN id ELSE id % 10000 END AS k FROM made)
  GROUP BY k EMIT CHANGES;
SQL
for ((i = 0; i < runs; i++)); do
    keep with "$(per $rows "$(wall "$weir" run --data "$home/with" "$work/keys.sql")")"
    keep without "$(per $rows "$(wall "$weir" run --data "$home/without" "${never[@]}" \
        "$work/keys.sql")")"
    rm -rf "$home/with" "$home/without"
done
row S4 "1,000,000 groups, a checkpoint a second" with "without checkpoints" without ">= 0.9"
