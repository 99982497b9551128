/* scan_avx512.c: the kernels of scan.h with AVX-512: 64 bytes at a time. */
#include <assert.h>
#include <immintrin.h>
#include <string.h>

#include "engine/base/attr.h"
#include "engine/base/cpu.h"
#include "engine/base/number_table.h"
#include "engine/base/time.h"
#include "engine/edge/codec_json_step.h"
#include "engine/edge/scan_digits.h"
#include "engine/edge/scan_sets.h"

#define DEFINE_FOR                                                                                 \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,bmi,bmi2,lzcnt,popcnt")))

DEFINE_FOR static inline struct block_lines block_lines(const char *at) {
    __m512i v = _mm512_loadu_si512(at);
    uint64_t feed = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n'));
    uint64_t odd = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20)) |
                   _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'));
    return (struct block_lines){.feed = feed, .odd = odd & ~feed, .high = _mm512_movepi8_mask(v)};
}

DEFINE_FOR static inline struct block_csv block_csv(const char *at, const struct scan_csv *c) {
    __m512i v = _mm512_loadu_si512(at);
    uint64_t quotes = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c->quote));
    uint64_t ends = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c->delimiter)) |
                    _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n'));
    return (struct block_csv){
        .special = quotes | ends, .quotes = quotes, .high = _mm512_movepi8_mask(v)};
}

#include "engine/edge/scan_tmpl.c"

struct prefix {
    __m256i head;
    __mmask32 head_mask;
    const char *tail; /* what is longer than 32 bytes; NULL: nothing is */
    uint32_t tail_bytes;
};

DEFINE_FOR static inline struct prefix prefix_load(const struct jstep *s) {
    uint32_t bytes = s->prefix_bytes;
    return (struct prefix){
        .head = _mm256_loadu_si256((const __m256i *)(const void *)s->prefix),
        .head_mask = bytes < 32 ? (UINT32_C(1) << bytes) - 1 : UINT32_MAX,
        .tail = bytes > 32 ? s->prefix + 32 : NULL,
        .tail_bytes = bytes - 32,
    };
}

DEFINE_FOR static inline bool prefix_equal(const struct prefix *p, const char *at) {
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)at);
    bool equal = _mm256_mask_cmpneq_epi8_mask(p->head_mask, v, p->head) == 0;
    if (likely(!p->tail)) return equal;
    return equal && memcmp(at + 32, p->tail, p->tail_bytes) == 0;
}

DEFINE_FOR static inline const char *find_quote(const char *at, const char *end) {
    const __m512i quote = _mm512_set1_epi8('"');
    for (; at < end; at += 64) {
        uint64_t found = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(at), quote);
        if (found) return at + __builtin_ctzll(found);
    }
    return at;
}

#include "engine/edge/codec_json_step_tmpl.c"

DEFINE_FOR static const char *string_stop(const char *at, const char *end) {
    const __m512i quote = _mm512_set1_epi8('"'), slash = _mm512_set1_epi8('\\');
    const __m512i space = _mm512_set1_epi8(0x20);
    for (; at < end; at += 64) {
        __m512i v = _mm512_loadu_si512(at);
        uint64_t found = _mm512_cmpeq_epi8_mask(v, quote) | _mm512_cmpeq_epi8_mask(v, slash) |
                         _mm512_cmplt_epu8_mask(v, space);
        if (!found) continue;
        at += __builtin_ctzll(found);
        break;
    }
    return at < end ? at : end;
}

const struct scan_kernels scan_avx512 = {
    .name = "avx512",
    .cpu = CPU_AVX2 | CPU_AVX512,
    .string_stop = string_stop,
    .lines = lines,
    .csv = csv,
    .json = &json_steps,
};
