/* unparse.c: see unparse.h. Statements; the expressions and queries in them are in
 * unparse_expr.c and unparse_select.c.
 */
#include "sql/unparse.h"

#include <assert.h>

static const char *object_words(enum ast_object object) {
    switch (object) {
    case AST_OBJECT_STREAM: return "STREAM ";
    case AST_OBJECT_TABLE: return "TABLE ";
    case AST_OBJECT_VIEW: return "VIEW ";
    case AST_OBJECT_MATERIALIZED_VIEW: return "MATERIALIZED VIEW ";
    case AST_OBJECT_QUERY: return "QUERY ";
    case AST_OBJECT_MODEL: return "MODEL ";
    case AST_OBJECT_FUNCTION: return "FUNCTION ";
    case AST_OBJECT_ANY: break;
    }
    return "";
}

static void add_create(const struct ast_create *c, const char *words, struct buf *out) {
    buf_add_str(out, "CREATE ");
    if (c->or_replace) buf_add_str(out, "OR REPLACE ");
    if (c->temporary) buf_add_str(out, "TEMPORARY ");
    buf_add_str(out, words);
    if (c->if_not_exists) buf_add_str(out, "IF NOT EXISTS ");
    unparse_name(c->name.text, out);
}

static void add_names(const char *before, struct ast_names names, struct buf *out) {
    if (names.count == 0) return;
    buf_add_str(out, before);
    buf_add_char(out, '(');
    unparse_names(names, out);
    buf_add_char(out, ')');
}

static void add_options(const char *before, struct ast_options options, struct buf *out) {
    if (options.count == 0) return;
    buf_add_str(out, before);
    buf_add_char(out, '(');
    unparse_options(options, out);
    buf_add_char(out, ')');
}

static void add_comment(struct text comment, struct buf *out) {
    if (!comment.at) return;
    buf_add_str(out, " COMMENT ");
    unparse_string(comment, out);
}

static void add_enforced(enum ast_enforced enforced, struct buf *out) {
    if (enforced == AST_NOT_ENFORCED) buf_add_str(out, " NOT ENFORCED");
    if (enforced == AST_ENFORCED) buf_add_str(out, " ENFORCED");
}

static void add_column(const struct ast_column *c, struct buf *out) {
    unparse_name(c->name.text, out);
    if (c->computed) {
        buf_add_str(out, " AS ");
        unparse_expr(c->computed, out);
    } else {
        buf_add_char(out, ' ');
        unparse_type(c->type, out);
    }
    if (c->not_null) buf_add_str(out, " NOT NULL");
    if (c->primary_key) buf_add_str(out, " PRIMARY KEY");
    add_enforced(c->enforced, out);
    add_comment(c->comment, out);
}

static void add_columns(struct ast_columns list, struct buf *out) {
    for (uint32_t i = 0; i < list.count; i++) {
        if (i > 0) buf_add_str(out, ", ");
        add_column(&list.at[i], out);
    }
}

static void add_watermark(const struct ast_create_stream *s, struct buf *out) {
    buf_add_str(out, "WATERMARK FOR ");
    for (uint32_t i = 0; i < s->watermark.count; i++) {
        if (i > 0) buf_add_char(out, '.');
        unparse_name(s->watermark.at[i].text, out);
    }
    buf_add_str(out, " AS ");
    unparse_expr(s->watermark_expr, out);
}

static void add_elements(const struct ast_create_stream *s, struct buf *out) {
    if (s->columns.count == 0 && !s->watermark_expr && s->primary_key.count == 0) return;
    const char *between = "";
    buf_add_str(out, " (");
    if (s->columns.count > 0) {
        add_columns(s->columns, out);
        between = ", ";
    }
    if (s->watermark_expr) {
        buf_add_str(out, between);
        add_watermark(s, out);
        between = ", ";
    }
    if (s->primary_key.count > 0) {
        buf_add_str(out, between);
        add_names("PRIMARY KEY ", s->primary_key, out);
        add_enforced(s->enforced, out);
    }
    buf_add_char(out, ')');
}

static void add_create_stream(const struct ast_statement *statement, struct buf *out) {
    const struct ast_create_stream *s = &statement->as.create_stream;
    add_create(&s->create, object_words(s->object), out);
    add_elements(s, out);
    add_comment(s->comment, out);
    add_names(" PARTITIONED BY ", s->partitioned_by, out);
    add_options(" WITH ", s->options, out);
    if (!s->like.text.at) return;
    buf_add_str(out, " LIKE ");
    unparse_name(s->like.text, out);
}

