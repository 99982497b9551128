/* scan_sse.c: the kernels of scan.h with what x86-64-v2 has: 16 bytes at a time. */
#include <assert.h>
#include <immintrin.h>
#include <string.h>

#include "engine/base/attr.h"
#include "engine/base/time.h"
#include "engine/edge/codec_json_step.h"
#include "engine/edge/scan_digits.h"
#include "engine/edge/scan_sets.h"

#define DEFINE_FOR

static inline __m128i load(const char *at) {
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline uint64_t bits(__m128i v) {
    return (uint32_t)_mm_movemask_epi8(v);
}

static inline struct block_lines block_lines(const char *at) {
    const __m128i control = _mm_set1_epi8(0x1F), slash = _mm_set1_epi8('\\');
    const __m128i line = _mm_set1_epi8('\n');
    struct block_lines b = {0};
    for (int i = 0; i < SCAN_BLOCK_BYTES; i += 16) {
        __m128i v = load(at + i);
        __m128i low = _mm_cmpeq_epi8(_mm_max_epu8(v, control), control);
        __m128i odd = _mm_or_si128(low, _mm_cmpeq_epi8(v, slash));
        b.high |= bits(v) << i;
        b.feed |= bits(_mm_cmpeq_epi8(v, line)) << i;
        b.odd |= bits(odd) << i;
    }
    b.odd &= ~b.feed;
    return b;
}

static inline struct block_csv block_csv(const char *at, const struct scan_csv *c) {
    const __m128i quote = _mm_set1_epi8(c->quote), delimiter = _mm_set1_epi8(c->delimiter);
    const __m128i line = _mm_set1_epi8('\n');
    struct block_csv b = {0};
    for (int i = 0; i < SCAN_BLOCK_BYTES; i += 16) {
        __m128i v = load(at + i);
        uint64_t quotes = bits(_mm_cmpeq_epi8(v, quote));
        b.quotes |= quotes << i;
        b.special |= bits(_mm_or_si128(_mm_cmpeq_epi8(v, delimiter), _mm_cmpeq_epi8(v, line))) << i;
        b.high |= bits(v) << i;
    }
    b.special |= b.quotes;
    return b;
}

#include "engine/edge/scan_tmpl.c"

struct prefix {
    __m128i head;
    uint64_t head_mask;
    const char *tail; /* what is longer than 16 bytes is compared again from the end */
    uint32_t bytes;
};

static inline struct prefix prefix_load(const struct jstep *s) {
    uint32_t bytes = s->prefix_bytes;
    return (struct prefix){
        .head = load(s->prefix),
        .head_mask = bytes < 16 ? (UINT64_C(1) << bytes) - 1 : 0xFFFF,
        .tail = s->prefix,
        .bytes = bytes,
    };
}

static inline bool prefix_equal(const struct prefix *p, const char *at) {
    uint64_t equal = bits(_mm_cmpeq_epi8(load(at), p->head));
    bool ok = (equal & p->head_mask) == p->head_mask;
    if (likely(p->bytes <= 16)) return ok;
    return ok && memcmp(p->tail + 16, at + 16, p->bytes - 16) == 0;
}

static inline const char *find_quote(const char *at, const char *end) {
    const __m128i quote = _mm_set1_epi8('"');
    for (; at < end; at += 16) {
        uint64_t found = bits(_mm_cmpeq_epi8(load(at), quote));
        if (found) return at + __builtin_ctzll(found);
    }
    return at;
}

#include "engine/edge/codec_json_step_tmpl.c"

static const char *string_stop(const char *at, const char *end) {
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1F);
    for (; at < end; at += 16) {
        __m128i v = load(at);
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_max_epu8(v, control), control));
        uint64_t found = bits(stop);
        if (!found) continue;
        at += __builtin_ctzll(found);
        break;
    }
    return at < end ? at : end;
}

const struct scan_kernels scan_sse = {
    .name = "sse",
    .string_stop = string_stop,
    .lines = lines,
    .csv = csv,
    .json = &json_steps,
};
