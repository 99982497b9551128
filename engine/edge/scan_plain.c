/* scan_plain.c: the kernels of scan.h a byte at a time: the reference of the others. */
#include <assert.h>
#include <string.h>

#include "engine/base/attr.h"
#include "engine/base/number_table.h"
#include "engine/base/time.h"
#include "engine/edge/codec_json_step.h"
#include "engine/edge/scan_sets.h"

#define DEFINE_FOR

static struct block_lines block_lines(const char *at) {
    struct block_lines b = {0};
    for (uint32_t i = 0; i < SCAN_BLOCK_BYTES; i++) {
        unsigned char c = (unsigned char)at[i];
        bool feed = c == '\n';
        b.feed |= (uint64_t)feed << i;
        b.odd |= (uint64_t)(!feed && (c < 0x20 || c == '\\')) << i;
        b.high |= (uint64_t)(c > 0x7F) << i;
    }
    return b;
}

static struct block_csv block_csv(const char *at, const struct scan_csv *c) {
    struct block_csv b = {0};
    for (uint32_t i = 0; i < SCAN_BLOCK_BYTES; i++) {
        bool quote = at[i] == c->quote;
        b.quotes |= (uint64_t)quote << i;
        b.special |= (uint64_t)(quote || at[i] == c->delimiter || at[i] == '\n') << i;
        b.high |= (uint64_t)((unsigned char)at[i] > 0x7F) << i;
    }
    return b;
}

#include "engine/edge/scan_tmpl.c"

struct prefix {
    const char *at;
    uint32_t bytes;
};

static struct prefix prefix_load(const struct jstep *s) {
    return (struct prefix){.at = s->prefix, .bytes = s->prefix_bytes};
}

static bool prefix_equal(const struct prefix *p, const char *at) {
    return memcmp(p->at, at, p->bytes) == 0;
}

static const char *find_quote(const char *at, const char *end) {
    while (at < end && *at != '"') at++;
    return at;
}

static uint32_t digits_mask(const char *at) {
    uint32_t mask = 0;
    for (uint32_t i = 0; i < 16; i++) mask |= (uint32_t)(at[i] >= '0' && at[i] <= '9') << i;
    return mask;
}

static uint64_t digits_value(const char *at, uint32_t n) {
    uint64_t v = 0;
    for (uint32_t i = 0; i < n; i++) v = v * 10 + (uint64_t)(at[i] - '0');
    return v;
}

static uint64_t point_value(const char *at, uint32_t n, uint32_t fraction) {
    uint64_t v = digits_value(at, n - fraction - 1);
    for (uint32_t i = n - fraction; i < n; i++) v = v * 10 + (uint64_t)(at[i] - '0');
    return v;
}

static bool minute_equal(const char *a, const char *b) {
    return memcmp(a, b, sizeof(struct jminute){0}.text) == 0;
}

#include "engine/edge/codec_json_step_tmpl.c"

static const char *string_stop(const char *at, const char *end) {
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20) at++;
    return at;
}

const struct scan_kernels scan_plain = {
    .name = "plain",
    .string_stop = string_stop,
    .lines = lines,
    .csv = csv,
    .json = &json_steps,
};
