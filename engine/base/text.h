/* text.h: a slice of bytes that somebody else owns: SQL TEXT and BLOB values, names, tokens.
 *
 * Not NUL-terminated, may hold U+0000. As a TEXT value it is valid UTF-8.
 *
 * Used by: every layer.    Tested by: tests/unit/text_test.c
 */
#ifndef ENGINE_BASE_TEXT_H
#define ENGINE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *at; /* may be NULL when bytes is 0 */
    uint32_t bytes;
};

/* printf("%.*s", TEXT_ARG(t)) */
#define TEXT_ARG(t) (int)(t).bytes, (t).at
#define TEXT_LITERAL(s) ((struct text){.at = ("" s), .bytes = sizeof(s) - 1})

static inline struct text text_of(const char *s) {
    return (struct text){.at = s, .bytes = (uint32_t)strlen(s)};
}

static inline bool text_equal(struct text a, struct text b) {
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.at, b.at, a.bytes) == 0);
}

/* As memcmp over the bytes, a prefix first: SQLite's BINARY collation. */
int text_compare(struct text a, struct text b);

/* Equal when ASCII letters are taken as lower case: SQL names and keywords. */
bool text_equal_fold(struct text a, struct text b);
int text_compare_fold(struct text a, struct text b);

/* The first of [at, at + bytes) that is not valid UTF-8 (RFC 3629), or `bytes`. */
size_t utf8_valid_prefix(const char *at, size_t bytes);

/* Characters (code points) in valid UTF-8. */
size_t utf8_length(const char *at, size_t bytes);

/* Writes 1..4 bytes for `code_point`, returns how many. */
uint32_t utf8_encode(uint32_t code_point, char out[4]);

/* The edit distance (insert, delete, replace, swap) of two names, letters folded, capped at
 * `cap` (nearest.h). */
uint32_t text_distance(struct text a, struct text b, uint32_t cap);

#endif
