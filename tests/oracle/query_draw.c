/* query_draw.c: draws a query over a table: its kind, source, windows, clauses. */
#include <assert.h>
#include <string.h>

#include "tests/oracle/draw.h"
#include "tests/oracle/query.h"

#define SECOND_US INT64_C(1000000)

/* Above these, a sum may leave 64 bits, or floating sums depend on their order beyond 1e-12. */
enum { SUM_BITS_SAFE = 50, FLOAT_BITS_SAFE = 20 };

const struct agg_row agg_rows[] = {
    {"COUNT(*)", 'i', "", "COUNT(*)", NULL, false, CLOSE_EXACT},
    {"COUNT", 'i', "?", "COUNT($1)", NULL, false, CLOSE_EXACT},
    {"SUM BIGINT", 'i', "i", "SUM($1)", "w_sum($1)", false, CLOSE_EXACT},
    {"SUM DOUBLE", 'f', "f", "SUM($1)", NULL, false, CLOSE_ROUNDED},
    {"SUM DECIMAL", 'n', "n", "SUM($1)", "w_sum($1)", false, CLOSE_EXACT},
    {"AVG BIGINT", 'f', "i", "AVG($1)", "w_mean($1)", false, CLOSE_ROUNDED},
    {"AVG DOUBLE", 'f', "f", "AVG($1)", NULL, false, CLOSE_ROUNDED},
    {"AVG DECIMAL", 'n', "n", "AVG($1)", "w_avg($1)", false, CLOSE_EXACT},
    {"MIN", '*', "*", "MIN($1)", NULL, false, CLOSE_EXACT},
    {"MAX", '*', "*", "MAX($1)", NULL, false, CLOSE_EXACT},
    {"TOTAL BIGINT", 'f', "i", "TOTAL($1)", NULL, false, CLOSE_ROUNDED},
    {"TOTAL DOUBLE", 'f', "f", "TOTAL($1)", NULL, false, CLOSE_ROUNDED},
    {"GROUP_CONCAT", 't', "t", "GROUP_CONCAT($1)", "w_concat(_r, $1)", true, CLOSE_EXACT},
    {"GROUP_CONCAT 2", 't', "t", "GROUP_CONCAT($1, '; ')", "w_concat(_r, $1, '; ')", true,
     CLOSE_EXACT},
    {"LISTAGG", 't', "t", "LISTAGG($1)", "w_concat(_r, $1)", true, CLOSE_EXACT},
    {"STDDEV_POP", 'f', "q", "STDDEV_POP($1)", "w_stddev_pop($1)", false, CLOSE_ROUNDED},
    {"STDDEV_SAMP", 'f', "q", "STDDEV_SAMP($1)", "w_stddev_samp($1)", false, CLOSE_ROUNDED},
    {"VAR_POP", 'f', "q", "VAR_POP($1)", "w_var_pop($1)", false, CLOSE_ROUNDED},
    {"VAR_SAMP", 'f', "q", "VAR_SAMP($1)", "w_var_samp($1)", false, CLOSE_ROUNDED},
    {"APPROX_COUNT_DISTINCT", 'i', "?", "APPROX_COUNT_DISTINCT($1)", "count(DISTINCT $1)", true,
     CLOSE_ROUGH},
    {"FIRST_VALUE", '*', "*", "FIRST_VALUE($1)", "w_first(_r, $1)", true, CLOSE_EXACT},
    {"LAST_VALUE", '*', "*", "LAST_VALUE($1)", "w_last(_r, $1)", true, CLOSE_EXACT},
    {"ARRAY_AGG", 'a', "i", "ARRAY_AGG($1)", "w_list(_r, $1)", true, CLOSE_EXACT},
};
const uint32_t agg_count = sizeof agg_rows / sizeof agg_rows[0];

static struct node *draw_truth(struct draw *d, uint32_t depth) {
    return draw_expr(d, (struct otype){.letter = T_BOOLEAN}, depth);
}

static struct oagg draw_agg(struct draw *d, bool count_only) {
    struct oagg a = {.row = &agg_rows[draw_below(d, count_only ? 2 : agg_count)]};
    char letter = a.row->args[0];
    bool outside = d->may_not_fail;

    d->may_not_fail = true;
    if (letter == T_ANY || letter == T_EACH) {
        a.arg = draw_expr(d, draw_type(d), EXPR_DEPTH - 1);
    } else if (letter == T_DECIMAL) {
        a.arg = draw_expr(d, (struct otype){T_DECIMAL, 10, 2}, 1);
    } else if (letter != '\0') {
        a.arg = draw_expr(d, (struct otype){.letter = letter}, letter == T_SHORT ? 0 : 2);
    }
    if (letter == T_DOUBLE && a.arg->bits > FLOAT_BITS_SAFE) {
        a.arg = draw_expr(d, (struct otype){.letter = T_SHORT}, 0);
    }
    if (letter == T_BIGINT && a.row->result == T_DOUBLE && !a.row->sqlite &&
        a.arg->bits > SUM_BITS_SAFE) {
        a.arg = draw_expr(d, (struct otype){.letter = T_TAME}, 0);
    }
    if (!a.row->ordered && a.arg) a.distinct = draw_chance(d, 20);
    if (draw_chance(d, 25)) a.filter = draw_truth(d, 2);
    d->may_not_fail = outside;
    return a;
}

