/* image_simple_test.c: BMP and PNM, the formats read by hand: what a writer of every variant writes
 * is read as it was, and files written by hand mean what their format's definition says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/udf/image_probe.h"

enum { ROUNDS = 40 };

static void put(struct buf *out, uint64_t value, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++) buf_add_char(out, (char)(value >> (8 * i) & 0xFF));
}

/* How a BMP is written. */
struct bmp_way {
    uint32_t head_bytes, bits;
    bool from_top, runs, masks;
};

static const struct bmp_way bmp_ways[] = {
    {12, 1, false, false, false},  {12, 8, false, false, false},   {12, 24, false, false, false},
    {16, 4, false, false, false},  {40, 1, false, false, false},   {40, 2, true, false, false},
    {40, 4, false, false, false},  {40, 4, false, true, false},    {40, 8, true, false, false},
    {40, 8, false, true, false},   {40, 16, false, false, false},  {40, 16, true, false, true},
    {40, 24, false, false, false}, {40, 24, true, false, false},   {40, 32, false, false, false},
    {40, 32, false, false, true},  {56, 32, false, false, true},   {64, 24, false, false, false},
    {108, 32, true, false, true},  {124, 24, false, false, false}, {124, 32, false, false, true},
};

/* Values that survive the loss of bits: indices of the palette, or what 5 bits can say. */
static uint8_t bmp_value(const struct bmp_way *w, uint32_t raw) {
    if (w->bits == 16) return (uint8_t)((raw % 32 * 255 + 15) / 31);
    return (uint8_t)raw;
}

static void bmp_head(struct buf *out, const struct bmp_way *w, uint32_t width, uint32_t height) {
    uint32_t colors = w->bits <= 8 ? 1U << w->bits : 0;
    uint32_t entry = w->head_bytes == 12 ? 3 : 4, masks = w->masks && w->head_bytes == 40 ? 12 : 0;
    uint32_t compression = w->runs ? (w->bits == 8 ? 1 : 2) : w->masks ? 3 : 0;
    buf_add_str(out, "BM");
    put(out, 0, 8);
    put(out, 14 + w->head_bytes + masks + colors * entry, 4);
    put(out, w->head_bytes, 4);
    uint32_t side = w->head_bytes == 12 ? 2 : 4;
    put(out, width, side);
    put(out, w->from_top ? (uint64_t) - (int64_t)height : height, side);
    put(out, 1, 2);
    put(out, w->bits, 2);
    if (w->head_bytes > 16) {
        put(out, compression, 4);
        for (int i = 0; i < 5; i++) put(out, 0, 4);
    }
    static const uint32_t of_16[] = {0x7C00, 0x3E0, 0x1F}, of_32[] = {0xFF000000, 0xFF0000, 0xFF00};
    for (int i = 0; w->masks && i < 3; i++) put(out, w->bits == 16 ? of_16[i] : of_32[i], 4);
    if (w->masks && w->head_bytes >= 56) put(out, 0xFF, 4);
    while (out->bytes < 14 + w->head_bytes) put(out, 0, 1);
    for (uint32_t i = 0; i < colors; i++) {
        put(out, (255 - i) | i * 7 % 256 << 8 | (uint64_t)(i * 3 % 256) << 16, entry);
    }
}

/* The colours of index i in bmp_head()'s palette. */
static void palette_color(uint32_t i, uint8_t *rgb) {
    rgb[0] = (uint8_t)(i * 3 % 256);
    rgb[1] = (uint8_t)(i * 7 % 256);
    rgb[2] = (uint8_t)(255 - i);
}

