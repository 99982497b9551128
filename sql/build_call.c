/* build_call.c: the nodes of calls, their arguments and windows; see build.h.
 *
 * The special forms of SQL (EXTRACT(unit FROM x), CEIL(x TO unit), TRIM(BOTH y FROM x), ...) parse
 * for any name and are turned into ordinary calls here, where a wrong name is a syntax error.
 */
#include "sql/build.h"
#include "sql/grammar.h"
#include "sql/interval.h"

static struct ast_expr *call_node(struct build *b, struct token name) {
    struct ast_expr *e = build_node(b, AST_EXPR_CALL, name, name.start);
    if (!e) return NULL;
    e->as.call = build_new(b, sizeof *e->as.call);
    if (!e->as.call) return NULL;
    e->as.call->name = build_name(b, name);
    return b->failed ? NULL : e;
}

/* DESCRIPTOR(a, b) as an argument: its columns' names. */
static bool to_descriptor(struct build *b, struct ast_arg *arg) {
    const struct ast_call *c = arg->expr->as.call;
    for (uint32_t i = 0; i < c->args.count; i++) {
        const struct ast_expr *e = c->args.at[i].expr;
        if (!e || e->kind != AST_EXPR_COLUMN || e->as.column.count != 1)
            return build_fail(b, arg->expr->at, "42601", "DESCRIPTOR takes names of columns");
        struct ast_names list = arg->columns;
        struct ast_name *at = build_grow(b, list.at, list.count, sizeof *at);
        if (!at) return false;
        at[list.count] = e->as.column.at[0];
        arg->columns = (struct ast_names){.at = at, .count = list.count + 1};
    }
    arg->kind = AST_ARG_DESCRIPTOR;
    return true;
}

/* The words of TIMESTAMPDIFF(SECOND, a, b) parse as a column's name. */
static void unit_argument(struct build *b, struct ast_call *c) {
    struct text name = c->name.text;
    if (c->args.count != 3 || !c->args.at[0].expr || c->name.quoted) return;
    if (!text_equal_fold(name, TEXT_LITERAL("timestampdiff")) &&
        !text_equal_fold(name, TEXT_LITERAL("timestampadd")))
        return;

    struct ast_expr *e = c->args.at[0].expr;
    if (e->kind != AST_EXPR_COLUMN || e->as.column.count != 1 || e->as.column.at[0].quoted) return;
    struct text unit = interval_unit_name(e->as.column.at[0].text);
    if (!unit.at) {
        struct text word = e->as.column.at[0].text;
        build_fail(b, e->start, "42601", "\"%.*s\" is no unit of time", TEXT_ARG(word));
        return;
    }
    e->kind = AST_EXPR_LITERAL;
    e->as.literal = (struct ast_literal){.kind = AST_TEXT, .text = unit};
}

struct ast_expr *build_call(struct build *b, struct token name, struct ast_args args) {
    struct ast_expr *e = call_node(b, name);
    if (!e) return NULL;
    e->as.call->args = args;
    unit_argument(b, e->as.call);
    for (uint32_t i = 0; i < args.count; i++) {
        const struct ast_arg *a = &args.at[i];
        if (a->expr && !build_over(b, e, a->expr)) return NULL;
        if (a->select && !build_over_height(b, e, a->select->height)) return NULL;
        if (!build_over_all(b, e, a->partition_by)) return NULL;
        for (uint32_t k = 0; k < a->order_by.count; k++) {
            if (!build_over(b, e, a->order_by.at[k].expr)) return NULL;
        }
    }
    if (!text_equal_fold(e->as.call->name.text, TEXT_LITERAL("row")) || e->as.call->name.quoted)
        return e;

    struct ast_exprs fields = {0};
    for (uint32_t i = 0; i < args.count; i++) {
        if (args.at[i].kind != AST_ARG_EXPR || args.at[i].name.text.at)
            return build_fail(b, name.start, "42601", "ROW takes values");
        fields = build_exprs(b, fields, args.at[i].expr);
    }
    e->kind = AST_EXPR_ROW;
    e->as.row = fields;
    return b->failed ? NULL : e;
}

