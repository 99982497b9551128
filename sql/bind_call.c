/* bind_call.c: calls of functions and operators, and of functions whose body is SQL.
 *
 * A name is looked for among the forms that are CASE in disguise, the aggregates, the functions
 * made by CREATE FUNCTION and the tables of functions, in this order.
 */
#include <assert.h>

#include "engine/base/nearest.h"
#include "engine/base/signature.h"
#include "sql/bind_group.h"
#include "sql/bind_model.h"
#include "sql/overload.h"

enum { INLINE_DEPTH_MAX = 32, LISTED_MAX = 6 };

static const struct expr *no_memory(struct err *e) {
    err_memory(e);
    return NULL;
}

/* Walks all rows of all tables: *table and *row stand before the first when both are 0. */
static const struct fn *next_fn(const struct sql_env *env, uint32_t *table, uint32_t *row) {
    while (*table < env->fns) {
        if (*row < env->fn[*table].count) return &env->fn[*table].fn[(*row)++];
        (*table)++;
        *row = 0;
    }
    return NULL;
}

static bool named(const struct fn *f, struct text name) {
    return text_equal_fold(text_of(f->name), name);
}

static bool is_word(const char *name) {
    char c = name[0];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* "BIGINT and TEXT" */
static void list_types(struct buf *out, struct call_args args, const char *between) {
    for (uint32_t i = 0; i < args.count; i++) {
        if (i > 0) buf_add_str(out, between);
        type_print(out, args.at[i]->type);
    }
}

/* "; there are f(BIGINT), f(DOUBLE)": what the name does take. */
static void list_overloads(const struct expr_scope *s, struct text name, struct buf *out) {
    const struct sql_env *env = s->b->env;
    uint32_t table = 0, row = 0, listed = 0;
    for (const struct fn *f; (f = next_fn(env, &table, &row));) {
        bool hidden = (f->flags & FN_HIDDEN) != 0;
        if (!named(f, name) || hidden || listed == LISTED_MAX) continue;
        buf_add_str(out, listed++ > 0 ? ", " : "; there is ");
        const char *end = strrchr(f->sig, ')');
        buf_add(out, f->sig, end ? (size_t)(end + 1 - f->sig) : strlen(f->sig));
    }
}

static void hint_function(const struct sql_env *env, struct text name, struct err *e) {
    const struct object *model = catalog_find(env->catalog, name);
    if (model && model->kind == OBJECT_MODEL) {
        err_hint(e, "A model is asked by predict(MODEL %.*s, ...), classify(...) and the like.",
                 TEXT_ARG(name));
        return;
    }
    struct nearest near = nearest_to(name);
    uint32_t table = 0, row = 0;
    for (const struct fn *f; (f = next_fn(env, &table, &row));) {
        if (!(f->flags & FN_HIDDEN)) nearest_offer(&near, text_of(f->name));
    }
    for (uint32_t t = 0; t < env->aggs; t++) {
        for (uint32_t i = 0; i < env->agg[t].count; i++)
            nearest_offer(&near, text_of(env->agg[t].agg[i].name));
    }
    for (const struct object *o = catalog_first(env->catalog); o; o = o->next) {
        if (o->kind == OBJECT_FUNCTION) nearest_offer(&near, o->name);
    }
    bind_offer_forms(&near);
    nearest_hint(&near, '"', e);
}

void bind_hint_conversion(struct call_args args, struct err *e) {
    bool text = false, number = false, time = false, tensor = false, blob = false;
    for (uint32_t i = 0; i < args.count; i++) {
        text |= args.at[i]->type->id == TYPE_TEXT;
        number |= type_is_number(args.at[i]->type);
        time |= type_is_time(args.at[i]->type);
        tensor |= args.at[i]->type->id == TYPE_TENSOR;
        blob |= args.at[i]->type->id == TYPE_BLOB;
    }
    if (tensor)
        err_hint(e, "CAST(x AS ARRAY<DOUBLE>) makes an array of a VECTOR.");
    else if (text && time && !number)
        err_hint(e, "A text beside a time is '2026-01-01 10:00:00', '10:00:00' or '10 seconds'.");
    else if (time && number && !text)
        err_hint(e, "So much time is an INTERVAL: INTERVAL '1' SECOND.");
    else if (text && blob && !number)
        err_hint(e, "Bytes that are UTF-8 become text by CAST(... AS TEXT).");
    else if (text || number)
        err_hint(e, "Text and numbers are not converted by themselves: write CAST(... AS TEXT) or "
                    "CAST(... AS BIGINT).");
}

static const struct expr *wrong_operands(struct expr_scope *s, const char *name,
                                         struct call_args args, uint32_t at, struct err *e) {
    struct buf types;
    buf_init(&types);
    list_types(&types, args, " and ");
    bind_error(s->b, at, e, "42804: %s does not take %.*s", name, TEXT_ARG(buf_text(&types)));
    buf_done(&types);
    bind_hint_conversion(args, e);
    return NULL;
}

/* Does any row of that name take so many arguments? */
static bool takes_count(const struct expr_scope *s, struct text name, uint32_t count) {
    const struct sql_env *env = s->b->env;
    uint32_t table = 0, row = 0;
    for (const struct fn *f; (f = next_fn(env, &table, &row));) {
        struct signature sig;
        if (!named(f, name) || !signature_parse(f->sig, s->b->arena, &sig)) continue;
        if (count >= sig.args_min && (count == 0 || signature_arg(&sig, count - 1))) return true;
    }
    return false;
}

static const struct expr *no_function(struct expr_scope *s, struct text name, struct call_args args,
                                      uint32_t at, struct err *e) {
    struct buf types, others;
    buf_init(&types);
    buf_init(&others);
    list_types(&types, args, ", ");
    list_overloads(s, name, &others);
    bind_error(s->b, at, e, "42883: there is no function %.*s(%.*s)%.*s", TEXT_ARG(name),
               TEXT_ARG(buf_text(&types)), TEXT_ARG(buf_text(&others)));
    if (others.bytes == 0)
        hint_function(s->b->env, name, e);
    else if (takes_count(s, name, args.count))
        bind_hint_conversion(args, e);
    buf_done(&types);
    buf_done(&others);
    return NULL;
}

/* A row of the tables, and how it takes the arguments. */
struct found {
    const struct fn *fn; /* NULL: none takes them */
    struct overload how;
};

/* The best row for the arguments. hidden: rows that operators are made of are meant too. */
static bool find_fn(struct expr_scope *s, struct text name, struct call_args args, bool hidden,
                    struct found *out, struct err *e) {
    uint32_t table = 0, row = 0;
    struct found best = {.fn = NULL};
    for (const struct fn *f; (f = next_fn(s->b->env, &table, &row));) {
        if (!named(f, name) || (!hidden && (f->flags & FN_HIDDEN))) continue;
        struct overload o;
        if (!overload_match(s, f->sig, args, &o, e)) return false;
        if (o.cost < 0 || (best.fn && o.cost >= best.how.cost)) continue;
        best = (struct found){f, o};
    }
    *out = best;
    return true;
}

/* The result's type, asked of the row where the signature does not say it all. */
static const struct type *fn_type(struct expr_scope *s, const struct found *found,
                                  struct call_args args, struct err *e) {
    const struct fn *f = found->fn;
    if (!f->type) return found->how.result;
    const struct type **type = ARENA_ARRAY(s->b->arena, type, args.count);
    const struct column **constant = ARENA_ARRAY(s->b->arena, constant, args.count);
    if (!type || !constant) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < args.count; i++) {
        type[i] = args.at[i]->type;
        constant[i] = args.at[i]->kind == EXPR_CONSTANT ? args.at[i]->constant : NULL;
    }
    struct fn_bind bind = {.arg_type = type,
                           .constant = constant,
                           .args = args.count,
                           .type = found->how.result,
                           .arena = s->b->arena};
    return f->type(&bind, e);
}