static void add_create_view(const struct ast_statement *statement, struct buf *out) {
    const struct ast_create_view *v = &statement->as.create_view;
    add_create(&v->create, v->materialized ? "MATERIALIZED VIEW " : "VIEW ", out);
    add_names(" ", v->columns, out);
    add_comment(v->comment, out);
    add_options(" WITH ", v->options, out);
    buf_add_str(out, " AS ");
    unparse_select(v->select, out);
}

static void add_inserted(const struct ast_insert *i, struct buf *out) {
    buf_add_str(out, i->or_replace ? "INSERT OR REPLACE INTO " : "INSERT INTO ");
    if (i->model) buf_add_str(out, "MODEL ");
    unparse_name(i->target.text, out);
    if (i->options.count > 0) {
        add_options(" /*+ OPTIONS", i->options, out);
        buf_add_str(out, " */");
    }
    add_names(" ", i->columns, out);
    buf_add_char(out, ' ');
    unparse_select(i->select, out);
}

static void add_create_model(const struct ast_statement *statement, struct buf *out) {
    const struct ast_create_model *m = &statement->as.create_model;
    add_create(&m->create, "MODEL ", out);
    if (m->inputs.count > 0) {
        buf_add_str(out, " INPUT (");
        add_columns(m->inputs, out);
        buf_add_char(out, ')');
    }
    if (m->outputs.count > 0) {
        buf_add_str(out, " OUTPUT (");
        add_columns(m->outputs, out);
        buf_add_char(out, ')');
    }
    add_comment(m->comment, out);
    add_options(" WITH ", m->options, out);
}

static void add_function_body(const struct ast_create_function *f, struct buf *out) {
    static const char *const languages[] = {"SQL", "C", "CLIENT", "JAVA"};
    buf_add_str(out, " LANGUAGE ");
    buf_add_str(out, languages[f->language]);
    if (f->body) {
        buf_add_str(out, " AS ");
        unparse_expr(f->body, out);
    } else if (f->library.at) {
        buf_add_str(out, " AS ");
        unparse_string(f->library, out);
    }
    if (!f->symbol.at) return;
    buf_add_str(out, ", ");
    unparse_string(f->symbol, out);
}

static void add_create_function(const struct ast_statement *statement, struct buf *out) {
    const struct ast_create_function *f = &statement->as.create_function;
    static const char *const volatility[] = {"", " VOLATILE", " STABLE", " IMMUTABLE"};
    add_create(&f->create, f->system ? "SYSTEM FUNCTION " : "FUNCTION ", out);
    if (f->args_given) {
        buf_add_char(out, '(');
        add_columns(f->args, out);
        buf_add_char(out, ')');
    }
    if (f->returns) {
        buf_add_str(out, " RETURNS ");
        unparse_type(f->returns, out);
    }
    add_function_body(f, out);
    buf_add_str(out, volatility[f->volatility]);
    if (f->strict) buf_add_str(out, " STRICT");
    if (f->isolated) buf_add_str(out, " ISOLATED");
    if (!f->cost) return;
    buf_add_str(out, " COST ");
    unparse_expr(f->cost, out);
}

static void add_where(const struct ast_expr *where, struct buf *out) {
    if (!where) return;
    buf_add_str(out, " WHERE ");
    unparse_expr(where, out);
}

static void add_update(const struct ast_statement *statement, struct buf *out) {
    const struct ast_update *u = &statement->as.update;
    buf_add_str(out, "UPDATE ");
    unparse_name(u->target.text, out);
    for (uint32_t i = 0; i < u->sets; i++) {
        buf_add_str(out, i > 0 ? ", " : " SET ");
        unparse_name(u->set[i].column.text, out);
        buf_add_str(out, " = ");
        unparse_expr(u->set[i].value, out);
    }
    add_where(u->where, out);
}

static void add_drop(const struct ast_statement *statement, struct buf *out) {
    const struct ast_drop *d = &statement->as.drop;
    buf_add_str(out, "DROP ");
    buf_add_str(out, object_words(d->object));
    if (d->if_exists) buf_add_str(out, "IF EXISTS ");
    unparse_name(d->name.text, out);
}

