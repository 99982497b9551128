#!/usr/bin/env bash
# What people see of a data directory: scripts that are run again, objects that go, starts that are
# refused. Each step says what it prints, both streams together, and its exit status.
#   tests/data.sh WEIR ROOT
set -uo pipefail
weir=$(realpath "$1") examples=$(realpath "$2/examples") fixture=$(realpath "$2/tests/fixture")
export LC_ALL=C
passed=0 failed=0 skipped=0
work=$(mktemp -d)
mounted=""
trap '[ -z "$mounted" ] || umount "$mounted"; rm -rf "$work"' EXIT
cd "$work" || exit 2

run() { timeout 60 "$weir" run --format ndjson --data d "$@"; }

# says NAME STATUS COMMAND...: what it prints, in order, is standard input.
says() {
    local name=$1 status=$2 got
    shift 2
    cat > expected
    "$@" > printed 2>&1 < /dev/null
    got=$?
    if [ "$got" -eq "$status" ] && diff expected printed > difference; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "FAILED $name: status $got, expected $status"
    cat difference
}

# again: from here on in an empty directory.
again() { rm -rf d out; }

rows() { awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i <= to; i++)
    printf "{\"k\":\"%s\",\"n\":%d}\n", i % 2 ? "odd" : "even", i }'; }

# ---- a script that is run again

rows 1 4 > in.json
cat > script.sql <<'SQL'
CREATE STREAM f (k TEXT, n BIGINT)
  WITH ('connector' = 'filesystem', 'path' = 'in.json', 'format' = 'json');
CREATE TABLE t (k TEXT PRIMARY KEY, n BIGINT);
CREATE MATERIALIZED VIEW v AS SELECT SUM(n) AS n FROM t;
CREATE QUERY q AS INSERT INTO t SELECT k, SUM(n) FROM f GROUP BY k;
SELECT * FROM t;
SELECT * FROM v;
SQL
says "a script in an empty directory" 0 run script.sql << 'OUT'
{"k":"odd","n":4}
{"k":"even","n":6}
{"n":10}
OUT
says "the script again, with other spaces" 0 run <(sed 's/ AS SELECT/  AS -- the sum\n  SELECT/' script.sql) << 'OUT'
NOTICE:  stream "f" is there, and goes on
NOTICE:  table "t" is there, and goes on
NOTICE:  materialized view "v" is there, and goes on
NOTICE:  query "q" is there, and has ended
{"k":"odd","n":4}
{"k":"even","n":6}
{"n":10}
OUT
says "the same name with another text" 1 run -c "CREATE TABLE t (k TEXT);" << 'OUT'
ERROR:  42P07: table "t" already exists
LINE 1: CREATE TABLE t (k TEXT);
                     ^
OUT
says "a statement claims its object once" 1 run \
    -c "CREATE TABLE t (k TEXT PRIMARY KEY, n BIGINT);" \
    -c "CREATE TABLE t (k TEXT PRIMARY KEY, n BIGINT);" << 'OUT'
NOTICE:  table "t" is there, and goes on
ERROR:  42P07: table "t" already exists
LINE 1: CREATE TABLE t (k TEXT PRIMARY KEY, n BIGINT);
                     ^
OUT
says "it goes on where it was, not from the start" 0 run -c "INSERT INTO t VALUES ('x', 5);" \
    -c "CHECKPOINT; SELECT n FROM v;" << 'OUT'
{"n":15}
OUT

# ---- what is dropped stays dropped

says "what is used is not dropped, and what used it is as before" 1 run -c "DROP TABLE t" << 'OUT'
ERROR:  2BP01: table "t" is used by materialized view "v"
LINE 1: DROP TABLE t
                   ^
HINT:  DROP MATERIALIZED VIEW v first.
OUT
says "drop" 0 run -c "DROP MATERIALIZED VIEW v; DROP QUERY q; DROP TABLE t" < /dev/null
says "what was dropped is gone" 0 run -c "SHOW TABLES; SHOW QUERIES" << 'OUT'
{"name":"f","connector":"filesystem","rows":4,"bad":0,"watermark":null}
OUT
says "its statement makes a new one" 0 run script.sql << 'OUT'
NOTICE:  stream "f" is there, and goes on
{"k":"odd","n":4}
{"k":"even","n":6}
{"n":10}
OUT

# ---- an INSERT without a name