/* An image that will be looked at, decoded: what such functions give is. */
static const struct expr *as_pixels(struct expr_scope *s, const struct fn *user,
                                    const struct expr *x, uint32_t at, struct err *e) {
    bool wanted = (user->flags & FN_PIXELS) && x->type->id == TYPE_IMAGE;
    bool pixels = x->kind == EXPR_CALL && (x->fn->flags & FN_PIXELS);
    if (!wanted || pixels || strcmp(user->name, "image_pixels") == 0) return x;
    return bind_named(s, "image_pixels", (struct call_args){&x, 1}, at, e);
}

static const struct expr *make_call(struct expr_scope *s, const struct found *found,
                                    struct call_args args, uint32_t at, struct err *e) {
    const struct expr **arg = ARENA_ARRAY(s->b->arena, arg, args.count);
    if (!arg) return no_memory(e);
    for (uint32_t i = 0; i < args.count; i++) {
        arg[i] = bind_convert(s, args.at[i], found->how.target[i], at, e);
        if (arg[i]) arg[i] = as_pixels(s, found->fn, arg[i], at, e);
        if (!arg[i]) return NULL;
    }
    err_clear(e);
    const struct type *type = fn_type(s, found, (struct call_args){arg, args.count}, e);
    if (!type) {
        if (e->code == ERR_NONE)
            bind_error(s->b, at, e, "42804: %s has no type for these arguments", found->fn->name);
        else
            bind_place(s->b, at, e);
        return NULL;
    }
    return expr_make(s->b->arena,
                     &(struct expr_parts){.kind = EXPR_CALL,
                                          .type = type,
                                          .at = bind_at(s->b, at),
                                          .fn = found->fn,
                                          .args = args.count,
                                          .arg = arg},
                     e);
}

