/* codec_json_read.h: jread: a cursor over the JSON text of one record, checking all of it.
 *
 * The general reader: any order of keys, any form of values (RFC 8259). The bytes are already
 * known to be valid UTF-8. What is wrong is kept as a static sentence and a place; every function
 * returns false then, and the caller makes the message with jread_message().
 *
 * A value that is read for a column is appended to its builder; on failure the builders are left
 * as they are, to be truncated by the caller.
 *
 * Used by: codec_json_*.c, codec_csv_*.c.    Tested by: tests/unit/edge/codec_json_test.c
 */
#ifndef ENGINE_EDGE_CODEC_JSON_READ_H
#define ENGINE_EDGE_CODEC_JSON_READ_H

#include <immintrin.h>

#include "engine/base/builder.h"
#include "engine/base/err.h"
#include "engine/base/parse.h"
#include "engine/edge/codec_json_node.h"
#include "engine/edge/codec_options.h"
#include "engine/edge/scan.h"

enum { JSON_DEPTH_MAX = 64, JSON_VALUES_MAX = 128 };

/* Where the values of a record stood: what a template is made of (codec_json_template.h). */
struct jvalue_seen {
    uint32_t begin, end;      /* of the value's bytes in the record; of an opened ROW nothing */
    uint32_t depth;           /* of brackets around it */
    const struct jnode *node; /* NULL: no declared field */
};

struct jlayout {
    uint32_t values;
    bool unusable;                             /* too many values, or a key twice */
    struct jvalue_seen value[JSON_VALUES_MAX]; /* in the order of the bytes, ROWs taken apart */
};

/* The names of the fields that are being read, outermost first. */
struct jpath {
    uint32_t names;
    struct text name[JSON_DEPTH_MAX];
};

struct jread {
    const char *begin, *at, *end; /* of the record; readable up to 63 bytes behind `end` */
    struct arena *arena;          /* what cannot be borrowed from the record */
    const struct scan_kernels *scan;
    enum time_number time_number;
    bool lenient;    /* a member that does not convert is NULL */
    bool all_fields; /* a field without a key is wrong */
    uint32_t depth;
    struct jlayout *layout; /* NULL: not wanted */

    const char *sqlstate, *what; /* static text */
    const char *what_at;
    bool no_memory;     /* not the record's fault */
    struct jpath *path; /* NULL: not wanted */
};

/* A number that follows the grammar. */
struct jnumber {
    struct text text;
    uint64_t digits;  /* value = digits * 10^exponent, unless cut */
    int32_t exponent; /* capped at +-10^6, past which nothing changes */
    bool negative;
    bool cut;      /* more than 19 significant digits: see text */
    bool integral; /* has neither point nor exponent */
};

/* ---- what is wrong */
bool jread_fail(struct jread *r, const char *sqlstate, const char *what, const char *at);
bool jread_no_memory(struct jread *r);
/* "column bid.price: not a number at byte 17"; bytes are counted from 1. */
void jread_message(const struct jread *r, char *out, size_t size);

/* ---- words */
static inline void jread_space(struct jread *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

/* Steps over `c` (spaces before it are skipped); `what` says what was expected. */
bool jread_expect(struct jread *r, char c, const char *what);

/* At '"': the string's value, borrowed from the record where it has no escapes. */
bool jread_string_long(struct jread *r, struct text *out);

/* Most strings end within 16 bytes, and have no escapes. */
static inline bool jread_string(struct jread *r, struct text *out) {
    const char *start = r->at + 1;
    const __m128i quote = _mm_set1_epi8('"'), control = _mm_set1_epi8(0x1F);
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)start);
    __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_max_epu8(v, control), control));
    uint32_t found = (uint32_t)_mm_movemask_epi8(stop) | UINT32_C(1) << 16;
    uint32_t bytes = (uint32_t)__builtin_ctz(found);
    const char *end = start + bytes;
    if (unlikely(bytes == 16 || end >= r->end || *end != '"')) return jread_string_long(r, out);
    *out = (struct text){.at = start, .bytes = bytes};
    r->at = end + 1;
    return true;
}
bool jread_number(struct jread *r, struct jnumber *out);
/* true, false or null. */
bool jread_word(struct jread *r, const char *word, uint32_t bytes);
/* Any value, checked and dropped. */
bool jread_skip(struct jread *r);

/* At an opening bracket: goes one level down; back up. */
bool jread_enter(struct jread *r);
static inline void jread_leave(struct jread *r) {
    r->depth--;
}

/* Behind an opening bracket: steps over `close` if it comes at once. */
bool jread_empty(struct jread *r, char close);
/* Behind a member or element: true when another one follows. *failed: neither ',' nor `close`. */
bool jread_more(struct jread *r, char close, bool *failed);
/* A key and its colon; at the value then. */
bool jread_key(struct jread *r, struct text *out);

/* floor(number * 10^scale), *exact: nothing was cut; PARSE_RANGE past 64 bits. */
enum parse_result jnumber_floor(const struct jnumber *n, int32_t scale, int64_t *out, bool *exact);

/* ---- values into columns */
/* One value of node->type, or null, appended to `b`. */
bool jread_value(struct jread *r, const struct jnode *node, struct column_builder *b);
/* A record: a value for each of root->child into b[i][0]; every builder must hold the same number
 * of rows. */
bool jread_record(struct jread *r, const struct jnode *root, struct column_builder *const *b);
/* Spaces only up to the end. */
bool jread_finish(struct jread *r);

#endif