again
cat > insert.sql <<'SQL'
CREATE STREAM f (k TEXT, n BIGINT)
  WITH ('connector' = 'filesystem', 'path' = 'in.json', 'format' = 'json');
CREATE STREAM k (n BIGINT);
INSERT INTO k SELECT n FROM f;
SELECT COUNT(*) AS n FROM TABLE(k);
SQL
says "an INSERT" 0 run insert.sql <<< '{"n":4}'
says "one whose script has ended is executed anew" 0 run insert.sql << 'OUT'
NOTICE:  stream "f" is there, and goes on
NOTICE:  stream "k" is there, and goes on
{"n":8}
OUT
says "its name is free" 0 run -c "SHOW QUERIES" < /dev/null
says "of a script that fails later it is not" 1 run insert.sql -c "SELECT 1 AS" << 'OUT'
NOTICE:  stream "f" is there, and goes on
NOTICE:  stream "k" is there, and goes on
{"n":12}
ERROR:  42601: syntax error at the end of the statement
LINE 1: SELECT 1 AS
                   ^
OUT
says "so nothing is written twice" 0 run insert.sql << 'OUT'
NOTICE:  stream "f" is there, and goes on
NOTICE:  stream "k" is there, and goes on
NOTICE:  query "k_1" is there, and has ended
{"n":12}
OUT

# ---- a query that failed

again
cat > failing.sql <<'SQL'
CREATE STREAM gone (k TEXT) WITH ('connector' = 'filesystem', 'path' = 'gone.json', 'format' = 'json');
CREATE STREAM k (k TEXT);
CREATE QUERY q AS INSERT INTO k SELECT k FROM gone;
SQL
rm -f gone.json
says "a query that fails" 3 run failing.sql << 'OUT'
ERROR:  58030: query q: cannot examine gone.json: No such file or directory
OUT
echo '{"k":"here"}' > gone.json
says "it has failed until it is dropped" 3 run failing.sql << 'OUT'
NOTICE:  stream "gone" is there, and goes on
NOTICE:  stream "k" is there, and goes on
NOTICE:  query "q" is there, and has failed; DROP it to begin anew
ERROR:  58030: query q: cannot examine gone.json: No such file or directory
OUT
says "and then begins anew" 0 run -c "DROP QUERY q" failing.sql -c "SELECT * FROM TABLE(k)" << 'OUT'
NOTICE:  stream "gone" is there, and goes on
NOTICE:  stream "k" is there, and goes on
{"k":"here"}
OUT

# ---- settings are those of the statement

again
says "a query is made under on-error = fail" 0 run -c "SET 'on-error' = 'fail';
  CREATE STREAM s (x TEXT); CREATE STREAM k (n BIGINT);
  CREATE QUERY q AS INSERT INTO k SELECT CAST(x AS BIGINT) FROM s;" < /dev/null
says "and keeps to it" 3 run -c "INSERT INTO s VALUES ('1'), ('one'), ('2')" << 'OUT'
NOTICE:  query q could not compute 1 row: they are in q$errors
ERROR:  22P02: query q: "one" is not a BIGINT
OUT

# ---- what EXPLAIN promises

again
cat > explain.sql <<'SQL'
CREATE STREAM f (k TEXT) WITH ('connector' = 'filesystem', 'path' = 'in.json', 'format' = 'json');
CREATE STREAM o (k TEXT) WITH ('connector' = 'filesystem', 'path' = 'o.json', 'format' = 'json');
CREATE STREAM p (k TEXT) WITH ('connector' = 'stdout');
CREATE STREAM k (k TEXT);
CREATE TABLE t (k TEXT PRIMARY KEY);
EXPLAIN INSERT INTO o SELECT * FROM f;
EXPLAIN INSERT INTO k SELECT * FROM f;
EXPLAIN INSERT INTO t SELECT * FROM k;
EXPLAIN INSERT INTO p SELECT * FROM f;
EXPLAIN INSERT INTO p SELECT * FROM k;
CREATE STREAM i (k TEXT) WITH ('connector' = 'stdin', 'format' = 'json');
EXPLAIN INSERT INTO k SELECT * FROM i;
SQL
says "EXPLAIN with a data directory" 0 run explain.sql << 'OUT'
{"plan":"Sink o (filesystem, json), exactly once"}
{"plan":"  Scan f (k)"}
{"plan":"Sink k (kept), exactly once"}
{"plan":"  Scan f (k)"}
{"plan":"Sink t (stored), exactly once"}
{"plan":"  Scan k (k)"}
{"plan":"Sink p (stdout), at least once"}
{"plan":"  Scan f (k)"}
{"plan":"Sink p (stdout), at least once"}
{"plan":"  Scan k (k)"}
{"plan":"Sink k (kept), exactly once"}
{"plan":"  Scan i (k)"}
OUT
says "CHECKPOINT needs a directory" 1 timeout 60 "$weir" run -c "CHECKPOINT" << 'OUT'
ERROR:  0A000: there is no data directory to write to
LINE 1: CHECKPOINT
        ^
