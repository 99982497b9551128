#!/bin/sh
# Installs the Debian packages that weir is built and tested with, those that are missing only.
#   ./setup.sh [build] [test] [fuzz] [bench]
set -eu

packages_build="gcc make pkg-config meson ninja-build lemon libsqlite3-dev libpcre2-dev \
zlib1g-dev libzstd-dev liblz4-dev libisal-dev libedit-dev libopenblas0-pthread libjpeg-dev \
libspng-dev libonnx-dev libprotobuf-c-dev protobuf-c-compiler"
packages_test="libcmocka-dev libjansson-dev clang-format binutils python3-opencv"
packages_fuzz="clang libclang-rt-14-dev"
packages_bench="g++ libsimdjson-dev libjansson-dev sqlite3 python3-opencv"

wanted=""
for group in "$@"; do
    case "$group" in
    build) wanted="$wanted $packages_build" ;;
    test) wanted="$wanted $packages_test" ;;
    fuzz) wanted="$wanted $packages_fuzz" ;;
    bench) wanted="$wanted $packages_bench" ;;
    *)
        echo "setup.sh: no group '$group' (build, test, fuzz, bench)" >&2
        exit 2
        ;;
    esac
done

missing=""
for package in $wanted; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null 2>&1; then
        echo "setup.sh: as root, run: apt-get install$missing" >&2
        exit 1
    fi
fi
echo "Installing Debian packages:$missing" >&2
$as_root apt-get update -qq >&2
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >&2
