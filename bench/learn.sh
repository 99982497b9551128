#!/usr/bin/env bash
# V4: training the network of examples/digits.sql, thousand images a CPU second on 2 threads, beside
# PyTorch; V5: online logistic regression of 8 features, one core, beside scikit-learn.
#   bench/learn.sh BUILD [RUNS]
# Debian's python3-torch and python3-sklearn; without them the rows stand alone.
. "$(dirname "$0")/lib.sh"
build=$1
runs=${2:-5}
python=/usr/bin/python3
yardstick=$(dirname "$0")/learn_yardstick.py
touch "$work"/{torch,torch_wall,sklearn_1000,sklearn_1}.kept

for ((i = 0; i < runs; i++)); do
    read -r _ wall used < <("$build/bench/learn_bench" network)
    keep network "$(awk -v t="$used" 'BEGIN { print 60 / t }')"
    keep network_wall "$(awk -v t="$wall" 'BEGIN { print 60 / t }')"
    "$python" "$yardstick" torch 2> /dev/null | keep_all
    for batch in 1000 1; do
        "$build/bench/learn_bench" logistic "$batch" | sed "s/logistic/logistic_$batch/" | keep_all
        "$python" "$yardstick" "sklearn_$batch" 2> /dev/null | keep_all
    done
done

# beside WHAT NAME OTHER_TEXT OTHER WANTED: a row, with its yardstick where that was measured.
beside() {
    if [ -s "$work/$5.kept" ]; then row "$1" "$2" "$3" "$4" "$5" "$6"; else row "$1" "$2" "$3"; fi
}
beside V4 "training digits, thousand images/CPU s" network "PyTorch, 2 threads" torch ">= 2"
beside V4 "the same by the clock" network_wall "PyTorch, 2 threads" torch_wall ">= 2"
beside V5 "logistic, mini-batches of 1,000, M/s" logistic_1000 "scikit-learn, batches of 1,000" \
    sklearn_1000 ">= 1.5"
beside V5 "online logistic, M rows/s" logistic_1 "scikit-learn, batches of 1" sklearn_1 ">= 200, 8 M"
