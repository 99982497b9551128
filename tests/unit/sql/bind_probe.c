/* bind_probe.c: see bind_probe.h. */
#include "tests/unit/sql/bind_probe.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/program.h"
#include "sql/bind.h"
#include "sql/parse.h"
#include "udf/aggregate.h"
#include "udf/table.h"

enum { TABLES_MAX = 64 };

struct probe {
    struct catalog *catalog;
    struct buf out;
    bool silent; /* the prelude */
    struct fn_table fn[TABLES_MAX];
    struct agg_table agg[UDF_AGGREGATE_TABLES];
    struct stream_def side;
};

static bool has_option(const struct options *o, const char *key, const char *value) {
    for (uint32_t i = 0; i < o->count; i++) {
        if (text_equal(o->option[i].key, text_of(key)) &&
            text_equal(o->option[i].value, text_of(value)))
            return true;
    }
    return false;
}

static bool bounded(void *context, const struct stream_def *def, const struct options *hint,
                    bool *out, struct err *e) {
    (void)context;
    if (has_option(hint, "bounded", "wrong"))
        return err_set(e, ERR_SQL, "42601", "option 'bounded' is true or false");
    *out = has_option(&def->options, "bounded", "true") || has_option(hint, "bounded", "true");
    return true;
}

static bool takes_changes(void *context, const struct stream_def *def, struct err *e) {
    (void)context;
    if (!has_option(&def->options, "sink", "append")) return true;
    return err_set(e, ERR_SQL, "0A000", "%.*s takes no changes", TEXT_ARG(def->name));
}

static const struct field side_cols[] = {{.name = {.at = "raw", .bytes = 3}, .type = &type_text}};
static const struct schema side_schema = {.cols = 1, .col = side_cols};

static const struct stream_def *side_stream(void *context, struct text name, struct err *e) {
    struct probe *p = context;
    if (name.bytes < 7 ||
        !text_equal_fold((struct text){name.at + name.bytes - 7, 7}, TEXT_LITERAL("$errors"))) {
        err_set(e, ERR_SQL, "42P01", "there is no side stream %.*s", TEXT_ARG(name));
        return NULL;
    }
    p->side = (struct stream_def){
        .name = name, .schema = &side_schema, .physical = &side_schema, .time_col = -1};
    return &p->side;
}

static void print_error(struct probe *p, const struct err *e) {
    buf_addf(&p->out, "%s", e->sqlstate);
    if (e->line > 0) buf_addf(&p->out, " %u:%u", e->line, e->column);
    buf_addf(&p->out, " %s\n", e->message);
    if (e->hint[0]) buf_addf(&p->out, "HINT %s\n", e->hint);
}

static bool add_stream(struct probe *p, const struct sql_env *env,
                       const struct ast_create_stream *s, struct err *e) {
    enum object_kind kind = s->object == AST_OBJECT_TABLE ? OBJECT_TABLE : OBJECT_STREAM;
    struct object *o = object_create(kind, s->create.name.text, e);
    struct stream_def *def;
    if (o && bind_stream(env, s, o->arena, &def, e)) {
        o->def = def;
        if (catalog_add(p->catalog, o, e)) return true;
    }
    object_destroy(o);
    return false;
}

static void print_schema(struct buf *out, const struct schema *s) {
    for (uint32_t i = 0; i < s->cols; i++) {
        buf_addf(out, "%s%.*s ", i > 0 ? ", " : ": ", TEXT_ARG(s->col[i].name));
        type_print(out, s->col[i].type);
    }
    buf_add_char(out, '\n');
}

static bool add_view(struct probe *p, const struct sql_env *env, const struct ast_create_view *v,
                     struct err *e) {
    struct object *o = object_create(OBJECT_VIEW, v->create.name.text, e);
    struct bound_object bound;
    if (o && bind_view(env, v, o->arena, &bound, e)) {
        o->select = v->select;
        o->view_cols = v->columns.count;
        struct text *col = ARENA_ARRAY(o->arena, col, v->columns.count);
        assert(col);
        for (uint32_t i = 0; i < v->columns.count; i++) col[i] = v->columns.at[i].text;
        o->view_col = col;
        if (!p->silent) {
            buf_add_text(&p->out, o->name);
            print_schema(&p->out, bound.schema);
        }
        if (catalog_add(p->catalog, o, e)) return true;
    }
    object_destroy(o);
    return false;
}

