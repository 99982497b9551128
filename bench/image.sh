#!/usr/bin/env bash
# V3: JPEG bytes to the normalised tensor of a network of 224 x 224, images a second on one thread,
# beside OpenCV (Debian's python3-opencv; without it the rows stand alone).
#   bench/image.sh BUILD [RUNS]
# The images are those of the test data, beside the tree or in $WEIR_TEST_DATA; without them nothing
# is measured.
. "$(dirname "$0")/lib.sh"
build=$1
runs=${2:-5}
data=${WEIR_TEST_DATA:-$root/../shared/data}
yardstick=$(dirname "$0")/image_yardstick.py
[ -d "$data" ] || exit 0
touch "$work"/{photographs_cv,frames_cv}.kept

measure() {
    local name=$1
    shift
    keep "$name" "$("$build/bench/image_bench" 3 "$@")"
    local theirs
    theirs=$(/usr/bin/python3 "$yardstick" 3 "$@" 2> /dev/null) || return 0
    keep "${name}_cv" "$theirs"
}

for ((i = 0; i < runs; i++)); do
    measure photographs "$data"/images/darknet/*.jpg
    measure frames "$data"/video/car/frames/*[05].jpg
done

for name in photographs frames; do
    what="JPEG to tensor, images/s, $name"
    if [ -s "$work/${name}_cv.kept" ]; then
        row V3 "$what" "$name" "OpenCV, 1 thread" "${name}_cv" ">= 1.5"
    else
        row V3 "$what" "$name"
    fi
done
