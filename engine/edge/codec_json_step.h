/* codec_json_step.h: jstep: one value of a template, taken from all rows of a chunk at once.
 *
 * A template (codec_json_template.h) is what the rows have in common: the bytes before each value,
 * and the values' types. A step checks the bytes before its value with one masked compare, takes
 * the value, and goes to the next row; rows that differ in any way are left out and are read by
 * the general reader, so a step never says what is wrong and may be narrower than the grammar.
 *
 * The rows given to steps have no byte below 0x20, are valid UTF-8, and a line feed stands behind
 * each. Where a row has backslashes its strings are left to plain code.
 *
 * Used by: codec_json_template.c, scan_*.c.    Tested by: tests/unit/edge/codec_json_test.c
 */
#ifndef ENGINE_EDGE_CODEC_JSON_STEP_H
#define ENGINE_EDGE_CODEC_JSON_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/text.h"
#include "engine/base/type.h"
#include "engine/edge/scan.h"

enum { JSTEP_PREFIX_MAX = 64 };

/* Steps that every set of kernels has:  name  function */
#define JSTEP_LIST(X)                                                                              \
    X(TEXT, text)                                                                                  \
    X(BIGINT, bigint)                                                                              \
    X(DOUBLE, double)                                                                              \
    X(DECIMAL, decimal)                                                                            \
    X(TIMESTAMP, timestamp)                                                                        \
    X(BOOLEAN, boolean)

#define X(NAME, fn) JSTEP_##NAME,
enum jstep_kind {
    JSTEP_LIST(X) JSTEP_KERNELS, /* how many of them */
    JSTEP_ANY = JSTEP_KERNELS,   /* a declared value, by the general reader */
    JSTEP_SKIP,                  /* a value nobody knows, likewise */
};
#undef X

/* The minute that a step saw last: times of neighbouring rows begin alike. */
struct jminute {
    char text[16]; /* YYYY-MM-DD HH:MM */
    int64_t us;
};

struct jnode;
struct jread;

struct jstep {
    enum jstep_kind kind;
    uint32_t prefix_bytes;
    char prefix[JSTEP_PREFIX_MAX]; /* zeros behind; a string's opening quote is in it */
    const struct type *type;       /* NULL: an unknown key's value */
    bool not_null;
    uint32_t id;    /* of the node */
    uint32_t depth; /* of brackets around the value */
    const struct jnode *node;
    struct jminute minute;
};

/* The rows that follow the template so far. */
struct jlive {
    const char *base;
    uint32_t rows;
    uint32_t slows;
    bool nulls;                    /* a NULL was taken */
    const struct jread *proto;     /* what the general reader needs besides the bytes */
    const uint8_t *odd;            /* [row] not 0: has backslashes */
    const uint32_t *end;           /* [row] offset of the record's end from base */
    uint16_t row[SCAN_LINES_MAX];  /* [rows] ascending */
    uint16_t slow[SCAN_LINES_MAX]; /* [slows] ascending: rows that a kernel left to plain code */
    uint32_t at[SCAN_LINES_MAX];   /* [row] offset of the next byte from base */
};

/* Where values go: indexed by row. */
struct jtarget {
    union {
        uint8_t *b8;
        int64_t *i64;
        double *f64;
        int128_t *i128;
        struct text *text;
        void *any;
    } as;
    uint64_t *valid;
    uint32_t first; /* the bit of row 0 in valid */
    bool has_null;  /* a bit was cleared */
};

typedef void jstep_kernel(struct jstep *s, struct jlive *l, struct jtarget *t);

struct jstep_kernels {
    jstep_kernel *value[JSTEP_KERNELS];
    jstep_kernel *finish; /* what stands behind the last value, to the record's end */
};

/* Takes the values of l->slow[] that kernels do not know; those rows are then among l->row[]. */
void jstep_slow(struct jstep *s, struct jlive *l, struct jtarget *t);

#endif
