/* scan_avx2.c: the kernels of scan.h with AVX2: 32 bytes at a time. */
#include <assert.h>
#include <immintrin.h>
#include <string.h>

#include "engine/base/attr.h"
#include "engine/base/cpu.h"
#include "engine/base/time.h"
#include "engine/edge/codec_json_step.h"
#include "engine/edge/scan_digits.h"
#include "engine/edge/scan_sets.h"

#define DEFINE_FOR __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

DEFINE_FOR static inline __m256i load(const char *at) {
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

DEFINE_FOR static inline uint64_t bits(__m256i v) {
    return (uint32_t)_mm256_movemask_epi8(v);
}

DEFINE_FOR static inline struct block_lines block_lines(const char *at) {
    const __m256i control = _mm256_set1_epi8(0x1F), slash = _mm256_set1_epi8('\\');
    const __m256i line = _mm256_set1_epi8('\n');
    struct block_lines b = {0};
    for (int i = 0; i < SCAN_BLOCK_BYTES; i += 32) {
        __m256i v = load(at + i);
        __m256i low = _mm256_cmpeq_epi8(_mm256_max_epu8(v, control), control);
        __m256i odd = _mm256_or_si256(low, _mm256_cmpeq_epi8(v, slash));
        b.high |= bits(v) << i;
        b.feed |= bits(_mm256_cmpeq_epi8(v, line)) << i;
        b.odd |= bits(odd) << i;
    }
    b.odd &= ~b.feed;
    return b;
}

DEFINE_FOR static inline struct block_csv block_csv(const char *at, const struct scan_csv *c) {
    const __m256i quote = _mm256_set1_epi8(c->quote), delimiter = _mm256_set1_epi8(c->delimiter);
    const __m256i line = _mm256_set1_epi8('\n');
    struct block_csv b = {0};
    for (int i = 0; i < SCAN_BLOCK_BYTES; i += 32) {
        __m256i v = load(at + i);
        __m256i ends = _mm256_or_si256(_mm256_cmpeq_epi8(v, delimiter), _mm256_cmpeq_epi8(v, line));
        b.quotes |= bits(_mm256_cmpeq_epi8(v, quote)) << i;
        b.special |= bits(ends) << i;
        b.high |= bits(v) << i;
    }
    b.special |= b.quotes;
    return b;
}

#include "engine/edge/scan_tmpl.c"

struct prefix {
    __m256i head;
    uint32_t head_mask;
    const char *tail;
    uint32_t bytes;
};

DEFINE_FOR static inline struct prefix prefix_load(const struct jstep *s) {
    uint32_t bytes = s->prefix_bytes;
    return (struct prefix){
        .head = load(s->prefix),
        .head_mask = bytes < 32 ? (UINT32_C(1) << bytes) - 1 : UINT32_MAX,
        .tail = s->prefix,
        .bytes = bytes,
    };
}

DEFINE_FOR static inline bool prefix_equal(const struct prefix *p, const char *at) {
    uint64_t differ = ~bits(_mm256_cmpeq_epi8(load(at), p->head)) & p->head_mask;
    if (likely(p->bytes <= 32)) return differ == 0;
    return differ == 0 && memcmp(p->tail + 32, at + 32, p->bytes - 32) == 0;
}

DEFINE_FOR static inline const char *find_quote(const char *at, const char *end) {
    const __m256i quote = _mm256_set1_epi8('"');
    for (; at < end; at += 32) {
        uint64_t found = bits(_mm256_cmpeq_epi8(load(at), quote));
        if (found) return at + __builtin_ctzll(found);
    }
    return at;
}

#include "engine/edge/codec_json_step_tmpl.c"

DEFINE_FOR static const char *string_stop(const char *at, const char *end) {
    const __m256i quote = _mm256_set1_epi8('"'), slash = _mm256_set1_epi8('\\');
    const __m256i control = _mm256_set1_epi8(0x1F);
    for (; at < end; at += 32) {
        __m256i v = load(at);
        __m256i stop = _mm256_or_si256(_mm256_cmpeq_epi8(v, quote), _mm256_cmpeq_epi8(v, slash));
        stop = _mm256_or_si256(stop, _mm256_cmpeq_epi8(_mm256_max_epu8(v, control), control));
        uint64_t found = bits(stop);
        if (!found) continue;
        at += __builtin_ctzll(found);
        break;
    }
    return at < end ? at : end;
}

const struct scan_kernels scan_avx2 = {
    .name = "avx2",
    .cpu = CPU_AVX2,
    .string_stop = string_stop,
    .lines = lines,
    .csv = csv,
    .json = &json_steps,
};