struct ast_expr *build_call_star(struct build *b, struct token name) {
    struct ast_expr *e = call_node(b, name);
    if (e) e->as.call->star = true;
    return e;
}

static bool over_orders(struct build *b, struct ast_expr *e, struct ast_orders orders) {
    for (uint32_t i = 0; i < orders.count; i++) {
        if (!build_over(b, e, orders.at[i].expr)) return false;
    }
    return !b->failed;
}

/* ROW(..) is no call any more: what belongs to calls alone may not follow it. */
static bool only_calls(struct build *b, const struct ast_expr *c) {
    if (b->failed) return false;
    if (c->kind == AST_EXPR_CALL) return true;
    build_fail(b, c->at, "42601", "ROW is no aggregate function");
    return false;
}

struct ast_expr *build_call_order(struct build *b, struct ast_expr *c, struct ast_orders order) {
    if (b->failed || order.count == 0) return c;
    if (!only_calls(b, c) || !over_orders(b, c, order)) return NULL;
    c->as.call->order_by = order;
    return c;
}

struct ast_expr *build_call_distinct(struct build *b, struct ast_expr *c) {
    if (!only_calls(b, c)) return NULL;
    c->as.call->distinct = true;
    return c;
}

static bool over_window(struct build *b, struct ast_expr *e, const struct ast_window *w) {
    if (!build_over_all(b, e, w->partition_by) || !over_orders(b, e, w->order_by)) return false;
    if (w->from.expr && !build_over(b, e, w->from.expr)) return false;
    return !w->to.expr || build_over(b, e, w->to.expr);
}

struct ast_expr *build_call_tail(struct build *b, struct ast_expr *c, struct ast_orders within,
                                 struct ast_expr *filter, struct ast_window *over) {
    if (b->failed) return NULL;
    if (within.count == 0 && !filter && !over) return c;
    if (!only_calls(b, c) || !over_orders(b, c, within)) return NULL;
    if (filter && !build_over(b, c, filter)) return NULL;
    if (over && !over_window(b, c, over)) return NULL;

    if (within.count > 0) c->as.call->order_by = within;
    c->as.call->filter = filter;
    c->as.call->over = over;
    c->end = b->end;
    return c;
}

struct ast_exprs build_three(struct build *b, struct ast_expr *x, struct ast_expr *y,
                             struct ast_expr *z) {
    struct ast_exprs list = build_exprs(b, (struct ast_exprs){0}, x);
    list = build_exprs(b, list, y);
    return z ? build_exprs(b, list, z) : list;
}

static struct ast_expr *ordinary(struct build *b, struct token name, struct ast_exprs parts) {
    struct ast_args args = {0};
    for (uint32_t i = 0; i < parts.count; i++) {
        args = build_args(b, args, build_arg(b, parts.at[i]));
    }
    return b->failed ? NULL : build_call(b, name, args);
}

/* The unit that a bare word names, as a text literal. */
static struct ast_expr *unit_literal(struct build *b, struct token word) {
    static const char *const others[] = {"epoch",   "dow",    "isodow",     "doy",       "isoyear",
                                         "century", "decade", "millennium", "nanosecond"};
    if (b->failed) return NULL;
    struct text unit = interval_unit_name(build_slice(b, word));
    for (uint32_t i = 0; i < COUNT_OF(others); i++) {
        if (build_is(b, word, others[i])) unit = text_of(others[i]);
    }
    if (unit.at) return build_text(b, word, unit);
    struct text slice = build_slice(b, word);
    return build_fail(b, word.start, "42601", "\"%.*s\" is no unit of time", TEXT_ARG(slice));
}

static struct token token_of(const struct ast_expr *e) {
    return (struct token){.kind = TK_ID, .start = e->start, .end = e->end};
}

static struct ast_expr *rename_call(struct ast_expr *e, const char *name) {
    if (e) e->as.call->name.text = text_of(name);
    return e;
}

static struct ast_expr *wrong_form(struct build *b, struct token name, const char *word) {
    struct text slice = build_slice(b, name);
    return build_fail(b, name.start, "42601", "%.*s takes no %s between its arguments",
                      TEXT_ARG(slice), word);
}