const struct expr *bind_named(struct expr_scope *s, const char *name, struct call_args args,
                              uint32_t at, struct err *e) {
    struct found f;
    if (!find_fn(s, text_of(name), args, true, &f, e)) return NULL;
    if (f.fn) return make_call(s, &f, args, at, e);
    return wrong_operands(s, is_word(name) && strcmp(name, "neg") == 0 ? "-" : name, args, at, e);
}

/* The arguments of a call, which must be plain values. */
static bool bind_values(struct expr_scope *s, const struct ast_call *c, struct call_args *out,
                        struct err *e) {
    const struct expr **arg = ARENA_ARRAY(s->b->arena, arg, c->args.count);
    if (!arg) return err_memory(e);
    for (uint32_t i = 0; i < c->args.count; i++) {
        const struct ast_arg *a = &c->args.at[i];
        if (a->kind == AST_ARG_MODEL) {
            bind_error(s->b, a->start, e, "42883: %.*s takes no model", TEXT_ARG(c->name.text));
            return err_hint(e, "classify, classify_top, detect, embed and predict do.");
        }
        if (a->kind != AST_ARG_EXPR || a->name.text.bytes > 0) {
            return bind_error(s->b, c->name.at, e, "42883: %.*s takes values only",
                              TEXT_ARG(c->name.text));
        }
        arg[i] = bind_expr(s, a->expr, e);
        if (!arg[i]) return false;
    }
    *out = (struct call_args){arg, c->args.count};
    return true;
}

/* f(x, y) where f was made by CREATE FUNCTION .. AS expr: the body, with x and y in it. */
static const struct expr *bind_inline(struct expr_scope *s, const struct object *o,
                                      const struct ast_call *c, struct err *e) {
    const struct ast_create_function *def = o->function;
    struct call_args args;
    if (s->inlined == INLINE_DEPTH_MAX) {
        bind_error(s->b, c->name.at, e, "54000: functions call each other more than %d deep",
                   INLINE_DEPTH_MAX);
        return NULL;
    }
    if (c->args.count != def->args.count) {
        bind_error(s->b, c->name.at, e, "42883: %.*s takes %u arguments, not %u", TEXT_ARG(o->name),
                   def->args.count, c->args.count);
        return NULL;
    }
    if (!bind_values(s, c, &args, e)) return NULL;
    const struct expr **value = ARENA_ARRAY(s->b->arena, value, args.count);
    if (!value) return no_memory(e);
    for (uint32_t i = 0; i < args.count; i++) {
        const struct type *t;
        if (!bind_type(s->b, def->args.at[i].type, &t, e)) return NULL;
        value[i] = bind_convert(s, args.at[i], t, c->args.at[i].expr->start, e);
        if (!value[i]) return NULL;
    }
    struct binder *b = s->b;
    const struct source *source = b->source;
    bool placed = b->placed;
    struct call_params params = {.names = &def->args, .value = value};
    struct expr_scope inner = {
        .b = b, .clause = "a function", .params = &params, .inlined = s->inlined + 1};
    inner.models = s->models;
    b->source = def->source;
    b->placed = false;
    const struct expr *body = bind_expr(&inner, def->body, e);
    const struct type *t = body ? body->type : NULL;
    if (body && def->returns && !bind_type(b, def->returns, &t, e)) body = NULL;
    if (body) body = bind_convert(&inner, body, t, 0, e);
    b->source = source;
    b->placed = placed;
    if (!body || !bind_use(b, (struct object *)(uintptr_t)o, e)) return NULL;
    return body;
}