static void bmp_plain_row(struct buf *out, const struct bmp_way *w, const uint8_t *raw,
                          uint32_t width) {
    size_t start = out->bytes;
    uint32_t bits = 0;
    for (uint32_t x = 0; x < width; x++) {
        const uint8_t *p = raw + (size_t)3 * x;
        if (w->bits <= 8) {
            bits = bits << w->bits | p[0];
            bool full = (x + 1) * w->bits % 8 == 0;
            uint32_t missing = (8 - (x + 1) * w->bits % 8) % 8;
            if (full || x + 1 == width) put(out, bits << missing, 1);
        } else if (w->bits == 16) {
            put(out, (uint64_t)(p[0] % 32) << 10 | (uint64_t)(p[1] % 32) << 5 | p[2] % 32, 2);
        } else if (w->masks) {
            put(out, (uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 8 | 0x80, 4);
        } else {
            put(out, p[2] | (uint64_t)p[1] << 8 | (uint64_t)p[0] << 16, w->bits / 8);
        }
    }
    while ((out->bytes - start) % 4) put(out, 0, 1);
}

/* Runs and literals by turns. */
static void bmp_run_row(struct buf *out, const struct bmp_way *w, const uint8_t *raw,
                        uint32_t width) {
    for (uint32_t x = 0; x < width;) {
        uint32_t left = width - x;
        if (x % 5 == 0 && left >= 4) {
            put(out, 0x0400, 2); /* four literals */
            const uint8_t *p = raw + (size_t)3 * x;
            if (w->bits == 8)
                put(out, p[0] | (uint64_t)p[3] << 8 | (uint64_t)p[6] << 16 | (uint64_t)p[9] << 24,
                    4);
            else
                put(out, (uint64_t)(p[0] << 4 | p[3]) | (uint64_t)(p[6] << 4 | p[9]) << 8, 2);
            x += 4;
        } else {
            uint32_t v = raw[(size_t)3 * x];
            put(out, 1 | (uint64_t)(w->bits == 8 ? v : v << 4) << 8, 2);
            x++;
        }
    }
    put(out, 0, 2);
}

static void bmp_round(struct random *r, const struct bmp_way *w) {
    uint32_t width = (uint32_t)random_below(r, 30) + 1, height = (uint32_t)random_below(r, 9) + 1;
    uint32_t channels = w->masks && w->head_bytes >= 56 ? 4 : 3;
    uint8_t raw[9][30 * 3];
    struct buf file;
    struct arena a;
    struct err e;
    struct image got;
    arena_init(&a, 0);
    buf_init(&file);
    bmp_head(&file, w, width, height);
    for (uint32_t i = 0; i < height; i++) {
        for (uint32_t k = 0; k < 90; k++) {
            raw[i][k] = (uint8_t)random_below(r, w->bits < 8 ? 1U << w->bits : 256);
        }
    }
    for (uint32_t i = 0; i < height; i++) {
        const uint8_t *row = raw[w->from_top ? i : height - 1 - i];
        (w->runs ? bmp_run_row : bmp_plain_row)(&file, w, row, width);
    }
    if (!image_decode(buf_text(&file), NULL, &a, &got, &e)) fail_msg("%s", e.message);
    assert_int_equal(got.channels, channels);
    for (uint32_t i = 0; i < height * width; i++) {
        const uint8_t *from = &raw[i / width][i % width * 3], *p = got.pixel + (size_t)i * channels;
        uint8_t want[3] = {bmp_value(w, from[0]), bmp_value(w, from[1]), bmp_value(w, from[2])};
        if (w->bits <= 8) palette_color(from[0], want);
        assert_memory_equal(p, want, 3);
        if (channels == 4) assert_int_equal(p[3], 0x80);
    }
    for (uint32_t cut = 2; cut + 4 < file.bytes; cut += 5) { /* what is cut is bad */
        const struct text part = {file.at, (uint32_t)file.bytes - 4 - cut};
        assert_false(image_decode(part, NULL, &a, &got, &e));
    }
    buf_done(&file);
    arena_done(&a);
}

static void bmp_of_every_kind_is_read(void **unused) {
    (void)unused;
    struct random r = random_start(__func__);
    for (uint32_t i = 0; i < random_rounds(ROUNDS); i++) {
        for (size_t k = 0; k < COUNT_OF(bmp_ways); k++) bmp_round(&r, &bmp_ways[k]);
    }
}

static void pnm_round(struct random *r, uint32_t kind, uint32_t maxval) {
    uint32_t width = (uint32_t)random_below(r, 20) + 1, height = (uint32_t)random_below(r, 9) + 1;
    uint32_t channels = kind == 3 || kind == 6 ? 3
                        : kind == 7            ? 1 + (uint32_t)random_below(r, 4)
                                               : 1;
    bool bits = kind == 1 || kind == 4;
    uint32_t value[20 * 9 * 4], samples = width * height * channels, byte = 0;
    struct buf file;
    struct arena a;
    struct err e;
    struct image got;
    arena_init(&a, 0);
    buf_init(&file);
    if (kind == 7)
        buf_addf(&file, "P7\n# c\nHEIGHT %u\nWIDTH %u\nMAXVAL %u\nDEPTH %u\nENDHDR\n", height,
                 width, maxval, channels);
    else
        buf_addf(&file, "P%u # a comment\n%u\t%u\n", kind, width, height);
    if (kind != 7 && !bits) buf_addf(&file, "%u\n", maxval);
    for (uint32_t i = 0; i < samples; i++) {
        value[i] = (uint32_t)random_below(r, maxval + 1);
        if (kind <= 3) buf_addf(&file, kind == 1 ? "%u" : "%u \n", value[i]);
        if (kind >= 5 && maxval > 255) put(&file, value[i] >> 8 | (value[i] & 255) << 8, 2);
        if (kind >= 5 && maxval <= 255) put(&file, value[i], 1);
        if (kind != 4) continue;
        byte |= value[i] << (7 - i % width % 8);
        if (i % width % 8 != 7 && (i + 1) % width != 0) continue;
        put(&file, byte, 1);
        byte = 0;
    }
    if (!image_decode(buf_text(&file), NULL, &a, &got, &e)) fail_msg("P%u: %s", kind, e.message);
    assert_int_equal(got.width * got.height * got.channels, samples);
    for (uint32_t i = 0; i < samples; i++) {
        double want = value[i] * 255.0 / maxval;
        if (bits) want = 255 - want;
        assert_true(got.pixel[i] >= want - 1 && got.pixel[i] <= want + 1);
        if (maxval <= 255) assert_true(got.pixel[i] >= want - 0.51 && got.pixel[i] <= want + 0.51);
    }
    const struct text cut = {file.at, (uint32_t)file.bytes - (kind == 2 || kind == 3 ? 3 : 1)};
    if (maxval < 10 || kind > 3) assert_false(image_decode(cut, NULL, &a, &got, &e));
    buf_done(&file);
    arena_done(&a);
}

static void pnm_of_every_kind_is_read(void **unused) {
    (void)unused;
    static const uint32_t maxvals[] = {1, 9, 100, 255, 256, 1000, 65535};
    struct random r = random_start(__func__);
    for (uint32_t i = 0; i < random_rounds(ROUNDS); i++) {
        for (uint32_t kind = 1; kind <= 7; kind++) {
            bool bits = kind == 1 || kind == 4;
            for (size_t k = 0; k < (bits ? 1 : COUNT_OF(maxvals)); k++) {
                pnm_round(&r, kind, maxvals[k]);
            }
        }
    }
}

/* What is no such file, although it begins like one. */
static void wrong_files_are_refused(void **unused) {
    (void)unused;
    static const char *const files[] = {"P1 2 1 0#",
                                        "P1 3 2 1 0 00#1 0 0 1#",
                                        "P2 1 1 9 10",
                                        "P2 1 1 0 0",
                                        "P2 1 1 65536 0",
                                        "P2 0 1 9",
                                        "P2 1 1 9 x",
                                        "P2 1 1",
                                        "P3 1 1 9 1 2",
                                        "P5 1 1 9 ",
                                        "P5 1 1 9 \xFF",
                                        "P7\nWIDTH 1\n",
                                        "P7\nENDHDR\n",
                                        "P2 -1 1 9 1",
                                        "P2 1e3 1 9 1",
                                        "P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\nabcde",
                                        "P2 4294967297 1 9 1",
                                        "BM",
                                        "BMxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct arena a;
        struct image got;
        struct err e;
        char *copy = strdup(files[i]); /* exactly so long, for the sanitizer */
        assert_non_null(copy);
        arena_init(&a, 0);
        bool ok = image_decode((struct text){copy, (uint32_t)strlen(copy)}, NULL, &a, &got, &e);
        if (ok) fail_msg("%s is read", files[i]);
        assert_string_equal(e.sqlstate, "22P03");
        arena_done(&a);
        free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bmp_of_every_kind_is_read),
        cmocka_unit_test(pnm_of_every_kind_is_read),
        cmocka_unit_test(wrong_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