/* What TRIM cuts at: LEADING, TRAILING or both ends; NULL: `word` is none of these. */
static const char *trim_name(const struct build *b, struct token word) {
    if (build_is(b, word, "both")) return "trim";
    if (build_is(b, word, "leading")) return "ltrim";
    return build_is(b, word, "trailing") ? "rtrim" : NULL;
}

/* f(x FROM y [FOR z]) */
struct ast_expr *build_call_from(struct build *b, struct token name, struct ast_expr *x,
                                 struct build_span span) {
    if (b->failed) return NULL;
    struct ast_expr *y = span.from;
    if (build_is(b, name, "substring") || build_is(b, name, "substr"))
        return ordinary(b, name, build_three(b, x, y, span.length));
    if (span.length) return wrong_form(b, name, "FOR");
    if (build_is(b, name, "extract")) {
        struct ast_expr *unit = unit_literal(b, token_of(x));
        return ordinary(b, name, build_three(b, unit, y, NULL));
    }
    if (!build_is(b, name, "trim")) return wrong_form(b, name, "FROM");

    const char *side = trim_name(b, token_of(x));
    if (!side) return ordinary(b, name, build_three(b, y, x, NULL));
    return rename_call(ordinary(b, name, build_exprs(b, (struct ast_exprs){0}, y)), side);
}

/* OVERLAY(x PLACING y FROM n [FOR m]): reader.c gives its PLACING a token of its own. */
struct ast_expr *build_call_placing(struct build *b, struct token name, struct ast_exprs parts,
                                    struct build_span span) {
    return ordinary(b, name, span.length ? build_exprs(b, parts, span.length) : parts);
}

/* TRIM(BOTH 'x' FROM y) */
struct ast_expr *build_call_trim(struct build *b, struct token name, struct token side,
                                 struct ast_expr *what, struct ast_expr *from) {
    if (b->failed) return NULL;
    if (!build_is(b, name, "trim")) return wrong_form(b, name, "FROM");
    const char *trim = trim_name(b, side);
    if (!trim) return build_syntax_error(b, &side), NULL;
    return rename_call(ordinary(b, name, build_three(b, from, what, NULL)), trim);
}

/* CEIL(x TO unit), FLOOR(x TO unit) */
struct ast_expr *build_call_to(struct build *b, struct token name, struct ast_expr *e,
                               struct token unit) {
    if (b->failed) return NULL;
    if (!build_is(b, name, "ceil") && !build_is(b, name, "floor") &&
        !build_is(b, name, "ceiling") && !build_is(b, name, "round"))
        return wrong_form(b, name, "TO");
    return ordinary(b, name, build_three(b, e, unit_literal(b, unit), NULL));
}

/* POSITION(a IN b): parse.c gives its IN a token of its own. */
struct ast_expr *build_call_position(struct build *b, struct token name, struct ast_expr *what,
                                     struct ast_expr *in) {
    return ordinary(b, name, build_three(b, what, in, NULL));
}

struct ast_args build_args(struct build *b, struct ast_args list, const struct ast_arg *arg) {
    struct ast_arg *at = build_grow(b, list.at, list.count, sizeof *at);
    if (!at) return (struct ast_args){0};
    at[list.count] = *arg;
    return (struct ast_args){.at = at, .count = list.count + 1};
}

struct ast_arg *build_arg(struct build *b, struct ast_expr *e) {
    struct ast_arg *arg = build_new(b, sizeof *arg);
    if (!arg) return NULL;
    arg->expr = e;
    arg->start = e->start;
    arg->end = e->end;
    if (e->kind != AST_EXPR_CALL || e->as.call->name.quoted) return arg;
    if (!text_equal_fold(e->as.call->name.text, TEXT_LITERAL("descriptor"))) return arg;
    return to_descriptor(b, arg) ? arg : NULL;
}

struct ast_arg *build_arg_name(struct build *b, struct token name, struct ast_arg *arg) {
    if (b->failed) return NULL;
    arg->name = build_name(b, name);
    return arg;
}

static struct ast_arg *object_arg(struct build *b, enum ast_arg_kind kind, struct token first,
                                  struct token name) {
    struct ast_arg *arg = build_new(b, sizeof *arg);
    if (!arg) return NULL;
    arg->kind = kind;
    arg->start = first.start;
    arg->end = b->end;
    arg->object = build_name(b, name);
    return b->failed ? NULL : arg;
}