static void add_show(const struct ast_statement *statement, struct buf *out) {
    const struct ast_show *s = &statement->as.show;
    static const char *const words[] = {"STREAMS", "TABLES",     "VIEWS", "QUERIES", "FUNCTIONS",
                                        "MODELS",  "CONNECTORS", "USERS", "ALL"};
    buf_add_str(out, "SHOW ");
    if (s->kind == AST_SHOW_CREATE) {
        buf_add_str(out, "CREATE ");
        buf_add_str(out, object_words(s->object));
        unparse_name(s->name.text, out);
    } else if (s->kind == AST_SHOW_SETTING) {
        unparse_string(s->name.text, out);
    } else {
        buf_add_str(out, words[s->kind]);
    }
    if (!s->like.at) return;
    buf_add_str(out, " LIKE ");
    unparse_string(s->like, out);
}

static void add_set(const struct ast_statement *statement, struct buf *out) {
    const struct ast_set *s = &statement->as.set;
    buf_add_str(out, s->reset ? "RESET" : "SET");
    if (!s->name.text.at) return;
    buf_add_char(out, ' ');
    unparse_string(s->name.text, out);
    if (s->reset) return;
    buf_add_str(out, " = ");
    unparse_string(s->value, out);
}

static void add_define(const struct ast_statement *statement, struct buf *out) {
    const struct ast_set *s = &statement->as.define;
    buf_add_str(out, s->if_not_exists ? "DEFINE IF NOT EXISTS " : "DEFINE ");
    unparse_name(s->name.text, out);
    buf_add_str(out, " = ");
    unparse_string(s->value, out);
}

static void add_replay(const struct ast_statement *statement, struct buf *out) {
    const struct ast_replay *r = &statement->as.replay;
    buf_add_str(out, "REPLAY QUERY ");
    unparse_name(r->query.text, out);
    if (r->from_lsn) {
        buf_add_str(out, " FROM LSN ");
        unparse_expr(r->from_lsn, out);
    }
    if (r->to_lsn) {
        buf_add_str(out, " TO LSN ");
        unparse_expr(r->to_lsn, out);
    }
}

static void add_export_model(const struct ast_statement *statement, struct buf *out) {
    const struct ast_export *x = &statement->as.export_model;
    buf_add_str(out, "EXPORT MODEL ");
    unparse_name(x->model.text, out);
    buf_add_str(out, " TO ");
    unparse_string(x->path, out);
}

static void add_describe(const struct ast_statement *statement, struct buf *out) {
    const struct ast_describe *d = &statement->as.describe;
    buf_add_str(out, "DESCRIBE ");
    buf_add_str(out, object_words(d->object));
    unparse_name(d->name.text, out);
}

static void add_select(const struct ast_statement *statement, struct buf *out) {
    unparse_select(statement->as.select, out);
}

static void add_insert(const struct ast_statement *statement, struct buf *out) {
    add_inserted(&statement->as.insert, out);
}

static void add_create_query(const struct ast_statement *statement, struct buf *out) {
    add_create(&statement->as.create_query.create, "QUERY ", out);
    buf_add_str(out, " AS ");
    add_inserted(&statement->as.create_query.insert, out);
}

static void add_delete_from(const struct ast_statement *statement, struct buf *out) {
    buf_add_str(out, "DELETE FROM ");
    unparse_name(statement->as.delete_from.target.text, out);
    add_where(statement->as.delete_from.where, out);
}

/* Its statement is no EXPLAIN: one level of recursion. */
static void add_explain(const struct ast_statement *statement, struct buf *out) {
    buf_add_str(out, statement->as.explain.analyze ? "EXPLAIN ANALYZE " : "EXPLAIN ");
    unparse_statement(statement->as.explain.statement, out);
}

static void add_nothing(const struct ast_statement *statement, struct buf *out) {
    assert(statement->kind == AST_CHECKPOINT_STATEMENT);
    buf_add_str(out, "CHECKPOINT");
}

static void add_load(const struct ast_statement *statement, struct buf *out) {
    buf_add_str(out, "LOAD ");
    unparse_string(statement->as.load, out);
}

/* Nothing of it was kept: its text stands. */
static void add_refused(const struct ast_statement *statement, struct buf *out) {
    struct text text = statement->source->text;
    buf_add(out, text.at + statement->start, statement->end - statement->start);
}

void unparse_statement(const struct ast_statement *s, struct buf *out) {
#define X(ID, member, ctype) [AST_##ID##_STATEMENT] = add_##member,
    static void (*const add[AST_STATEMENT_COUNT])(const struct ast_statement *,
                                                  struct buf *) = {AST_STATEMENT_LIST(X)};
#undef X
    assert(s && s->kind < AST_STATEMENT_COUNT);
    add[s->kind](s, out);
}
