#!/usr/bin/env bash
# V2: the digits query end to end, images a CPU second, beside ONNX Runtime's bare inference of the
# same network at its best batch. V6: what is saved where frames come again, and where two queries ask
# one model over one scan, beside the same without kept answers.
#   bench/vision.sh BUILD [RUNS]
# The data are those of the tests, beside the tree or in $WEIR_TEST_DATA; without them nothing is
# measured. The network is that of mnist-8 (1.57 MFLOP an image) with a free batch, taught here.
. "$(dirname "$0")/lib.sh"
build=$1
runs=${2:-5}
here=$(dirname "$0")
data=${WEIR_TEST_DATA:-$root/../shared/data}
if [ ! -d "$data/mnist" ] || [ ! -d "$data/video" ]; then
    echo "vision.sh: V2 and V6 are left out: no test data" >&2
    exit 0
fi
onnxruntime_get

pin=(taskset -c "$(($(nproc) - 1))")
images=60000

idx() { # NAME SET: a stream of images and labels
    echo "CREATE STREAM $1 (image IMAGE, label TEXT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
          WITH ('connector' = 'filesystem', 'format' = 'idx',
                'path' = '$data/mnist/$2-images-idx3-ubyte.gz',
                'idx.labels' = '$data/mnist/$2-labels-idx1-ubyte.gz',
                'timestamp.start' = '2026-01-01 00:00:00', 'timestamp.step' = '1 ms');"
}

"$build/weir" run -c "$(idx some t10k)
    CREATE MODEL taught INPUT (image IMAGE) OUTPUT (label TEXT)
      WITH ('provider' = 'train', 'type' = 'network', 'input' = '1x28x28',
            'layers' = 'conv 8 5x5 pad same, relu, maxpool 2, conv 16 5x5 pad same, relu, maxpool 3,
                        flatten, dense 10, softmax');
    INSERT INTO MODEL taught SELECT image, label FROM some;
    EXPORT MODEL taught TO '$work/digits.onnx';"

{
    idx seen train
    echo "CREATE MODEL digits INPUT (image IMAGE) OUTPUT (label TEXT)
            WITH ('provider' = 'onnx', 'path' = '$work/digits.onnx');
          SELECT window_start, COUNT(*), ACCURACY(classify(MODEL digits, image), label)
          FROM TUMBLE(TABLE seen, DESCRIPTOR(ts), INTERVAL '2' SECOND)
          GROUP BY window_start, window_end;"
} > "$work/digits.sql"

frames="CREATE STREAM frame (path TEXT, image IMAGE)
          WITH ('connector' = 'filesystem', 'format' = 'raw', 'path' = '$data/video/car/frames');
        CREATE MODEL faces WITH ('provider' = 'onnx', 'decoder' = 'ultraface',
                                 'path' = '$data/models/ultraface-RFB-320.onnx');"
ask="SELECT CARDINALITY(detect(MODEL faces, image)) FROM frame;"
echo "$frames
      CREATE STREAM a (n BIGINT) WITH ('connector' = 'blackhole');
      CREATE STREAM b (n BIGINT) WITH ('connector' = 'blackhole');
      INSERT INTO a $ask
      INSERT INTO b $ask" > "$work/two.sql"

seconds_of() { # NAME UNITS COMMAND...: keeps units a CPU second
    local name=$1 units=$2
    shift 2
    keep "$name" "$(awk -v n="$units" -v t="$(cpu "${pin[@]}" "$@")" 'BEGIN { print n / t }')"
}

count=$(find "$data/video/car/frames" -type f | wc -l)
for ((i = 0; i < runs; i++)); do
    seconds_of digits "$images" "$build/weir" run "$work/digits.sql"
    if [ -n "$ONNXRUNTIME_AT" ]; then
        for batch in 16 32 64; do
            "${pin[@]}" node "$here/onnxruntime.mjs" 300 "$batch" "$work/digits.onnx"
        done | awk '!best || $2 < best { best = $2 } END { print "ort", 1000 / best }' | keep_all
    fi
    seconds_of shared "$((2 * count))" "$build/weir" run "$work/two.sql"
    seconds_of alone "$((2 * count))" "$build/weir" run --set inference-cache=0 "$work/two.sql"
done

if [ -n "$ONNXRUNTIME_AT" ]; then
    row V2 "digits query, images/s" digits "ONNX Runtime, best batch" ort ">= 1.0"
else
    row V2 "digits query, images/s" digits "" "" ">= 1.0"
fi
row V6 "two queries, one model, answers/s" shared "the same, nothing kept" alone ">= 1.9"

# Each frame ten times: how often was the model run?
"$build/weir" run -c "$frames
    EXPLAIN ANALYZE SELECT CARDINALITY(detect(MODEL faces, image))
    FROM frame CROSS JOIN UNNEST(ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) AS t(again);" 2> /dev/null |
    sed -n 's/.*Infer .*-> \([0-9]*\) rows,.* \([0-9]*\) hits.*/\1 \2/p' |
    while read -r asked hits; do
        printf 'V6\t%s\t%d\t\t%s\t%d\t%s\t%s\n' "inferences of $asked frames, each 10 times" \
            "$((asked - hits))" "different frames" "$count" "$(ratio "$((asked - hits))" "$count")" "1.00"
    done