struct ast_arg *build_arg_model(struct build *b, struct token word, struct token name) {
    return word.kind == TK_MODEL ? object_arg(b, AST_ARG_MODEL, word, name) : NULL;
}

struct ast_arg *build_arg_table(struct build *b, struct token first, struct token name,
                                struct ast_options hint) {
    struct ast_arg *arg = object_arg(b, AST_ARG_TABLE, first, name);
    if (!arg || hint.count == 0) return arg;
    arg->options = build_new(b, sizeof *arg->options);
    if (!arg->options) return NULL;
    *arg->options = hint;
    return arg;
}

struct ast_arg *build_arg_select(struct build *b, struct token word, struct ast_select *s) {
    struct ast_arg *arg = object_arg(b, AST_ARG_TABLE, word, (struct token){0});
    if (!arg) return NULL;
    arg->object.at = word.start;
    arg->select = s;
    return arg;
}

/* PARTITION BY a, or (a, b): a bare comma would begin the next argument. */
struct ast_arg *build_arg_partition(struct build *b, struct ast_arg *arg, struct ast_expr *by) {
    if (b->failed) return NULL;
    bool several = by->kind == AST_EXPR_ROW && b->source->text.at[by->at] == '(';
    arg->partition_by = several ? by->as.row : build_exprs(b, (struct ast_exprs){0}, by);
    arg->end = b->end;
    return arg;
}

struct ast_arg *build_arg_order(struct build *b, struct ast_arg *arg, struct ast_expr *by,
                                struct token direction, struct token nulls) {
    if (b->failed) return NULL;
    arg->order_by = build_orders(b, (struct ast_orders){0}, by, direction, nulls);
    arg->end = b->end;
    return arg;
}

struct ast_orders build_orders(struct build *b, struct ast_orders list, struct ast_expr *e,
                               struct token direction, struct token nulls) {
    struct ast_order *at = build_grow(b, list.at, list.count, sizeof *at);
    if (!at) return (struct ast_orders){0};
    bool descending = direction.kind == TK_DESC;
    at[list.count] = (struct ast_order){
        .expr = e,
        .descending = descending,
        .nulls_given = nulls.kind != 0,
        .nulls_first = nulls.kind != 0 ? nulls.kind == TK_FIRST : !descending,
    };
    return (struct ast_orders){.at = at, .count = list.count + 1};
}

struct ast_window *build_window(struct build *b, const struct token *base,
                                struct ast_exprs partition_by, struct ast_orders order_by) {
    struct ast_window *w = build_new(b, sizeof *w);
    if (!w) return NULL;
    if (base) w->base = build_name(b, *base);
    w->partition_by = partition_by;
    w->order_by = order_by;
    w->to.kind = AST_CURRENT_ROW;
    return w;
}

struct ast_window *build_window_named(struct build *b, struct token name) {
    return build_window(b, &name, (struct ast_exprs){0}, (struct ast_orders){0});
}

struct ast_window *build_frame(struct build *b, struct ast_window *w, struct token unit,
                               struct ast_bound from, struct ast_bound to) {
    if (b->failed) return NULL;
    if (w->unit != AST_FRAME_NONE) return build_syntax_error(b, &unit), NULL;
    w->unit = unit.kind == TK_ROWS    ? AST_FRAME_ROWS
              : unit.kind == TK_RANGE ? AST_FRAME_RANGE
                                      : AST_FRAME_GROUPS;
    w->from = from;
    w->to = to;
    return w;
}

struct ast_bound build_bound(struct build *b, struct ast_expr *e, struct token word) {
    if (b->failed) return (struct ast_bound){0};
    bool before = word.kind == TK_PRECEDING;
    if (e->kind == AST_EXPR_COLUMN && build_is(b, token_of(e), "unbounded"))
        return (struct ast_bound){.kind =
                                      before ? AST_UNBOUNDED_PRECEDING : AST_UNBOUNDED_FOLLOWING};
    return (struct ast_bound){.kind = before ? AST_PRECEDING : AST_FOLLOWING, .expr = e};
}
