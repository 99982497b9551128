/* lite_aggregate.c: aggregates given to SQLite: those that it has not, and those that go by row
 * order, which here take the row's place as first argument and sort by it at the end. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "engine/base/attr.h"
#include "engine/base/type.h"
#include "tests/oracle/lite.h"

/* ---- numbers: moments and exact sums ---- */

/* SQLite's memory for it is 8-aligned. */
struct __attribute__((packed, aligned(8))) sums {
    int64_t count;
    int128_t total;
    double *at; /* [count] for moments */
};

static void sums_add(sqlite3_context *c, int args, sqlite3_value **arg) {
    (void)args;
    struct sums *s = sqlite3_aggregate_context(c, sizeof *s);
    if (sqlite3_value_type(arg[0]) == SQLITE_NULL) return;
    if ((s->count & (s->count - 1)) == 0) {
        s->at = realloc(s->at, (size_t)(2 * s->count + 1) * sizeof *s->at);
        assert(s->at);
    }
    s->total += sqlite3_value_int64(arg[0]);
    s->at[s->count++] = sqlite3_value_double(arg[0]);
}

static struct sums *sums_of(sqlite3_context *c) {
    return sqlite3_aggregate_context(c, sizeof(struct sums));
}

/* w_sum(x): exact in 128 bits; the result must fit. */
static void sum_end(sqlite3_context *c) {
    struct sums *s = sums_of(c);
    if (s->count > 0) {
        if (s->total != (int64_t)s->total) {
            sqlite3_result_error(c, "22003", -1);
        } else {
            sqlite3_result_int64(c, (int64_t)s->total);
        }
    }
    free(s->at);
}

/* w_mean(x): the mean of integers, of their exact sum. */
static void mean_end(sqlite3_context *c) {
    struct sums *s = sums_of(c);
    if (s->count > 0) {
        sqlite3_result_double(c, (double)((long double)s->total / (long double)s->count));
    }
    free(s->at);
}

/* w_avg(x): the mean of a DECIMAL of scale 2 as one of scale 6, half away from zero. */
static void avg_end(sqlite3_context *c) {
    struct sums *s = sums_of(c);
    if (s->count > 0) {
        int128_t total = s->total * 10000; /* from scale 2 to 6 */
        int128_t magnitude = total < 0 ? -total : total;
        int128_t q = magnitude / s->count + ((magnitude % s->count) * 2 >= s->count);
        sqlite3_result_int64(c, (int64_t)(total < 0 ? -q : q));
    }
    free(s->at);
}

/* The variance in two passes; `sample`: divided by one less, `root`: its square root. */
static void moment_end(sqlite3_context *c, bool sample, bool root) {
    struct sums *s = sums_of(c);
    int64_t divisor = s->count - sample;
    if (divisor > 0) {
        long double mean = 0, square = 0;
        for (int64_t i = 0; i < s->count; i++) mean += s->at[i];
        mean /= (long double)s->count;
        for (int64_t i = 0; i < s->count; i++) square += (s->at[i] - mean) * (s->at[i] - mean);
        square /= (long double)divisor;
        sqlite3_result_double(c, (double)(root ? sqrtl(square) : square));
    }
    free(s->at);
}

static void var_pop_end(sqlite3_context *c) {
    moment_end(c, false, false);
}

static void var_samp_end(sqlite3_context *c) {
    moment_end(c, true, false);
}

static void stddev_pop_end(sqlite3_context *c) {
    moment_end(c, false, true);
}

static void stddev_samp_end(sqlite3_context *c) {
    moment_end(c, true, true);
}

/* ---- values in row order ---- */

struct item {
    int64_t place, nth;
    sqlite3_value *value;
    char *separator;
};

struct list {
    int64_t count;
    struct item *at;
};

static void list_add(sqlite3_context *c, int args, sqlite3_value **arg) {
    struct list *l = sqlite3_aggregate_context(c, sizeof *l);
    if ((l->count & (l->count - 1)) == 0) {
        l->at = realloc(l->at, (size_t)(2 * l->count + 1) * sizeof *l->at);
        assert(l->at);
    }
    struct item *i = &l->at[l->count];
    *i = (struct item){.place = sqlite3_value_int64(arg[0]), .nth = l->count++};
    i->value = sqlite3_value_dup(arg[1]);
    i->separator = args > 2 ? strdup((const char *)sqlite3_value_text(arg[2])) : NULL;
}