bool bind_function_body(struct binder *b, const struct ast_create_function *f, struct err *e) {
    const struct expr **value = ARENA_ARRAY(b->arena, value, f->args.count + 1);
    struct expr *stand_in = ARENA_ARRAY(b->arena, stand_in, f->args.count + 1);
    if (!value || !stand_in) return err_memory(e);
    for (uint32_t i = 0; i < f->args.count; i++) {
        const struct type *t;
        if (!bind_type(b, f->args.at[i].type, &t, e)) return false;
        stand_in[i] = (struct expr){.kind = EXPR_COLUMN, .type = t, .column = i, .size = 1};
        value[i] = &stand_in[i];
    }
    struct call_params params = {.names = &f->args, .value = value};
    struct expr_scope scope = {
        .b = b, .clause = "a function", .params = &params, .inlined = 1, .models = true};
    const struct expr *body = bind_expr(&scope, f->body, e);
    const struct type *t;
    if (!body || !f->returns) return body != NULL;
    return bind_type(b, f->returns, &t, e) && bind_convert(&scope, body, t, f->body->start, e);
}

/* like(pattern, x), glob(pattern, x), regexp(pattern, x): SQLite's functions behind the operators
 * have the pattern first. Turns the arguments round. */
static bool is_match(const struct ast_call *c, struct call_args *args) {
    static const char *const names[] = {"like", "glob", "regexp"};
    bool match = false;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        match |= args->count >= 2 && text_equal_fold(c->name.text, text_of(names[i]));
    if (!match) return false;
    const struct expr **at = (const struct expr **)(uintptr_t)args->at;
    const struct expr *pattern = at[0];
    at[0] = at[1];
    at[1] = pattern;
    return true;
}

/* Forms of functions that are refused, with what to do instead. */
static bool refused(struct expr_scope *s, const struct ast_call *c, struct err *e) {
    static const char *const never[] = {"load_extension", "fts3_tokenizer", "changes",
                                        "total_changes", "last_insert_rowid"};
    struct text name = c->name.text;
    bool sqlite =
        name.bytes > 7 && text_equal_fold((struct text){name.at, 7}, TEXT_LITERAL("sqlite_"));
    for (size_t i = 0; i < COUNT_OF(never); i++) sqlite |= text_equal_fold(name, text_of(never[i]));
    if (sqlite)
        return !bind_unsupported(s->b, c->name.at, e,
                                 "%.*s() is SQLite's own and means nothing here", TEXT_ARG(name));
    if (c->over)
        return !bind_unsupported(s->b, c->name.at, e, "OVER is not supported yet: %.*s(...) OVER",
                                 TEXT_ARG(name));
    return false;
}

static bool is_known(const struct expr_scope *s, struct text name) {
    uint32_t table = 0, row = 0;
    for (const struct fn *f; (f = next_fn(s->b->env, &table, &row));) {
        if (named(f, name) && !(f->flags & FN_HIDDEN)) return true;
    }
    return catalog_find_function(s->b->env->catalog, name) != NULL;
}

const struct expr *bind_call(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct ast_call *c = x->as.call;
    if (refused(s, c, e)) return NULL;
    bool is_form;
    const struct expr *bound = bind_case_call(s, x, &is_form, e);
    if (is_form) return bound;
    bound = bind_model_call(s, x, &is_form, e);
    if (is_form) return bound;
    bound = bind_window_part(s, x, &is_form, e);
    if (is_form) return bound;
    if (bind_is_aggregate(s->b, c)) return bind_aggregate(s, x, e);
    if (c->star || c->distinct || c->filter || c->order_by.count > 0) {
        bool known = is_known(s, c->name.text);
        bind_error(s->b, c->name.at, e,
                   known ? "42883: %.*s is no aggregate" : "42883: there is no function %.*s",
                   TEXT_ARG(c->name.text));
        if (!known) hint_function(s->b->env, c->name.text, e);
        return NULL;
    }
    const struct object *o = catalog_find_function(s->b->env->catalog, c->name.text);
    if (o && o->function && o->function->body) return bind_inline(s, o, c, e);

    struct call_args args;
    struct found f;
    if (!bind_values(s, c, &args, e)) return NULL;
    bool match = is_match(c, &args);
    if (!find_fn(s, c->name.text, args, match, &f, e)) return NULL;
    if (!f.fn) return no_function(s, c->name.text, args, c->name.at, e);
    return make_call(s, &f, args, c->name.at, e);
}
