/* expr_print.c: a bound expression as SQL, for EXPLAIN and for the labels of aggregates.
 *
 * Parentheses stand where the precedence of SQLite asks for them. Conversions that the binder added
 * are shown, because they cost. Recursion goes down the tree, whose height is bounded.
 */
#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/time.h"
#include "engine/expr.h"
#include "engine/plan_model.h"
#include "engine/shared_model.h"

/* Binding strength; a weaker expression inside a stronger one needs parentheses. */
enum strength {
    STRENGTH_NONE,
    STRENGTH_OR,
    STRENGTH_AND,
    STRENGTH_NOT,
    STRENGTH_EQUAL,
    STRENGTH_ORDER,
    STRENGTH_BITS,
    STRENGTH_SUM,
    STRENGTH_PRODUCT,
    STRENGTH_CONCAT,
    STRENGTH_SIGN,
    STRENGTH_ATOM,
};

static const struct infix {
    const char *name, *sql;
    enum strength strength;
} infixes[] = {
    {"=", " = ", STRENGTH_EQUAL},
    {"<>", " <> ", STRENGTH_EQUAL},
    {"is", " IS ", STRENGTH_EQUAL},
    {"is_not", " IS NOT ", STRENGTH_EQUAL},
    {"like", " LIKE ", STRENGTH_EQUAL},
    {"glob", " GLOB ", STRENGTH_EQUAL},
    {"regexp", " REGEXP ", STRENGTH_EQUAL},
    {"<", " < ", STRENGTH_ORDER},
    {"<=", " <= ", STRENGTH_ORDER},
    {">", " > ", STRENGTH_ORDER},
    {">=", " >= ", STRENGTH_ORDER},
    {"&", " & ", STRENGTH_BITS},
    {"|", " | ", STRENGTH_BITS},
    {"<<", " << ", STRENGTH_BITS},
    {">>", " >> ", STRENGTH_BITS},
    {"+", " + ", STRENGTH_SUM},
    {"-", " - ", STRENGTH_SUM},
    {"*", " * ", STRENGTH_PRODUCT},
    {"/", " / ", STRENGTH_PRODUCT},
    {"%", " % ", STRENGTH_PRODUCT},
    {"||", " || ", STRENGTH_CONCAT},
    {"->", " -> ", STRENGTH_CONCAT},
    {"->>", " ->> ", STRENGTH_CONCAT},
};

struct printer {
    struct buf *out;
    const struct schema *input;
};

static void print(const struct printer *p, const struct expr *x, enum strength around);

static void print_list(const struct printer *p, const struct expr *x, uint32_t from,
                       const char *between, enum strength strength) {
    for (uint32_t i = from; i < x->args; i++) {
        if (i > from) buf_add_str(p->out, between);
        print(p, x->arg[i], strength);
    }
}

static void print_quoted(struct buf *out, struct text t) {
    buf_add_char(out, '\'');
    for (uint32_t i = 0; i < t.bytes; i++) {
        if (t.at[i] == '\'') buf_add_char(out, '\'');
        buf_add_char(out, t.at[i]);
    }
    buf_add_char(out, '\'');
}

static void print_hex(struct buf *out, struct text t) {
    buf_add_str(out, "x'");
    for (uint32_t i = 0; i < t.bytes; i++) buf_addf(out, "%02x", (unsigned char)t.at[i]);
    buf_add_char(out, '\'');
}

static void print_time(struct buf *out, const struct type *t, int64_t v) {
    char text[TIMESTAMP_TEXT_MAX];
    uint32_t n = 0;
    if (t->id == TYPE_TIMESTAMP) n = timestamp_print(text, v, t->precision);
    if (t->id == TYPE_DATE) n = date_print(text, v);
    if (t->id == TYPE_TIME) n = time_print(text, v);
    if (t->id == TYPE_INTERVAL) n = interval_print(text, v);
    buf_addf(out, "%s '%.*s'", type_name(t->id), (int)n, text);
}