static int compare_items(const void *a, const void *b) {
    const struct item *x = a, *y = b;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    return x->nth < y->nth ? -1 : x->nth > y->nth;
}

static struct list *list_of(sqlite3_context *c) {
    struct list *l = sqlite3_aggregate_context(c, sizeof *l);
    if (l->count > 0) qsort(l->at, (size_t)l->count, sizeof *l->at, compare_items);
    return l;
}

static void list_done(struct list *l) {
    for (int64_t i = 0; i < l->count; i++) {
        sqlite3_value_free(l->at[i].value);
        free(l->at[i].separator);
    }
    free(l->at);
}

static bool item_null(const struct item *i) {
    return sqlite3_value_type(i->value) == SQLITE_NULL;
}

/* w_concat(place, text, separator): the separator of a value stands before it. */
static void concat_end(sqlite3_context *c) {
    struct list *l = list_of(c);
    struct buf out;
    bool any = false;
    buf_init(&out);
    for (int64_t i = 0; i < l->count; i++) {
        if (item_null(&l->at[i])) continue;
        if (any) buf_add_str(&out, l->at[i].separator ? l->at[i].separator : ",");
        buf_add_str(&out, (const char *)sqlite3_value_text(l->at[i].value));
        any = true;
    }
    if (any) sqlite3_result_text(c, out.at ? out.at : "", (int)out.bytes, SQLITE_TRANSIENT);
    buf_done(&out);
    list_done(l);
}

static void edge_end(sqlite3_context *c, bool last) {
    struct list *l = list_of(c);
    for (int64_t i = 0; i < l->count; i++) {
        const struct item *item = &l->at[last ? l->count - 1 - i : i];
        if (item_null(item)) continue;
        sqlite3_result_value(c, item->value);
        break;
    }
    list_done(l);
}

static void first_end(sqlite3_context *c) {
    edge_end(c, false);
}

static void last_end(sqlite3_context *c) {
    edge_end(c, true);
}

/* w_list(place, integer): as JSON. */
static void array_end(sqlite3_context *c) {
    struct list *l = list_of(c);
    struct buf out;
    buf_init(&out);
    buf_add_char(&out, '[');
    for (int64_t i = 0; i < l->count; i++) {
        buf_add_str(&out, i > 0 ? "," : "");
        if (item_null(&l->at[i])) {
            buf_add_str(&out, "null");
        } else {
            buf_addf(&out, "%" PRId64, (int64_t)sqlite3_value_int64(l->at[i].value));
        }
    }
    buf_add_char(&out, ']');
    if (l->count > 0) sqlite3_result_text(c, out.at, (int)out.bytes, SQLITE_TRANSIENT);
    buf_done(&out);
    list_done(l);
}

void lite_add_aggregates(sqlite3 *db) {
    static const struct {
        const char *name;
        int args;
        void (*add)(sqlite3_context *, int, sqlite3_value **);
        void (*end)(sqlite3_context *);
    } aggregates[] = {
        {"w_sum", 1, sums_add, sum_end},
        {"w_avg", 1, sums_add, avg_end},
        {"w_mean", 1, sums_add, mean_end},
        {"w_var_pop", 1, sums_add, var_pop_end},
        {"w_var_samp", 1, sums_add, var_samp_end},
        {"w_stddev_pop", 1, sums_add, stddev_pop_end},
        {"w_stddev_samp", 1, sums_add, stddev_samp_end},
        {"w_concat", 2, list_add, concat_end},
        {"w_concat", 3, list_add, concat_end},
        {"w_first", 2, list_add, first_end},
        {"w_last", 2, list_add, last_end},
        {"w_list", 2, list_add, array_end},
    };
    for (size_t i = 0; i < COUNT_OF(aggregates); i++) {
        sqlite3_create_function(db, aggregates[i].name, aggregates[i].args, SQLITE_UTF8, NULL, NULL,
                                aggregates[i].add, aggregates[i].end);
    }
}
