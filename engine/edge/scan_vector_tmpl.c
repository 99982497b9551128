/* scan_vector_tmpl.c: the kernels of scan.h over vectors of VECTOR_BYTES; included once per
 * instruction set that compares bytes to vectors (with AVX-512 they are compared to masks).
 *
 * The including file defines, with the target attribute DEFINE_FOR, the type `vector` and
 *     static vector load(const char *at);          the bytes at `at`
 *     static vector all(char c);                   c in every byte
 *     static vector equal(vector a, vector b);     0xFF where the bytes are equal, else 0
 *     static vector at_most(vector a, vector b);   0xFF where a <= b as unsigned bytes, else 0
 *     static vector either(vector a, vector b);    a | b
 *     static uint64_t bits(vector v);              the highest bit of each byte
 */

DEFINE_FOR static inline struct block_lines block_lines(const char *at) {
    const vector control = all(0x1F), slash = all('\\'), line = all('\n');
    struct block_lines b = {0};
    for (int i = 0; i < SCAN_BLOCK_BYTES; i += VECTOR_BYTES) {
        vector v = load(at + i);
        b.high |= bits(v) << i;
        b.feed |= bits(equal(v, line)) << i;
        b.odd |= bits(either(at_most(v, control), equal(v, slash))) << i;
    }
    b.odd &= ~b.feed;
    return b;
}

DEFINE_FOR static inline struct block_csv block_csv(const char *at, const struct scan_csv *c) {
    const vector quote = all(c->quote), delimiter = all(c->delimiter), line = all('\n');
    struct block_csv b = {0};
    for (int i = 0; i < SCAN_BLOCK_BYTES; i += VECTOR_BYTES) {
        vector v = load(at + i);
        b.quotes |= bits(equal(v, quote)) << i;
        b.special |= bits(either(equal(v, delimiter), equal(v, line))) << i;
        b.high |= bits(v) << i;
    }
    b.special |= b.quotes;
    return b;
}

#include "engine/edge/scan_tmpl.c"

/* What is longer than a vector is compared again behind it. */
struct prefix {
    vector head;
    uint32_t head_mask;
    const char *tail;
    uint32_t bytes;
};

DEFINE_FOR static inline struct prefix prefix_load(const struct jstep *s) {
    uint32_t bytes = s->prefix_bytes;
    return (struct prefix){
        .head = load(s->prefix),
        .head_mask = bytes < VECTOR_BYTES ? (UINT32_C(1) << bytes) - 1 : UINT32_MAX,
        .tail = s->prefix,
        .bytes = bytes,
    };
}

DEFINE_FOR static inline bool prefix_equal(const struct prefix *p, const char *at) {
    uint32_t differ = (uint32_t)bits(equal(load(at), p->head)) ^ VECTOR_MASK;
    bool same = (differ & p->head_mask) == 0;
    if (likely(p->bytes <= VECTOR_BYTES)) return same;
    return same && memcmp(p->tail + VECTOR_BYTES, at + VECTOR_BYTES, p->bytes - VECTOR_BYTES) == 0;
}

DEFINE_FOR static inline const char *find_quote(const char *at, const char *end) {
    const vector quote = all('"');
    for (; at < end; at += VECTOR_BYTES) {
        uint64_t found = bits(equal(load(at), quote));
        if (found) return at + __builtin_ctzll(found);
    }
    return at;
}

#include "engine/edge/codec_json_step_tmpl.c"

DEFINE_FOR static const char *string_stop(const char *at, const char *end) {
    const vector quote = all('"'), slash = all('\\'), control = all(0x1F);
    for (; at < end; at += VECTOR_BYTES) {
        vector v = load(at);
        vector stop = either(either(equal(v, quote), equal(v, slash)), at_most(v, control));
        uint64_t found = bits(stop);
        if (!found) continue;
        at += __builtin_ctzll(found);
        break;
    }
    return at < end ? at : end;
}
