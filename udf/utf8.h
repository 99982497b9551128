/* utf8.h: steps over characters of valid UTF-8, for functions of text.
 *
 * Where SQLite's functions stop at U+0000, ours do: text_to_nul() cuts there.
 *
 * Used by: udf.
 */
#ifndef UDF_UTF8_H
#define UDF_UTF8_H

#include "engine/base/text.h"

static inline bool utf8_is_inside(char c) {
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Bytes of the character that starts at t.at + i, i < t.bytes. */
static inline uint32_t utf8_step(struct text t, uint32_t i) {
    uint32_t from = i++;
    while (i < t.bytes && utf8_is_inside(t.at[i])) i++;
    return i - from;
}

/* The code point of the character at t.at + *i, i < t.bytes; *i goes behind it. */
static inline uint32_t utf8_next(struct text t, uint32_t *i) {
    unsigned char lead = (unsigned char)t.at[(*i)++];
    if (lead < 0x80) return lead;
    uint32_t code = lead & (lead < 0xE0 ? 0x1FU : lead < 0xF0 ? 0x0FU : 0x07U);
    while (*i < t.bytes && utf8_is_inside(t.at[*i])) {
        code = code << 6 | ((unsigned char)t.at[(*i)++] & 0x3F);
    }
    return code;
}

/* Where character number n (from 0) starts, at most t.bytes. */
static inline uint32_t utf8_offset(struct text t, uint64_t n) {
    uint32_t i = 0;
    for (; n > 0 && i < t.bytes; n--) i += utf8_step(t, i);
    return i;
}

static inline struct text text_to_nul(struct text t) {
    const char *nul = t.bytes > 0 ? memchr(t.at, 0, t.bytes) : NULL;
    return nul ? (struct text){t.at, (uint32_t)(nul - t.at)} : t;
}

static inline char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline char ascii_upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

#endif
