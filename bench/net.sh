#!/usr/bin/env bash
# V1: milliseconds an image of networks on one thread, beside ONNX Runtime (npm package
# onnxruntime-node in the folder that $ONNXRUNTIME_AT names, else in one that is thrown away; where
# npm cannot get it the rows stand alone). Both are measured by turns.
#   bench/net.sh BUILD [RUNS [MILLISECONDS]]
# The trained models are those of the test data, beside the tree or in $WEIR_TEST_DATA; ResNet-18
# and MobileNetV2 are made here, with random weights.
. "$(dirname "$0")/lib.sh"
build=$1
runs=${2:-5}
budget=${3:-300}
here=$(dirname "$0")
data=${WEIR_TEST_DATA:-$root/../shared/data}/models
onnxruntime_get
"$build/bench/net_bench" write "$work"

# One core for both, the last, so that what else runs meets them less.
pin=(taskset -c "$(($(nproc) - 1))")

both() { # BATCH MODEL...
    "${pin[@]}" "$build/bench/net_bench" "$budget" "$@" | keep_all
    [ -n "$ONNXRUNTIME_AT" ] || return 0
    "${pin[@]}" node "$here/onnxruntime.mjs" "$budget" "$@" | keep_all ort_
}

models=()
for model in "$data"/*.onnx; do
    [ -f "$model" ] && models+=("$model")
done
many=("$work"/*.onnx)
for model in "${models[@]}"; do
    case "$model" in */cifar10_cnn*|*/emotion*) many+=("$model") ;; esac
done
for ((i = 0; i < runs; i++)); do
    both 1 "${models[@]}" "$work"/*.onnx
    both 8 "${many[@]}"
done

wanted() { # NAME
    case "$1" in
    ultraface*) echo "<= 0.5" ;;
    resnet18_1) echo "<= 0.8" ;;
    resnet18_8) echo "<= 0.6" ;;
    *) echo "<= 1.0" ;;
    esac
}

for file in "$work"/*.kept; do
    name=$(basename "$file" .kept)
    case "$name" in ort_*) continue ;; esac
    what="ms an image, ${name%_*}, batch ${name##*_}"
    m=$(median "$name")
    if [ -s "$work/ort_$name.kept" ]; then
        o=$(median "ort_$name")
        printf 'V1\t%s\t%.3f\t%.3f\t%s\t%.3f\t%s\t%s\n' "$what" "$m" "$(least "$name")" \
            "ONNX Runtime, 1 thread" "$o" "$(ratio "$m" "$o")" "$(wanted "$name")"
    else
        printf 'V1\t%s\t%.3f\t%.3f\t\t\t\t%s\n' "$what" "$m" "$(least "$name")" "$(wanted "$name")"
    fi
done
