#!/usr/bin/env bash
# P2: bids as NDJSON into TUMBLE(10 s) COUNT, SUM(price) by auction into a blackhole: from a file and
# over TCP, millions of bids a CPU second (user and system), beside the bare decoding of the same
# bids from memory, ours (P1) and simdjson's.
#   bench/pipeline.sh BUILD [RUNS] [BIDS]
. "$(dirname "$0")/lib.sh"
build=$1
runs=${2:-7}
bids=${3:-5000000}
port=$((20000 + RANDOM % 10000))

cat > "$work/write.sql" <<SQL
CREATE STREAM out (auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT,
                   dateTime TIMESTAMP(3))
  WITH ('connector' = 'filesystem', 'path' = '$work/bids.ndjson', 'format' = 'json');
INSERT INTO out SELECT auction, bidder, price, channel, url, at FROM bid;
SQL
"$build/weir" run --define events=$((bids * 50 / 46)) "$root/examples/nexmark/events.sql" \
    "$work/write.sql" 2> /dev/null

# script FROM: the query over a stream whose connector has these options.
script() {
    cat <<SQL
CREATE STREAM bid (auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT,
                   dateTime TIMESTAMP(3), WATERMARK FOR dateTime AS dateTime - INTERVAL '4' SECOND)
  WITH ($1, 'format' = 'json');
CREATE STREAM sink (auction BIGINT, n BIGINT, total BIGINT, at TIMESTAMP(3))
  WITH ('connector' = 'blackhole');
INSERT INTO sink SELECT auction, COUNT(*), SUM(price), window_start
FROM TUMBLE(TABLE bid, DESCRIPTOR(dateTime), INTERVAL '10' SECOND)
GROUP BY auction, window_start, window_end;
SQL
}
script "'connector' = 'filesystem', 'path' = '$work/bids.ndjson'" > "$work/file.sql"
script "'connector' = 'socket', 'hostname' = '127.0.0.1', 'port' = '$port'" > "$work/tcp.sql"
bids=$(wc -l < "$work/bids.ndjson")

decode() {
    "$build/bench/decode_bench" --rounds 1 --rates 1 --file "$work/bids.ndjson" --only "$1" |
        keep_all
}

over_tcp() {
    coproc SENDER { exec "$build/bench/send" "$port" "$work/bids.ndjson"; }
    local pid=$SENDER_PID
    read -r _ <&"${SENDER[0]}"
    keep tcp "$(per "$bids" "$(cpu "$build/weir" run "$work/tcp.sql")")"
    wait "$pid"
}

for ((i = 0; i < runs; i++)); do
    decode weir
    keep file "$(per "$bids" "$(cpu "$build/weir" run "$work/file.sql")")"
    decode simdjson_lines
    decode simdjson_many
    over_tcp
done

row P2 "bids from a file into a window, M/s" file "P1 of the same bids" weir ">= 0.7"
row P2 "" file "simdjson, a call a line" simdjson_lines ">= 1.0"
row P2 "" file "simdjson iterate_many, 1 thread" simdjson_many ">= 1.0"
row P2 "bids over TCP into a window, M/s" tcp "P1 of the same bids" weir ">= 0.5"
