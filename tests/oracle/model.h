/* model.h: what the oracle draws: types, values, tables, expressions as trees.
 *
 * A tree is printed twice, in weir's SQL and in SQLite's, from the two templates of its operator's
 * row. So an expression can be shrunk, and a fault planted in one of its two forms.
 *
 * How values stand in SQLite: BOOLEAN as 0 or 1; TIMESTAMP, TIME, INTERVAL as microseconds, DATE as
 * days; DECIMAL(p,s) as its integer times 10^s; nested values as JSON text.
 *
 * Lifetime: everything lives in the arena of its pair or table.
 *
 * Used by: tests/oracle.
 */
#ifndef TESTS_ORACLE_MODEL_H
#define TESTS_ORACLE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/text.h"
#include "tests/unit/base/random.h"

/* Types by a letter, as the operator rows name them. */
enum {
    T_BOOLEAN = 'b',
    T_BIGINT = 'i',
    T_DOUBLE = 'f',
    T_DECIMAL = 'n',
    T_TEXT = 't',
    T_BLOB = 'x',
    T_TIMESTAMP = 's', /* of 3 digits */
    T_DATE = 'd',
    T_TIME = 'm',
    T_INTERVAL = 'v',
    T_ROW = 'r',    /* ROW<a BIGINT, b TEXT> */
    T_ARRAY = 'a',  /* ARRAY<BIGINT> */
    T_MAP = 'p',    /* MAP<TEXT, BIGINT> */
    T_TENSOR = 'w', /* TENSOR(3) */
    T_IMAGE = 'g',
    /* in argument lists only */
    T_ANY = '*',     /* a scalar type, the same at each '*' of the row */
    T_EACH = '?',    /* a scalar type of its own */
    T_COUNT = 'k',   /* a small whole number, literal */
    T_TAME = 'h',    /* a BIGINT of few digits: a column or literal */
    T_SHORT = 'q',   /* a DOUBLE that is a multiple of 1/8: a column or literal */
    T_NUMERIC = 'N', /* a TEXT that may be a whole number: a column */
    T_JSON = 'J',    /* a TEXT that is JSON: a column or literal */
    T_LIKE = 'L',    /* a pattern, literal */
    T_GLOB = 'G',    /* likewise */
    T_REGEXP = 'R',  /* likewise */
    T_WORD = 'W',    /* a short text, literal */
    T_SPAN = 'V',    /* an INTERVAL literal */
    T_CAST = 'c',    /* a DECIMAL literal spelt with its type */
};

struct otype {
    char letter;
    uint8_t precision, scale; /* DECIMAL */
};

enum value_kind { VALUE_NULL, VALUE_INT, VALUE_REAL, VALUE_TEXT, VALUE_BLOB };

struct value {
    enum value_kind kind;
    int64_t integer;
    double real;
    struct text text; /* or the bytes of a blob */
};

enum { COLS_MAX = 12, ROWS_MAX = 400, ARGS_MAX = 6, EXPR_DEPTH = 4 };

enum column_use { COLUMN_PLAIN, COLUMN_WILD, COLUMN_JSON, COLUMN_NUMERIC };

struct ocolumn {
    char name[16];
    struct otype type;
    enum column_use use;
};

/* A stream's rows, and what the rules of time say of them. */
struct otable {
    char name[16];
    uint32_t cols, rows;
    struct ocolumn col[COLS_MAX];
    struct value *cell;    /* [rows * cols] */
    bool *bad;             /* [rows] the row is dropped by its declaration */
    bool timed;            /* has WATERMARK FOR its column `ts` */
    bool wild;             /* has values near the ends of their types */
    int64_t delay_us;      /* ts - delay is the watermark */
    int64_t *watermark_us; /* [rows] before the row; INT64_MIN: none yet */
};

enum op_flags {
    OP_FAILS = 1,     /* may fail a row (22xxx) */
    OP_OVERFLOWS = 2, /* fails where its BIGINT result has more than 63 bits: see `bits` */
    OP_CALM = 4,      /* operands must not fail: both sides may skip them, or not */
    OP_SCALE_MAX = 8, /* DECIMAL result: scale of the larger operand */
    OP_SCALE_SUM = 16,
    OP_SCALE_DIV = 32,
    OP_SCALE_SAME = 64, /* as its first operand */
    OP_ORDER = 128,     /* its value differs in the last digits */
    OP_LEAVES = 256,    /* operands are columns and literals only */
};

/* An operator or function: one row, both spellings.
 *
 * args     letters, one an operand
 * weir     $1..$6 are the operands
 * sqlite   the same, or NULL where it is spelt alike; @1 is operand 1 as an integer at the largest
 *          scale of the DECIMAL and BIGINT operands, ~1 as a REAL, # the power of ten of a division
 * bits     of the result, for overflow; 0: that of its largest operand and one more;
 *          BITS_SUM: of its operands together */
enum { BITS_SUM = 255 };

struct op_row {
    const char *name; /* counted under this name */
    char result;
    const char *args;
    const char *weir;
    const char *sqlite;
    uint32_t flags;
    uint8_t bits;
};

enum node_kind { NODE_COLUMN, NODE_LITERAL, NODE_OP };

struct node {
    enum node_kind kind;
    struct otype type;
    uint32_t column;      /* of the table */
    struct value literal; /* NODE_LITERAL */
    char spelt;           /* NODE_LITERAL: as which letter it is spelt */
    const struct op_row *op;
    struct node *arg[ARGS_MAX];
    uint32_t args;
    uint32_t bits; /* of a number's magnitude, at most */
    bool may_fail; /* some row may fail */
    bool has_column;
    bool varies;         /* its last digits may differ between the sides */
    const char *planted; /* not NULL: the template for SQLite, with a fault in it */
};

extern const struct op_row op_rows[];
extern const uint32_t op_count;
extern const struct op_row time_rows[];
extern const uint32_t time_count;

#endif
