/* expr_bench.c: rows a second of compiled expressions over columns in memory, one thread.
 *
 * Each line: the expression and the median of RUNS runs in million rows a second. Batches are of
 * 2,048 rows that lie in the cache, as they do behind a decoder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/builder.h"
#include "engine/program.h"
#include "udf/table.h"

enum { RUNS = 7, BATCHES = 20000, ARGS_MAX = 8 };

struct bench {
    struct arena arena, batch_arena;
    struct field field[3];
    struct schema schema;
    struct column col[3];
    struct batch batch;
};

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static const struct fn *find(const char *sig) {
    for (uint32_t t = 0; t < fn_table_count; t++) {
        for (uint32_t i = 0; i < fn_tables[t]->count; i++) {
            if (strcmp(fn_tables[t]->fn[i].sig, sig) == 0) return &fn_tables[t]->fn[i];
        }
    }
    fprintf(stderr, "no function %s\n", sig);
    return NULL;
}

static struct expr *node(struct bench *b, enum expr_kind kind, const struct type *type,
                         const struct expr *const *arg, uint32_t args) {
    struct expr *x = ARENA_NEW(&b->arena, x);
    const struct expr **own = ARENA_ARRAY(&b->arena, own, ARGS_MAX);
    for (uint32_t i = 0; i < args; i++) own[i] = arg[i];
    *x = (struct expr){.kind = kind, .type = type, .args = args, .arg = own};
    return x;
}

static const struct expr *column(struct bench *b, uint32_t i) {
    struct expr *x = node(b, EXPR_COLUMN, b->field[i].type, NULL, 0);
    x->column = i;
    return x;
}

static const struct expr *constant(struct bench *b, const struct column *c) {
    struct expr *x = node(b, EXPR_CONSTANT, c->type, NULL, 0);
    struct column_builder builder;
    struct column *own = ARENA_NEW(&b->arena, own);
    if (!builder_init(&builder, &b->arena, c->type, 1)) return NULL;
    builder_copy(&builder, c, 0);
    if (!builder_column(&builder, own)) return NULL;
    x->constant = own;
    return x;
}

static const struct expr *i64(struct bench *b, int64_t v) {
    return constant(b, &(struct column){.type = &type_bigint, .as.i64 = &v});
}

static const struct expr *text(struct bench *b, const char *v) {
    struct text t = text_of(v);
    return constant(b, &(struct column){.type = &type_text, .as.text = &t});
}

static const struct expr *call(struct bench *b, const char *sig, const struct type *type,
                               const struct expr *x, const struct expr *y) {
    const struct expr *arg[] = {x, y};
    const struct fn *fn = find(sig);
    if (fn->type) {
        const struct type *types[] = {x->type, y->type};
        const struct column *constants[] = {x->constant, y->constant};
        struct fn_bind bind = {
            .arg_type = types, .constant = constants, .args = 2, .arena = &b->arena};
        struct err e;
        type = fn->type(&bind, &e);
    }
    struct expr *made = node(b, EXPR_CALL, type, arg, y ? 2 : 1);
    made->fn = fn;
    return made;
}

static const struct expr *form(struct bench *b, enum expr_kind kind, const struct expr *x,
                               const struct expr *y, const struct expr *z) {
    const struct expr *arg[] = {x, y, z};
    return node(b, kind, kind == EXPR_CASE ? y->type : &type_boolean, arg, z ? 3 : 2);
}

static void fill(struct bench *b, bool nulls) {
    static const struct type *const types[] = {&type_bigint, &type_double, &type_text};
    static const char *const words[] = {"apple", "google", "facebook", "baidu", "channel-7"};
    uint64_t s = 88172645463325252ULL;
    struct column_builder builder[3];
    for (uint32_t c = 0; c < 3; c++) {
        b->field[c] = (struct field){.name = TEXT_LITERAL("c"), .type = types[c]};
        if (!builder_init(&builder[c], &b->arena, types[c], BATCH_ROWS)) return;
    }
    for (uint32_t i = 0; i < BATCH_ROWS; i++) {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        bool null = nulls && s % 10 == 0;
        if (null)
            builder_null(&builder[0]);
        else
            builder_i64(&builder[0], (int64_t)(s >> 33) % 10000);
        builder_f64(&builder[1], (double)(s >> 40) / 100.0);
        builder_text(&builder[2], text_of(words[(s >> 20) % COUNT_OF(words)]));
    }
    for (uint32_t c = 0; c < 3; c++) {
        if (!builder_column(&builder[c], &b->col[c])) return;
    }
    b->schema = (struct schema){.cols = 3, .col = b->field};
    b->batch =
        (struct batch){.schema = &b->schema, .col = b->col, .rows = BATCH_ROWS, .live = BATCH_ROWS};
}

static void measure(struct bench *b, const char *name, const struct expr *x, bool select) {
    struct err e;
    const struct program_options o = {
        .expr = &x, .exprs = 1, .input = &b->schema, .arena = &b->arena};
    struct program *p = program_create(&o, &e);
    if (!p) {
        fprintf(stderr, "%s: %s\n", name, e.message);
        return;
    }
    double rate[RUNS];
    uint64_t kept = 0;
    uint32_t batches = BATCHES;
    for (uint32_t run = 0; run < RUNS; run++) {
        double start = now_s();
        uint32_t done = 0;
        for (; done < batches && now_s() - start < 0.3; done++) {
            struct program_result r;
            uint16_t sel[BATCH_ROWS];
            arena_reset(&b->batch_arena);
            bool ok = select ? program_select(p, &b->batch, &b->batch_arena, sel, &r, &e)
                             : program_run(p, &b->batch, &b->batch_arena, &r, &e);
            if (!ok) return;
            kept += r.live;
        }
        rate[run] = (double)done * BATCH_ROWS / (now_s() - start) / 1e6;
    }
    qsort(rate, RUNS, sizeof *rate, by_value);
    printf("%-52s %9.0f M rows/s   (%llu kept)\n", name, rate[RUNS / 2],
           (unsigned long long)(kept / RUNS));
    program_close(p);
}

static const char *const lt = "<(T, T) BOOLEAN", *const gt = ">(T, T) BOOLEAN",
                         *const eq = "=(T, T) BOOLEAN", *const add = "+(BIGINT, BIGINT) BIGINT";

static void measure_numbers(struct bench *b) {
    const struct expr *price = column(b, 0);
    int128_t factor = 908;
    double f = 0.908;
    const struct expr *dec =
        constant(b, &(struct column){.type = type_decimal(&b->arena, 3, 3), .as.i128 = &factor});
    const struct expr *wide = node(b, EXPR_CAST, type_decimal(&b->arena, 19, 0), &price, 1);
    const struct expr *real = node(b, EXPR_CAST, &type_double, &price, 1);
    const struct expr *half = constant(b, &(struct column){.type = &type_double, .as.f64 = &f});

    measure(b, "price * 0.908            (DECIMAL)",
            call(b, "*(DECIMAL, DECIMAL) DECIMAL", NULL, wide, dec), false);
    measure(b, "price * 9.08e-1          (DOUBLE)",
            call(b, "*(DOUBLE, DOUBLE) DOUBLE", &type_double, real, half), false);
    measure(b, "price + 1                (BIGINT, checked)",
            call(b, add, &type_bigint, price, i64(b, 1)), false);
    measure(b, "price * 100              (BIGINT, checked)",
            call(b, "*(BIGINT, BIGINT) BIGINT", &type_bigint, price, i64(b, 100)), false);
    measure(b, "sqrt(weight)", call(b, "sqrt(DOUBLE) DOUBLE", &type_double, column(b, 1), NULL),
            false);
}

static void measure_choices(struct bench *b) {
    const struct expr *price = column(b, 0);
    const struct expr *many = call(b, gt, &type_boolean, price, i64(b, 100));
    const struct expr *few = call(b, lt, &type_boolean, price, i64(b, 100));
    const struct expr *middle = call(b, lt, &type_boolean, price, i64(b, 5000));
    const struct expr *rest =
        call(b, "mod(BIGINT, BIGINT) BIGINT", &type_bigint, price, i64(b, 123));
    const struct expr *list[] = {price,        i64(b, 1007), i64(b, 1020),
                                 i64(b, 2001), i64(b, 2019), i64(b, 2087)};
    struct expr *in = node(b, EXPR_CALL, &type_boolean, list, COUNT_OF(list));
    in->fn = find("in(T, T...) BOOLEAN");

    measure(b, "WHERE price > 100        (99 %)", many, true);
    measure(b, "WHERE price < 100        (1 %)", few, true);
    measure(b, "WHERE price < 5000       (50 %)", middle, true);
    measure(b, "WHERE price > 100 AND price < 5000", form(b, EXPR_AND, many, middle, NULL), true);
    measure(b, "WHERE MOD(price, 123) = 0", call(b, eq, &type_boolean, rest, i64(b, 0)), true);
    measure(b, "WHERE price IN (1007, 1020, 2001, 2019, 2087)", in, true);
    measure(b, "CASE WHEN price > 100 THEN 1 ELSE 2 END",
            form(b, EXPR_CASE, many, i64(b, 1), i64(b, 2)), false);
    measure(b, "CASE WHEN price < 5000 THEN price + 1 ELSE 0 END",
            form(b, EXPR_CASE, middle, call(b, add, &type_bigint, price, i64(b, 1)), i64(b, 0)),
            false);
}

static void measure_texts(struct bench *b) {
    const char *like = "like(TEXT, TEXT) BOOLEAN";
    const struct expr *word = column(b, 2);
    const struct expr *list[] = {word, text(b, "apple"), text(b, "google"), text(b, "baidu")};
    struct expr *in = node(b, EXPR_CALL, &type_boolean, list, COUNT_OF(list));
    in->fn = find("in(T, T...) BOOLEAN");
    struct expr *at = node(b, EXPR_COLUMN, &type_timestamp3, NULL, 0);

    measure(b, "WHERE word = 'apple'", call(b, eq, &type_boolean, word, text(b, "apple")), true);
    measure(b, "WHERE word IN ('apple', 'google', 'baidu')", in, true);
    measure(b, "WHERE word LIKE 'chan%'", call(b, like, &type_boolean, word, text(b, "chan%")),
            true);
    measure(b, "WHERE word LIKE '%oo%'", call(b, like, &type_boolean, word, text(b, "%oo%")), true);
    measure(b, "lower(word)", call(b, "lower(TEXT) TEXT", &type_text, word, NULL), false);
    measure(b, "count_char(word, 'o')",
            call(b, "count_char(TEXT, TEXT) BIGINT", &type_bigint, word, text(b, "o")), false);
    measure(
        b, "regexp_extract(word, '[0-9]+')",
        call(b, "regexp_extract(TEXT, TEXT, [BIGINT]) TEXT", &type_text, word, text(b, "[0-9]+")),
        false);
    measure(b, "hour(ts)", call(b, "hour(TIMESTAMP) BIGINT", &type_bigint, at, NULL), false);
    measure(b, "date_format(ts, 'yyyy-MM-dd')",
            call(b, "date_format(TIMESTAMP, TEXT) TEXT", &type_text, at, text(b, "yyyy-MM-dd")),
            false);
}

int main(void) {
    struct bench b;
    arena_init(&b.arena, 0);
    arena_init(&b.batch_arena, 0);
    for (int nulls = 0; nulls < 2; nulls++) {
        fill(&b, nulls);
        printf("%s\n", nulls ? "one price in ten NULL:" : "no NULLs:");
        measure_numbers(&b);
        measure_choices(&b);
        measure_texts(&b);
    }
    arena_done(&b.arena);
    arena_done(&b.batch_arena);
    return 0;
}