static void print_constant(struct buf *out, const struct expr *x) {
    const struct column *c = x->constant;
    if (!column_has(c, 0)) {
        buf_add_str(out, "NULL");
        return;
    }
    switch (x->type->id) {
    case TYPE_BOOLEAN: buf_add_str(out, c->as.b8[0] ? "TRUE" : "FALSE"); return;
    case TYPE_BIGINT: buf_add_i64(out, c->as.i64[0]); return;
    case TYPE_DOUBLE: buf_add_f64(out, c->as.f64[0]); return;
    case TYPE_DECIMAL:
        buf_add_decimal(out, (struct decimal){c->as.i128[0], x->type->scale});
        return;
    case TYPE_TEXT: print_quoted(out, c->as.text[0]); return;
    case TYPE_BLOB: print_hex(out, c->as.text[0]); return;
    case TYPE_TIMESTAMP:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_INTERVAL: print_time(out, x->type, c->as.i64[0]); return;
    case TYPE_NULL:
    case TYPE_ROW:
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_TENSOR:
    case TYPE_IMAGE:
    case TYPE_COUNT: break;
    }
    buf_addf(out, "<%s>", type_name(x->type->id));
}

static void print_case(const struct printer *p, const struct expr *x) {
    buf_add_str(p->out, "CASE");
    for (uint32_t i = 0; i + 1 < x->args; i += 2) {
        buf_add_str(p->out, " WHEN ");
        print(p, x->arg[i], STRENGTH_NONE);
        buf_add_str(p->out, " THEN ");
        print(p, x->arg[i + 1], STRENGTH_NONE);
    }
    const struct expr *otherwise = x->arg[x->args - 1];
    if (otherwise->kind != EXPR_CONSTANT || column_has(otherwise->constant, 0)) {
        buf_add_str(p->out, " ELSE ");
        print(p, otherwise, STRENGTH_NONE);
    }
    buf_add_str(p->out, " END");
}

static bool is_named(const struct expr *x, const char *name, uint32_t args) {
    return strcmp(x->fn->name, name) == 0 && (args == 0 || x->args == args);
}

static const struct infix *find_infix(const struct expr *x) {
    for (size_t i = 0; i < COUNT_OF(infixes) && x->args == 2; i++) {
        if (is_named(x, infixes[i].name, 2)) return &infixes[i];
    }
    return NULL;
}

static enum strength call_strength(const struct expr *x) {
    const struct infix *in = find_infix(x);
    if (in) return in->strength;
    if (is_named(x, "not", 1)) return STRENGTH_NOT;
    if (is_named(x, "neg", 1) || is_named(x, "~", 1)) return STRENGTH_SIGN;
    bool equal = is_named(x, "is_null", 1) || is_named(x, "is_not_null", 1) ||
                 is_named(x, "in", 0) || is_named(x, "like", 3);
    return equal ? STRENGTH_EQUAL : STRENGTH_ATOM;
}

/* A computed column is called as it was written: "a + 1" is as weak as its parts may be. */
static bool is_loose(struct text name) {
    int32_t open = 0;
    for (uint32_t i = 0; i < name.bytes; i++) {
        open += (name.at[i] == '(') - (name.at[i] == ')');
        if (open == 0 && name.at[i] == ' ') return true;
    }
    return false;
}

static enum strength strength_of(const struct printer *p, const struct expr *x) {
    if (x->kind == EXPR_AND) return STRENGTH_AND;
    if (x->kind == EXPR_OR) return STRENGTH_OR;
    bool named = x->kind == EXPR_COLUMN && p->input && x->column < p->input->cols;
    if (named && is_loose(p->input->col[x->column].name)) return STRENGTH_OR;
    return x->kind == EXPR_CALL ? call_strength(x) : STRENGTH_ATOM;
}

/* Forms of calls that SQL writes otherwise; false: it is an ordinary call. */
static bool print_form(const struct printer *p, const struct expr *x) {
    const struct infix *in = find_infix(x);
    if (in) {
        print(p, x->arg[0], in->strength);
        buf_add_str(p->out, in->sql);
        print(p, x->arg[1], (enum strength)(in->strength + 1));
    } else if (is_named(x, "not", 1)) {
        buf_add_str(p->out, "NOT ");
        print(p, x->arg[0], STRENGTH_NOT);
    } else if (is_named(x, "neg", 1) || is_named(x, "~", 1)) {
        buf_add_char(p->out, x->fn->name[0] == '~' ? '~' : '-');
        print(p, x->arg[0], STRENGTH_ATOM);
    } else if (is_named(x, "is_null", 1) || is_named(x, "is_not_null", 1)) {
        print(p, x->arg[0], STRENGTH_EQUAL);
        buf_add_str(p->out, is_named(x, "is_null", 1) ? " IS NULL" : " IS NOT NULL");
    } else if (is_named(x, "in", 0)) {
        print(p, x->arg[0], STRENGTH_ORDER);
        buf_add_str(p->out, " IN (");
        print_list(p, x, 1, ", ", STRENGTH_NONE);
        buf_add_char(p->out, ')');
    } else if (is_named(x, "like", 3)) {
        print(p, x->arg[0], STRENGTH_ORDER);
        buf_add_str(p->out, " LIKE ");
        print(p, x->arg[1], STRENGTH_ORDER);
        buf_add_str(p->out, " ESCAPE ");
        print(p, x->arg[2], STRENGTH_ORDER);
    } else if (is_named(x, "[]", 2)) {
        print(p, x->arg[0], STRENGTH_ATOM);
        buf_add_char(p->out, '[');
        print(p, x->arg[1], STRENGTH_NONE);
        buf_add_char(p->out, ']');
    } else if (is_named(x, "array", 0) || is_named(x, "map", 0)) {
        buf_add_str(p->out, is_named(x, "array", 0) ? "ARRAY[" : "MAP[");
        print_list(p, x, 0, ", ", STRENGTH_NONE);
        buf_add_char(p->out, ']');
    } else {
        return false;
    }
    return true;
}

