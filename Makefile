# weir: a thin layer over meson; each target says what it does.

MESON_TEST = meson test --print-errorlogs --num-processes 2

.PHONY: all demo test bench asan tsan fuzz soak install clean

all: build/build.ninja           ## build/weir
	ninja -C build

build/build.ninja:
	./setup.sh build test
	meson setup build --buildtype=release -Dc_args=-O3

demo: all                        ## windows over a stream of events, and over a stream of pictures
	./build/weir run --format table examples/demo.sql
	./build/weir run --format table examples/pictures.sql

test: all                        ## unit tests, case files, oracle
	tests/run.sh build

bench:                           ## speed, as ratios to a yardstick in the same run
	./setup.sh build test bench
	test -f build-bench/build.ninja || meson setup build-bench --buildtype=release -Dc_args=-O3 -Dbench=true
	ninja -C build-bench
	bench/run.sh build-bench

asan:                            ## the tests under AddressSanitizer and UBSan
	./setup.sh build test
	test -f build-asan/build.ninja || meson setup build-asan --buildtype=debugoptimized \
		-Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build-asan
	tests/run.sh build-asan

tsan:                            ## the parallel parts under ThreadSanitizer
	./setup.sh build test
	test -f build-tsan/build.ninja || meson setup build-tsan --buildtype=debugoptimized \
		-Db_sanitize=thread -Db_lundef=false
	ninja -C build-tsan
	tests/run.sh build-tsan --suite parallel

fuzz:                            ## every fuzz target for SECONDS (default 60) each
	./setup.sh build test fuzz
	test -f build-fuzz/build.ninja || CC=clang meson setup build-fuzz --buildtype=debugoptimized \
		-Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true
	ninja -C build-fuzz $(patsubst %.c,%,$(wildcard tests/fuzz/*_fuzz.c))
	tests/fuzz/run.sh build-fuzz $(or $(SECONDS_EACH),60)

soak: all                        ## the tests with bigger numbers; takes hours
	tests/run.sh build --soak

install: all
	meson install -C build --no-rebuild

clean:
	rm -rf build build-asan build-tsan build-bench build-fuzz