static void add_item(struct oquery *q, struct oitem item) {
    assert(q->items < ITEMS_MAX);
    q->item[q->items++] = item;
}

static void draw_window(struct draw *d, struct oquery *q) {
    static const int64_t seconds[] = {1, 2, 5, 10, 15, 60};
    struct owindow *w = &q->window;

    w->form = (enum window_form)(FORM_TUMBLE + draw_below(d, 3));
    if (q->table->delay_us > 10000 * SECOND_US && draw_chance(d, 50)) w->form = FORM_SESSION;
    w->spelling = (enum window_spelling)draw_below(d, 5);
    if (q->kind != QUERY_GROUP && w->spelling == SPELL_GROUP) w->spelling = SPELL_TABLE;
    if (w->form == FORM_CUMULATE && w->spelling == SPELL_GROUP) w->spelling = SPELL_NAMED;
    w->slide_us = seconds[draw_below(d, 6)] * SECOND_US;
    w->size_us = w->form == FORM_CUMULATE ? w->slide_us * (1 + draw_below(d, 5))
                                          : seconds[draw_below(d, 6)] * SECOND_US;
    if (w->form != FORM_SESSION && draw_chance(d, 20)) {
        w->offset_us = (int64_t)draw_below(d, 20) * SECOND_US;
    }
}

static void draw_row_items(struct draw *d, struct oquery *q) {
    uint32_t wanted = 1 + draw_below(d, 5);
    for (uint32_t i = 0; i < wanted; i++) {
        struct otype type = draw_type(d);
        static const char nested[] = "rapw";
        struct node *expr = NULL;
        if (draw_chance(d, 12) && q->kind == QUERY_ROWS) {
            type.letter = nested[draw_below(d, 4)];
            expr = draw_column(d, type);
        }
        if (!expr && strchr(nested, type.letter)) type = draw_type(d);
        if (!expr) expr = draw_expr(d, type, 1 + draw_below(d, EXPR_DEPTH));
        add_item(q, (struct oitem){.kind = ITEM_EXPR, .expr = expr});
    }
    if (q->window.form != FORM_NONE) {
        add_item(q, (struct oitem){.kind = ITEM_START});
        add_item(q, (struct oitem){.kind = ITEM_END});
    }
}

static void draw_keys(struct draw *d, struct oquery *q) {
    bool window = q->window.form != FORM_NONE;
    uint32_t wanted = draw_below(d, 3) + !window;
    bool outside = d->may_not_fail;

    d->may_not_fail = true;
    for (uint32_t i = 0; i < wanted && i < KEYS_MAX; i++) {
        struct otype type = draw_type(d);
        struct node *key = draw_chance(d, 60) ? draw_column(d, type) : draw_expr(d, type, 2);
        if (!key) key = draw_expr(d, type, 2);
        if (!key->has_column) continue; /* a literal here would be a column's number */
        add_item(q, (struct oitem){.kind = ITEM_KEY, .key = q->keys});
        q->key[q->keys++] = key;
    }
    if (q->keys == 0 && !window) q->kind = QUERY_TOTAL;
    d->may_not_fail = outside;
}

static void draw_group_items(struct draw *d, struct oquery *q) {
    if (q->kind == QUERY_GROUP) draw_keys(d, q);
    if (q->window.form != FORM_NONE) {
        if (draw_chance(d, 80)) add_item(q, (struct oitem){.kind = ITEM_START});
        if (draw_chance(d, 60)) add_item(q, (struct oitem){.kind = ITEM_END});
        if (draw_chance(d, 20) && q->window.spelling != SPELL_GROUP) {
            add_item(q, (struct oitem){.kind = ITEM_ROWTIME});
        }
    }
    uint32_t aggs = 1 + draw_below(d, 3);
    for (uint32_t i = 0; i < aggs && q->items < ITEMS_MAX; i++) {
        add_item(q, (struct oitem){.kind = ITEM_AGG, .agg = draw_agg(d, false)});
    }
    if (draw_chance(d, 20) && q->kind == QUERY_GROUP) {
        q->having = draw_agg(d, true);
        q->having_above = draw_below(d, 3);
    }
}

static bool exact(const struct oquery *q) {
    for (uint32_t i = 0; i < q->items; i++) {
        const struct oitem *item = &q->item[i];
        if (item->kind == ITEM_AGG && item->agg.row->close != CLOSE_EXACT) return false;
        if (item->kind == ITEM_EXPR && strchr("rapw", item->expr->type.letter)) return false;
        if (item->kind == ITEM_AGG && item->agg.row->result == T_ARRAY) return false;
    }
    return true;
}

