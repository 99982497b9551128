/* rows.c: rows as arrays of values; unordered answers are sorted before they are compared. */
#include "tests/oracle/rows.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/batch.h"

enum { PRINTED_ROWS = 40 };

struct value *rows_add(struct rows *r) {
    if (r->count == r->capacity) {
        uint32_t capacity = r->capacity ? r->capacity * 2 : 64;
        struct value *at = arena_zalloc(r->arena, (size_t)capacity * (r->cols + 1), sizeof *at);
        assert(at);
        if (r->count > 0) memcpy(at, r->at, (size_t)r->count * r->cols * sizeof *at);
        r->at = at;
        r->capacity = capacity;
    }
    struct value *row = r->at + (size_t)r->count * r->cols;
    for (uint32_t i = 0; i < r->cols; i++) row[i] = (struct value){0};
    r->count++;
    return row;
}

static int compare_i64(int64_t a, int64_t b) {
    return a < b ? -1 : a > b;
}

/* NaN stands where SQLite has NULL. */
static enum value_kind kind_of(const struct value *v) {
    return v->kind == VALUE_REAL && isnan(v->real) ? VALUE_NULL : v->kind;
}

int value_compare(const struct value *a, const struct value *b) {
    enum value_kind ka = kind_of(a), kb = kind_of(b);
    if (ka != kb) return ka < kb ? -1 : 1;

    switch (ka) {
    case VALUE_NULL: return 0;
    case VALUE_INT: return compare_i64(a->integer, b->integer);
    case VALUE_REAL: return a->real < b->real ? -1 : a->real > b->real;
    case VALUE_TEXT:
    case VALUE_BLOB: return text_compare(a->text, b->text);
    }
    return 0;
}

static bool close_enough(const struct value *a, const struct value *b, enum close close) {
    if (value_compare(a, b) == 0) return true;
    if (close == CLOSE_ROUGH && a->kind == VALUE_INT && b->kind == VALUE_INT) {
        return llabs(a->integer - b->integer) <= 1 + llabs(a->integer) / 20;
    }
    if (close != CLOSE_ROUNDED || a->kind != VALUE_REAL || b->kind != VALUE_REAL) return false;
    double size = fmax(fabs(a->real), fabs(b->real));
    return fabs(a->real - b->real) <= 1e-12 * fmax(size, 1e-3);
}

struct row_ref {
    const struct value *at;
    uint32_t cols;
    const enum close *close;
};

/* By the columns that are exact first: the others may order two equal rows either way. */
static int compare_rows(const void *a, const void *b) {
    const struct row_ref *x = a, *y = b;
    for (int exact = 1; exact >= 0; exact--) {
        for (uint32_t c = 0; c < x->cols; c++) {
            if ((x->close[c] == CLOSE_EXACT) != exact) continue;
            int order = value_compare(&x->at[c], &y->at[c]);
            if (order != 0) return order;
        }
    }
    return 0;
}

static struct row_ref *refer(const struct rows *r, const struct compare *how) {
    struct row_ref *ref = calloc(r->count + 1u, sizeof *ref);
    assert(ref);
    for (uint32_t i = 0; i < r->count; i++) {
        ref[i] = (struct row_ref){.at = r->at + (size_t)i * r->cols, .cols = r->cols};
        ref[i].close = how->close;
    }
    if (!how->ordered) qsort(ref, r->count, sizeof *ref, compare_rows);
    return ref;
}

static void print_value(struct buf *out, const struct value *v) {
    switch (v->kind) {
    case VALUE_NULL: buf_add_str(out, "NULL"); break;
    case VALUE_INT: buf_addf(out, "%" PRId64, v->integer); break;
    case VALUE_REAL: buf_addf(out, "%.17g", v->real); break;
    case VALUE_TEXT: buf_addf(out, "'%.*s'", TEXT_ARG(v->text)); break;
    case VALUE_BLOB:
        buf_add_str(out, "x'");
        for (uint32_t i = 0; i < v->text.bytes; i++) {
            buf_addf(out, "%02X", (unsigned char)v->text.at[i]);
        }
        buf_add_char(out, '\'');
        break;
    }
}

