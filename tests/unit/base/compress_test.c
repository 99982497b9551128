/* compress_test.c: whatever was compressed comes out again, however the file and the caller cut
 * it; whatever is damaged is an error, never a wrong end.
 */
#include "engine/base/compress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/unit/base/random.h"

enum { BYTES_MAX = 1 << 20 };

/* A file in memory that gives at most `piece` bytes a read. */
struct memory_file {
    struct file base;
    const char *at;
    size_t bytes, read, piece;
};

static bool memory_read(struct file *f, void *to, size_t bytes, size_t *got_out, struct err *e) {
    (void)e;
    struct memory_file *m = (struct memory_file *)f;
    size_t n = m->bytes - m->read;
    if (n > bytes) n = bytes;
    if (n > m->piece) n = m->piece;
    if (n > 0) memcpy(to, m->at + m->read, n);
    m->read += n;
    *got_out = n;
    return true;
}

static void memory_close(struct file *f) {
    (void)f;
}

static const struct file_system_type memory_type = {.read = memory_read, .close = memory_close};
static struct file_system memory_system = {.type = &memory_type};

static struct memory_file memory_file(const char *at, size_t bytes, size_t piece) {
    return (struct memory_file){{&memory_system}, at, bytes, 0, piece};
}

struct blob {
    char *at;
    size_t bytes;
};

static struct blob blob_new(void) {
    struct blob b = {malloc(BYTES_MAX), 0};
    assert_non_null(b.at);
    return b;
}

/* Appends `bytes` as one gzip member. */
static void gzip_add(struct blob *b, const void *from, size_t bytes) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)from;
    z.avail_in = (uInt)bytes;
    z.next_out = (Bytef *)b->at + b->bytes;
    z.avail_out = (uInt)(BYTES_MAX - b->bytes);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    b->bytes = BYTES_MAX - z.avail_out;
    deflateEnd(&z);
}

static void zstd_add(struct blob *b, const void *from, size_t bytes) {
    size_t n = ZSTD_compress(b->at + b->bytes, BYTES_MAX - b->bytes, from, bytes, 3);
    assert_false(ZSTD_isError(n));
    b->bytes += n;
}

static void plain_add(struct blob *b, const void *from, size_t bytes) {
    if (bytes > 0) memcpy(b->at + b->bytes, from, bytes);
    b->bytes += bytes;
}

/* Reads all through buffers of `cut` bytes; false: an error, *e. */
static bool read_all(struct compress_reader *r, size_t cut, struct blob *out, struct err *e) {
    out->bytes = 0;
    for (;;) {
        size_t got = 0;
        assert_true(out->bytes + cut <= BYTES_MAX);
        if (!compress_reader_read(r, out->at + out->bytes, cut, &got, e)) return false;
        assert_true(got <= cut);
        out->bytes += got;
        assert_int_equal(compress_reader_given(r), out->bytes);
        if (got == 0) return true;
    }
}

static bool read_blob(const struct blob *in, size_t piece, size_t cut, struct blob *out,
                      struct err *e) {
    struct arena a;
    arena_init(&a, 0);
    struct memory_file f = memory_file(in->at, in->bytes, piece);
    struct compress_reader *r = compress_reader_open(&f.base, "f", &a, e);
    assert_non_null(r);
    bool ok = read_all(r, cut, out, e);
    if (ok) assert_int_equal(compress_reader_offset(r), in->bytes);
    struct err again = {0};
    size_t got = 1;
    char byte;
    assert_int_equal(compress_reader_read(r, &byte, 1, &got, &again), ok); /* the error stays */
    if (ok) assert_int_equal(got, 0);
    compress_reader_close(r);
    arena_done(&a);
    return ok;
}

/* Lines that compress, with some noise. */
static void fill(struct random *r, struct blob *b, size_t bytes) {
    b->bytes = bytes;
    for (size_t i = 0; i < bytes; i++)
        b->at[i] = (char)(random_below(r, 8) ? "{\"price\": 17}\n"[i % 14] : (char)random_u64(r));
}