static void print_call(const struct printer *p, const struct expr *x) {
    if (print_form(p, x)) return;
    buf_addf(p->out, "%s(", is_named(x, "row", 0) ? "ROW" : x->fn->name);
    print_list(p, x, 0, ", ", STRENGTH_NONE);
    buf_add_char(p->out, ')');
}

static void print_column(const struct printer *p, uint32_t column) {
    if (p->input && column < p->input->cols)
        buf_add_text(p->out, p->input->col[column].name);
    else
        buf_addf(p->out, "$%u", column);
}

const char *infer_use_word(const struct infer_use *u) {
#define X(ID, name) [MODEL_##ID] = name,
    static const char *const words[] = {MODEL_FORM_LIST(X)};
#undef X
    return u->version ? "model_version" : words[u->use.form];
}

/* "classify(MODEL m, img)" */
static void print_infer(const struct printer *p, const struct expr *x) {
    const struct infer_use *u = x->infer;
    buf_addf(p->out, "%s(MODEL %.*s", infer_use_word(u), TEXT_ARG(u->model->name));
    for (uint32_t i = 0; i < x->args; i++) {
        buf_add_str(p->out, ", ");
        print(p, x->arg[i], STRENGTH_NONE);
    }
    if (u->use.form == MODEL_CLASSIFY_TOP) buf_addf(p->out, ", %u", u->use.top);
    if (u->use.limits_given) {
        buf_add_str(p->out, ", ");
        buf_add_f64(p->out, u->use.score_min);
        if (u->use.overlap_max >= 0) buf_add_str(p->out, ", ");
        if (u->use.overlap_max >= 0) buf_add_f64(p->out, u->use.overlap_max);
    }
    buf_add_char(p->out, ')');
}

static void print_inside(const struct printer *p, const struct expr *x) {
    switch (x->kind) {
    case EXPR_COLUMN: print_column(p, x->column); return;
    case EXPR_CONSTANT: print_constant(p->out, x); return;
    case EXPR_CALL: print_call(p, x); return;
    case EXPR_CAST:
        buf_add_str(p->out, x->try_cast ? "TRY_CAST(" : "CAST(");
        print(p, x->arg[0], STRENGTH_NONE);
        buf_add_str(p->out, " AS ");
        type_print(p->out, x->type);
        buf_add_char(p->out, ')');
        return;
    case EXPR_AND: print_list(p, x, 0, " AND ", STRENGTH_NOT); return;
    case EXPR_OR: print_list(p, x, 0, " OR ", STRENGTH_AND); return;
    case EXPR_CASE: print_case(p, x); return;
    case EXPR_FIELD:
        print(p, x->arg[0], STRENGTH_ATOM);
        buf_add_char(p->out, '.');
        buf_add_text(p->out, x->arg[0]->type->field[x->column].name);
        return;
    case EXPR_INFER: print_infer(p, x); return;
    case EXPR_COUNT: break;
    }
}

static void print(const struct printer *p, const struct expr *x, enum strength around) {
    bool weak = strength_of(p, x) < around;
    if (weak) buf_add_char(p->out, '(');
    print_inside(p, x);
    if (weak) buf_add_char(p->out, ')');
}

void expr_print(struct buf *out, const struct expr *x, const struct schema *input) {
    struct printer p = {.out = out, .input = input};
    print(&p, x, STRENGTH_NONE);
}