static bool add_function(struct probe *p, const struct ast_create_function *f, struct err *e) {
    struct object *o = object_create(OBJECT_FUNCTION, f->create.name.text, e);
    if (!o) return false;
    o->function = f;
    if (catalog_add(p->catalog, o, e)) return true;
    object_destroy(o);
    return false;
}

/* The expressions of a node and of all below can be compiled: types are what functions ask for. */
static bool compiles(const struct plan *plan, struct arena *a, struct err *e) {
    struct program_options o = {.arena = a, .seed = 1};
    if (plan->kind == PLAN_FILTER) {
        o.expr = &plan->as.filter.predicate;
        o.exprs = 1;
    } else if (plan->kind == PLAN_PROJECT) {
        o.expr = plan->as.project.expr;
        o.exprs = plan->schema->cols;
    }
    if (o.exprs > 0) {
        o.input = plan->input[0]->schema;
        struct program *program = program_create(&o, e);
        if (!program) return false;
        program_close(program);
    }
    for (uint32_t i = 0; i < plan->inputs; i++) {
        if (!compiles(plan->input[i], a, e)) return false;
    }
    return true;
}

static bool run(struct probe *p, const struct sql_env *env, const struct ast_statement *s,
                struct arena *a, struct err *e) {
    struct bound_query q;
    switch ((int)s->kind) {
    case AST_EXPLAIN_STATEMENT: return run(p, env, s->as.explain.statement, a, e);
    case AST_CREATE_STREAM_STATEMENT: return add_stream(p, env, &s->as.create_stream, e);
    case AST_CREATE_VIEW_STATEMENT: return add_view(p, env, &s->as.create_view, e);
    case AST_CREATE_FUNCTION_STATEMENT: return add_function(p, &s->as.create_function, e);
    case AST_SELECT_STATEMENT:
        if (!bind_select(env, s->as.select, a, &q, e)) return false;
        break;
    case AST_INSERT_STATEMENT:
        if (!bind_insert(env, &s->as.insert, a, &q, e)) return false;
        break;
    default: return err_set(e, ERR_SQL, "0A000", "the probe does not know this statement");
    }
    plan_print(&p->out, &q.plan);
    return compiles(q.plan.root, a, e);
}

static void run_script(struct probe *p, const char *text, struct arena *a) {
    struct sql_script s;
    sql_script_init(&s, text_of(text), NULL);
    for (;;) {
        struct ast_statement *statement = NULL;
        struct err e;
        err_clear(&e);
        bool good = sql_parse_next(&s, a, &statement, &e);
        if (good && !statement) return;
        struct sql_env env = {.catalog = p->catalog,
                              .fn = p->fn,
                              .fns = fn_table_count,
                              .agg = p->agg,
                              .aggs = UDF_AGGREGATE_TABLES,
                              .source = good ? statement->source : NULL,
                              .context = p,
                              .bounded = bounded,
                              .takes_changes = takes_changes,
                              .side_stream = side_stream};
        if (good) good = run(p, &env, statement, a, &e);
        if (!good) print_error(p, &e);
        if (!good && e.code == ERR_LIMIT) return;
    }
}

char *bind_probe(const char *prelude, const char *script, size_t limit_bytes) {
    struct probe p = {.catalog = catalog_create()};
    struct arena first, second;
    arena_init(&first, 0);
    arena_init(&second, limit_bytes);
    buf_init(&p.out);
    assert(p.catalog && fn_table_count <= TABLES_MAX);
    fn_tables_copy(p.fn);
    udf_aggregates(p.agg);
    p.silent = true;
    if (prelude) run_script(&p, prelude, &first);
    p.silent = false;
    run_script(&p, script, &second);
    char *text = p.out.failed ? NULL : strdup(p.out.at ? p.out.at : "");
    buf_done(&p.out);
    catalog_destroy(p.catalog);
    arena_done(&second);
    arena_done(&first);
    return text;
}