typedef void adder(struct blob *, const void *, size_t);

static void what_goes_in_comes_out(void **unused) {
    (void)unused;
    struct random r = random_start("compress");
    static adder *const add[] = {plain_add, gzip_add, zstd_add};
    struct blob data = blob_new(), packed = blob_new(), got = blob_new();
    for (uint32_t i = 0; i < random_rounds(60); i++) {
        fill(&r, &data, random_spread(&r) % 150000);
        data.at[0] = '{';
        packed.bytes = 0;
        uint32_t parts = 1 + (uint32_t)random_below(&r, 4);
        for (uint32_t p = 0; p < parts; p++) { /* members, empty ones too */
            size_t from = data.bytes * p / parts, to = data.bytes * (p + 1) / parts;
            add[i % 3](&packed, data.at + from, to - from);
        }
        static const size_t cuts[] = {1 << 16, 4096, 1000, 7};
        size_t cut = cuts[random_below(&r, 4)], piece = 1 + random_spread(&r) % 100000;
        if (data.bytes < 3000) cut = 1;
        struct err e = {0};
        assert_true(read_blob(&packed, piece, cut, &got, &e));
        assert_int_equal(got.bytes, data.bytes);
        assert_memory_equal(got.at, data.at, data.bytes);
    }
    free(data.at);
    free(packed.at);
    free(got.at);
}

/* Cut anywhere: either an error, or the text ended exactly between members. */
static void a_truncated_file_is_an_error(void **unused) {
    (void)unused;
    static adder *const add[] = {gzip_add, zstd_add};
    struct blob packed = blob_new(), got = blob_new();
    for (size_t i = 0; i < 2; i++) {
        packed.bytes = 0;
        add[i](&packed, "hello, hello, hello\n", 20);
        size_t border = packed.bytes;
        add[i](&packed, "world\n", 6);
        for (size_t bytes = 4; bytes < packed.bytes; bytes++) {
            struct blob cut = {packed.at, bytes};
            struct err e = {0};
            assert_int_equal(read_blob(&cut, 9, 5, &got, &e), bytes == border);
            if (bytes == border) continue;
            assert_int_equal(e.code, ERR_CORRUPT);
            assert_string_equal(e.sqlstate, "XX001");
            assert_int_equal(e.offset, bytes);
        }
    }
    free(packed.at);
    free(got.at);
}

/* Every damaged byte: an error, or (names, times in headers) the same text. */
static void a_damaged_file_never_gives_other_bytes(void **unused) {
    (void)unused;
    struct blob packed = blob_new(), got = blob_new();
    const char *text = "the quick brown fox jumps over the lazy dog, the lazy dog\n";
    gzip_add(&packed, text, strlen(text));
    for (size_t i = 3; i < packed.bytes; i++) {
        for (int bit = 0; bit < 8; bit++) {
            packed.at[i] ^= (char)(1 << bit);
            struct err e = {0};
            if (read_blob(&packed, 1000, 16, &got, &e)) {
                assert_int_equal(got.bytes, strlen(text));
                assert_memory_equal(got.at, text, got.bytes);
            } else {
                assert_int_equal(e.code, ERR_CORRUPT);
            }
            packed.at[i] ^= (char)(1 << bit);
        }
    }
    packed.bytes = 0;
    zstd_add(&packed, text, strlen(text));
    for (size_t i = 4; i < packed.bytes; i++) { /* no checksum: only no crash is promised */
        packed.at[i] ^= (char)0xFF;
        struct err e = {0};
        (void)read_blob(&packed, 1000, 16, &got, &e);
        packed.at[i] ^= (char)0xFF;
    }
    free(packed.at);
    free(got.at);
}