void rows_print(struct buf *out, const struct rows *r) {
    if (r->failed) buf_addf(out, "    ERROR: %s: %s\n", r->sqlstate, r->message);
    for (uint32_t i = 0; i < r->count && i < PRINTED_ROWS; i++) {
        buf_add_str(out, "    ");
        for (uint32_t c = 0; c < r->cols; c++) {
            if (c > 0) buf_add_str(out, " | ");
            print_value(out, &r->at[(size_t)i * r->cols + c]);
        }
        buf_add_char(out, '\n');
    }
    if (r->count > PRINTED_ROWS) buf_addf(out, "    ... %u rows\n", r->count);
}

static const char *compare_values(const struct row_ref *expected, const struct row_ref *got,
                                  uint32_t count, char why[400]) {
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t c = 0; c < expected[i].cols; c++) {
            const struct value *a = &expected[i].at[c], *b = &got[i].at[c];
            if (close_enough(a, b, expected[i].close[c])) continue;
            struct buf text;
            buf_init(&text);
            buf_addf(&text, "row %u column %u: SQLite has ", i + 1, c + 1);
            print_value(&text, a);
            buf_add_str(&text, ", weir ");
            print_value(&text, b);
            snprintf(why, 400, "%.390s", text.at);
            buf_done(&text);
            return why;
        }
    }
    return NULL;
}

const char *rows_compare(const struct rows *expected, const struct rows *got,
                         const struct compare *how, char why[400]) {
    if (expected->failed || got->failed) {
        bool same =
            expected->failed == got->failed &&
            (expected->sqlstate[0] == '\0' || strcmp(expected->sqlstate, got->sqlstate) == 0);
        if (same) return NULL;
        snprintf(why, 400, "SQLite: %s%s%.120s, weir: %s%s%.120s",
                 expected->failed ? "error " : "rows ", expected->sqlstate, expected->message,
                 got->failed ? "error " : "rows ", got->sqlstate, got->message);
        return why;
    }
    if (expected->count != got->count) {
        snprintf(why, 400, "SQLite has %u rows, weir %u", expected->count, got->count);
        return why;
    }
    if (expected->count > 0 && expected->cols != got->cols) {
        snprintf(why, 400, "SQLite has %u columns, weir %u", expected->cols, got->cols);
        return why;
    }
    struct row_ref *a = refer(expected, how), *b = refer(got, how);
    const char *said = compare_values(a, b, expected->count, why);
    free(a);
    free(b);
    return said;
}

static bool same_row(const struct rows *r, uint32_t i, const struct value *row) {
    for (uint32_t c = 0; c < r->cols; c++) {
        if (value_compare(&r->at[(size_t)i * r->cols + c], &row[c]) != 0) return false;
    }
    return true;
}

/* Removes the last kept row that equals row `i`. */
static bool take_back(struct rows *r, uint32_t *kept, uint32_t i) {
    const struct value *row = r->at + (size_t)i * r->cols;
    for (uint32_t k = *kept; k-- > 0;) {
        if (!same_row(r, k, row)) continue;
        memmove(r->at + (size_t)k * r->cols, r->at + (size_t)(k + 1) * r->cols,
                (size_t)(*kept - k - 1) * r->cols * sizeof *r->at);
        (*kept)--;
        return true;
    }
    return false;
}

bool rows_fold(struct rows *r, const int8_t *change) {
    uint32_t kept = 0;
    bool good = true;

    for (uint32_t i = 0; i < r->count; i++) {
        if (change_is_retraction(change[i])) {
            good = take_back(r, &kept, i) && good;
        } else {
            memmove(r->at + (size_t)kept * r->cols, r->at + (size_t)i * r->cols,
                    r->cols * sizeof *r->at);
            kept++;
        }
    }
    r->count = kept;
    return good;
}