static void draw_order(struct draw *d, struct oquery *q) {
    q->limit = q->offset = -1;
    if (exact(q) && draw_chance(d, 25)) {
        q->sorted = true;
        for (uint32_t i = 0; i < q->items; i++) q->item[i].descending = draw_chance(d, 40);
    }
    bool known_order = q->sorted || (!q->second && q->window.form == FORM_NONE);
    if (known_order && draw_chance(d, 25)) {
        q->limit = draw_below(d, 12);
        if (draw_chance(d, 40)) q->offset = draw_below(d, 5);
    }
    if (q->sorted || q->limit >= 0) return;
    if (draw_chance(d, 15)) q->emit = draw_chance(d, 60) ? EMIT_CHANGES : EMIT_FINAL;
}

/* The second half of a compound has columns of the same types as the first. */
static void draw_second(struct draw *d, struct oquery *q) {
    static const char *const operators[] = {"UNION ALL", "UNION", "INTERSECT", "EXCEPT"};
    struct oquery *second = ARENA_NEW(d->arena, second);
    assert(second);
    second->table = q->table;
    second->kind = QUERY_ROWS;
    for (uint32_t i = 0; i < q->items; i++) {
        struct node *expr = draw_expr(d, q->item[i].expr->type, 2);
        add_item(second, (struct oitem){.kind = ITEM_EXPR, .expr = expr});
    }
    if (draw_chance(d, 50)) second->where = draw_truth(d, 2);
    q->second = second;
    q->set_operator = operators[draw_below(d, 4)];
}

/* A sum of large numbers may be an error of the result row. */
static bool sum_may_fail(const struct oagg *a) {
    return a->row && a->arg && a->row->result == T_BIGINT && a->row->args[0] == T_BIGINT &&
           a->arg->bits > SUM_BITS_SAFE;
}

static bool sums_may_fail(const struct oquery *q) {
    bool fails = false;
    for (uint32_t i = 0; i < q->items; i++) fails |= sum_may_fail(&q->item[i].agg);
    return fails;
}

static bool draw_failures(struct draw *d, struct oquery *q) {
    bool plain = q->kind == QUERY_ROWS && q->source == SOURCE_TABLE && !q->sorted && q->limit < 0 &&
                 q->emit == EMIT_NOTHING && q->window.form == FORM_NONE;
    if (sums_may_fail(q)) q->emit = EMIT_NOTHING; /* each change is a sum that must fit */
    q->row_by_row = plain && draw_chance(d, 50);
    q->stop_on_error = !q->row_by_row;
    if (query_may_fail(q)) q->offset = -1; /* do rows fail that OFFSET passes over? */
    if (query_may_fail(q) && q->limit == 0) q->limit = 1; /* or any, where none is wanted? */
    if (query_may_fail(q) && q->sorted) q->limit = -1;    /* or those that LIMIT 0 never sorts? */
    return query_may_fail(q);
}

struct oquery *query_draw(struct draw *d) {
    struct oquery *q = ARENA_NEW(d->arena, q);
    assert(q);
    q->table = d->table;
    q->kind = (enum query_kind)draw_below(d, QUERY_COMPOUND + 1);
    if (draw_chance(d, 30)) q->kind = QUERY_ROWS;

    bool may_fail = q->kind == QUERY_ROWS && draw_chance(d, 80);
    d->may_not_fail = !may_fail;
    if (q->kind == QUERY_GROUP && d->table->timed && draw_chance(d, 70)) draw_window(d, q);
    if (q->kind == QUERY_ROWS && d->table->timed && draw_chance(d, 20)) draw_window(d, q);
    if (q->window.form == FORM_NONE && draw_chance(d, 30)) {
        q->source = (enum source_kind)draw_below(d, SOURCE_VIEW + 1);
        if (draw_chance(d, 50)) {
            d->may_not_fail = true;
            q->inner = draw_truth(d, 2);
            d->may_not_fail = !may_fail;
        }
    }
    if (q->kind == QUERY_GROUP || q->kind == QUERY_TOTAL) {
        draw_group_items(d, q);
    } else {
        draw_row_items(d, q);
    }
    if (draw_chance(d, 45)) q->where = draw_truth(d, 1 + draw_below(d, EXPR_DEPTH - 1));
    if (q->kind == QUERY_COMPOUND) draw_second(d, q);
    draw_order(d, q);
    if (!draw_failures(d, q)) q->row_by_row = q->stop_on_error = false;
    return q;
}

bool query_may_fail(const struct oquery *q) {
    bool fails = (q->where && q->where->may_fail) || sums_may_fail(q);
    for (uint32_t i = 0; i < q->items; i++) {
        fails |= q->item[i].expr && q->item[i].expr->may_fail;
    }
    return fails;
}

struct compare query_compare(const struct oquery *q, enum close *close) {
    for (uint32_t i = 0; i < q->items; i++) {
        bool agg = q->item[i].kind == ITEM_AGG;
        close[i] = agg ? q->item[i].agg.row->close : CLOSE_EXACT;
    }
    bool expanded = q->window.form != FORM_NONE && q->kind == QUERY_ROWS;
    bool ordered = q->sorted || !(q->second || expanded || q->emit == EMIT_CHANGES);
    return (struct compare){.close = close, .ordered = ordered};
}