static void padding_and_garbage_behind_gzip(void **unused) {
    (void)unused;
    struct blob packed = blob_new(), got = blob_new();
    gzip_add(&packed, "hello\n", 6);
    size_t end = packed.bytes;
    memset(packed.at + end, 0, 600);
    packed.bytes = end + 600;
    struct err e = {0};
    assert_true(read_blob(&packed, 100, 64, &got, &e));
    assert_int_equal(got.bytes, 6);

    packed.at[end] = 'x';
    packed.bytes = end + 1;
    assert_false(read_blob(&packed, 100, 64, &got, &e));
    assert_int_equal(got.bytes, 6); /* the good bytes came first */
    assert_int_equal(e.code, ERR_CORRUPT);
    free(packed.at);
    free(got.at);
}

static void zstd_skippable_frames_are_skipped(void **unused) {
    (void)unused;
    struct blob packed = blob_new(), got = blob_new();
    plain_add(&packed,
              "\x53\x2A\x4D\x18\x03\x00\x00\x00"
              "abc",
              11);
    zstd_add(&packed, "hello\n", 6);
    plain_add(&packed, "\x50\x2A\x4D\x18\x00\x00\x00\x00", 8);
    zstd_add(&packed, "world\n", 6);
    for (size_t piece = 1; piece < 30; piece++) {
        struct err e = {0};
        assert_true(read_blob(&packed, piece, 5, &got, &e));
        assert_int_equal(got.bytes, 12);
        assert_memory_equal(got.at, "hello\nworld\n", 12);
    }
    free(packed.at);
    free(got.at);
}

static void beginnings_of_magic_are_plain(void **unused) {
    (void)unused;
    static const struct text plain[] = {
        {"", 0},     {"\x1F", 1},         {"\x1F\x8B", 2},      {"\x1F\x8Bx", 3},
        {"\x28", 1}, {"\x28\xB5\x2F", 3}, {"\x28\xB5\x2Fx", 4}, {"P", 1},
        {"P*M", 3},  {"P*Mx", 4},         {"[1]\n", 4},         {"(", 1},
        {"a", 1},
    };
    struct blob got = blob_new();
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        for (size_t piece = 1; piece < 5; piece++) {
            struct blob in = {(char *)(uintptr_t)plain[i].at, plain[i].bytes};
            struct err e = {0};
            assert_true(read_blob(&in, piece, 3, &got, &e));
            assert_int_equal(got.bytes, in.bytes);
            assert_memory_equal(got.at, in.at, in.bytes);
        }
    }
    free(got.at);
}

static void a_plain_file_may_grow(void **unused) {
    (void)unused;
    struct arena a;
    arena_init(&a, 0);
    struct err e = {0};
    struct memory_file f = memory_file("one\ntwo\n", 0, 100);
    struct compress_reader *r = compress_reader_open(&f.base, "f", &a, &e);
    char to[16];
    size_t got = 1;
    assert_true(compress_reader_read(r, to, sizeof to, &got, &e));
    assert_int_equal(got, 0);
    assert_int_equal(compress_reader_kind(r), COMPRESS_UNKNOWN);
    for (f.bytes = 1; f.bytes <= 8; f.bytes++) {
        assert_true(compress_reader_read(r, to, sizeof to, &got, &e));
        assert_int_equal(got, 1);
        assert_int_equal(to[0], "one\ntwo\n"[f.bytes - 1]);
        assert_true(compress_reader_read(r, to, sizeof to, &got, &e));
        assert_int_equal(got, 0);
    }
    assert_int_equal(compress_reader_kind(r), COMPRESS_PLAIN);
    compress_reader_close(r);
    compress_reader_close(NULL);
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(a_truncated_file_is_an_error),
        cmocka_unit_test(a_damaged_file_never_gives_other_bytes),
        cmocka_unit_test(padding_and_garbage_behind_gzip),
        cmocka_unit_test(zstd_skippable_frames_are_skipped),
        cmocka_unit_test(beginnings_of_magic_are_plain),
        cmocka_unit_test(a_plain_file_may_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