HINT:  Start with --data DIR.
OUT

# ---- starts that are refused

again
cp "$examples/data/digits.onnx" net.onnx
says "a model from a file" 0 run -c "CREATE MODEL m INPUT (image IMAGE) OUTPUT (digit TEXT)
    WITH ('provider' = 'onnx', 'path' = 'net.onnx')" -c "CREATE TABLE t (n BIGINT)" < /dev/null
mv net.onnx away.onnx
says "the file is gone" 3 run -c "SELECT 1 AS n" << 'OUT'
ERROR:  58030: "m" of the data directory cannot be made again: cannot open net.onnx: No such file or directory
OUT
mv away.onnx net.onnx
says "the file is there again" 0 run -c "SELECT COUNT(*) AS n FROM t" <<< '{"n":0}'

says "a directory that is a file" 3 timeout 60 "$weir" run --data in.json -c "SELECT 1 AS n" << 'OUT'
ERROR:  58030: cannot make directory in.json: File exists
OUT
mkfifo pipe
run -c "CREATE STREAM x (l TEXT) WITH ('connector' = 'stdin', 'format' = 'raw')" \
    -c "SELECT l FROM x" < pipe > first 2>&1 &
first=$!
exec 3> pipe
echo "in" >&3
until [ -s first ] || ! kill -0 "$first" 2> /dev/null; do sleep 0.02; done
says "a directory that is in use" 3 run -c "SELECT 1 AS n" << 'OUT'
ERROR:  55006: the data directory d is in use by another process
OUT
says "weir log beside the engine" 0 grep -c "CREATE STREAM x" <(timeout 60 "$weir" log d) <<< 1
exec 3>&-
wait "$first"
says "the first one goes on" 0 grep -c in first <<< 1

# ---- a disk without room

# fill FROM TO: rows of 900 bytes.
fill() {
    awk -v from="$1" -v to="$2" 'BEGIN {
        printf "INSERT INTO t VALUES "
        for (i = from; i <= to; i++) printf "%s(%d, \x27%0900d\x27)", (i > from ? ", " : ""), i, i
        print ";"
    }'
}

mkdir small
if mount -t tmpfs -o size=3m none small 2> /dev/null; then
    mounted=$work/small
    small() { timeout 60 "$weir" run --format ndjson --data small/d "$@"; }
    { echo "CREATE TABLE t (id BIGINT PRIMARY KEY, x TEXT);"; fill 1 1000; fill 1001 2000; } > fill.sql
    says "there is room" 0 small fill.sql < /dev/null
    { fill 2001 4000; echo "SELECT COUNT(*) AS n FROM t;"; } > more.sql
    timeout 60 "$weir" run --format ndjson --data small/d --keep-going more.sql > told 2> why
    status=$?
    says "there is none: nothing of the statement is done" 0 cat told <<< '{"n":2000}'
    says "the error says so" 0 grep -c "ERROR:  53100: cannot write small/d/log/.*No space left" why <<< 1
    says "and so does the status" 0 echo "$status" <<< 3
    says "what was acknowledged is there" 0 small -c "SELECT COUNT(*) AS n FROM t" <<< '{"n":2000}'
    mount -o remount,size=30m small
    says "there is room again" 0 small more.sql <<< '{"n":4000}'
else
    skipped=$((skipped + 1))
fi

# ---- directories of earlier versions: tests/fixture/make.sh made them

for made in "$fixture"/data-*; do
    again
    tar -xzf "$made/data.tar.gz" && mv data d && cp "$made/check.sql" .
    says "$(basename "$made") is sound" 0 grep -c sound <(timeout 60 "$weir" log d --verify 2>&1) <<< 1
    says "$(basename "$made") is read, and goes on" 1 run --keep-going check.sql \
        < "$made/check.out"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
