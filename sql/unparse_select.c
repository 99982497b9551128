/* unparse_select.c: see unparse.h. Queries, calls with their windows, types. */
#include "sql/unparse.h"

/* ---- types ---- */

void unparse_type(const struct ast_type *t, struct buf *out) {
    struct text name = t->name.text;
    if (t->name.quoted)
        unparse_name(name, out);
    else
        buf_add_text(out, name);
    if (t->params > 0) {
        for (uint32_t i = 0; i < t->params; i++) {
            buf_add_str(out, i > 0 ? ", " : "(");
            if (t->param[i] == AST_PARAM_ANY)
                buf_add_char(out, '*');
            else
                buf_addf(out, "%u", t->param[i]);
        }
        buf_add_char(out, ')');
    }
    for (uint32_t i = 0; i < t->fields; i++) {
        buf_add_str(out, i > 0 ? ", " : "<");
        if (t->field[i].name.text.at) {
            unparse_name(t->field[i].name.text, out);
            buf_add_char(out, ' ');
        }
        unparse_type(t->field[i].type, out);
        if (t->field[i].type->not_null) buf_add_str(out, " NOT NULL");
    }
    if (t->fields > 0) buf_add_char(out, '>');
}

/* ---- calls ---- */

static void add_orders(const char *word, struct ast_orders list, struct buf *out) {
    for (uint32_t i = 0; i < list.count; i++) {
        const struct ast_order *o = &list.at[i];
        buf_add_str(out, i > 0 ? ", " : word);
        unparse_expr(o->expr, out);
        if (o->descending) buf_add_str(out, " DESC");
        if (o->nulls_given) buf_add_str(out, o->nulls_first ? " NULLS FIRST" : " NULLS LAST");
    }
}

void unparse_orders(struct ast_orders list, struct buf *out) {
    add_orders(" ORDER BY ", list, out);
}

void unparse_options(struct ast_options list, struct buf *out) {
    for (uint32_t i = 0; i < list.count; i++) {
        if (i > 0) buf_add_str(out, ", ");
        unparse_string(list.at[i].key, out);
        buf_add_str(out, " = ");
        unparse_string(list.at[i].value, out);
    }
}

static void add_hint(struct ast_options list, struct buf *out) {
    if (list.count == 0) return;
    buf_add_str(out, " /*+ OPTIONS(");
    unparse_options(list, out);
    buf_add_str(out, ") */");
}

static void add_table_arg(const struct ast_arg *a, struct buf *out) {
    buf_add_str(out, "TABLE ");
    if (a->select) {
        buf_add_char(out, '(');
        unparse_select(a->select, out);
        buf_add_char(out, ')');
    } else {
        unparse_name(a->object.text, out);
        if (a->options) add_hint(*a->options, out);
    }
    if (a->partition_by.count > 0) {
        buf_add_str(out, " PARTITION BY ");
        bool several = a->partition_by.count > 1;
        if (several) buf_add_char(out, '(');
        unparse_exprs(a->partition_by, out);
        if (several) buf_add_char(out, ')');
    }
    unparse_orders(a->order_by, out);
}

static void add_arg(const struct ast_arg *a, struct buf *out) {
    if (a->name.text.at) {
        unparse_name(a->name.text, out);
        buf_add_str(out, " => ");
    }
    switch (a->kind) {
    case AST_ARG_EXPR: unparse_expr(a->expr, out); return;
    case AST_ARG_TABLE: add_table_arg(a, out); return;
    case AST_ARG_MODEL:
        buf_add_str(out, "MODEL ");
        unparse_name(a->object.text, out);
        return;
    case AST_ARG_DESCRIPTOR:
        buf_add_str(out, "DESCRIPTOR(");
        unparse_names(a->columns, out);
        buf_add_char(out, ')');
        return;
    }
}

static void add_bound(const struct ast_bound *b, struct buf *out) {
    switch (b->kind) {
    case AST_UNBOUNDED_PRECEDING: buf_add_str(out, "UNBOUNDED PRECEDING"); return;
    case AST_PRECEDING:
        unparse_expr(b->expr, out);
        buf_add_str(out, " PRECEDING");
        return;
    case AST_CURRENT_ROW: buf_add_str(out, "CURRENT ROW"); return;
    case AST_FOLLOWING:
        unparse_expr(b->expr, out);
        buf_add_str(out, " FOLLOWING");
        return;
    case AST_UNBOUNDED_FOLLOWING: buf_add_str(out, "UNBOUNDED FOLLOWING"); return;
    }
}

/* Inside the parentheses of OVER (..) and WINDOW w AS (..). */
void unparse_window(const struct ast_window *w, struct buf *out) {
    static const char *const units[] = {"", "ROWS", "RANGE", "GROUPS"};
    size_t before = out->bytes;
    if (w->base.text.at) unparse_name(w->base.text, out);
    if (w->partition_by.count > 0) {
        buf_add_str(out, out->bytes > before ? " PARTITION BY " : "PARTITION BY ");
        unparse_exprs(w->partition_by, out);
    }
    add_orders(out->bytes > before ? " ORDER BY " : "ORDER BY ", w->order_by, out);
    if (w->unit == AST_FRAME_NONE) return;
    if (out->bytes > before) buf_add_char(out, ' ');
    buf_add_str(out, units[w->unit]);
    buf_add_str(out, " BETWEEN ");
    add_bound(&w->from, out);
    buf_add_str(out, " AND ");
    add_bound(&w->to, out);
}

void unparse_call(const struct ast_call *c, struct buf *out) {
    unparse_call_name(c, out);
    buf_add_char(out, '(');
    if (c->star) buf_add_char(out, '*');
    if (c->distinct) buf_add_str(out, "DISTINCT ");
    for (uint32_t i = 0; i < c->args.count; i++) {
        if (i > 0) buf_add_str(out, ", ");
        add_arg(&c->args.at[i], out);
    }
    bool within = c->args.count == 0 && c->order_by.count > 0;
    bool table_last = c->args.count > 0 && c->args.at[c->args.count - 1].kind == AST_ARG_TABLE;
    if (!within && !table_last) unparse_orders(c->order_by, out);
    buf_add_char(out, ')');
    if (within || (table_last && c->order_by.count > 0)) {
        add_orders(" WITHIN GROUP (ORDER BY ", c->order_by, out);
        buf_add_char(out, ')');
    }
    if (c->filter) {
        buf_add_str(out, " FILTER (WHERE ");
        unparse_expr(c->filter, out);
        buf_add_char(out, ')');
    }
    if (c->over) {
        buf_add_str(out, " OVER (");
        unparse_window(c->over, out);
        buf_add_char(out, ')');
    }
}

/* ---- sources ---- */

static void add_from(struct ast_from from, struct buf *out);

static void add_named(const struct ast_source *s, struct buf *out) {
    unparse_name(s->name.text, out);
    add_hint(s->options, out);
    if (!s->as_of) return;
    buf_add_str(out, s->as_of_lsn ? " FOR SYSTEM_TIME AS OF LSN " : " FOR SYSTEM_TIME AS OF ");
    unparse_expr(s->as_of, out);
}

static void add_source_body(const struct ast_source *s, struct buf *out) {
    switch (s->kind) {
    case AST_SOURCE_NAME: add_named(s, out); return;
    case AST_SOURCE_SNAPSHOT:
        buf_add_str(out, "TABLE(");
        add_named(s, out);
        buf_add_char(out, ')');
        return;
    case AST_SOURCE_SELECT:
        buf_add_char(out, '(');
        unparse_select(s->select, out);
        buf_add_char(out, ')');
        return;
    case AST_SOURCE_CALL:
        buf_add_str(out, "TABLE(");
        unparse_call(s->call, out);
        buf_add_char(out, ')');
        return;
    case AST_SOURCE_UNNEST:
        buf_add_str(out, "UNNEST(");
        unparse_exprs(s->args, out);
        buf_add_str(out, s->ordinality ? ") WITH ORDINALITY" : ")");
        return;
    case AST_SOURCE_GROUP:
        buf_add_char(out, '(');
        add_from(s->from, out);
        buf_add_char(out, ')');
        return;
    case AST_SOURCE_COUNT: return;
    }
}

static void add_source(const struct ast_source *s, struct buf *out) {
    static const char *const joins[] = {
        [AST_JOIN_FIRST] = "",          [AST_JOIN_COMMA] = ", ",
        [AST_JOIN_INNER] = "JOIN ",     [AST_JOIN_CROSS] = "CROSS JOIN ",
        [AST_JOIN_LEFT] = "LEFT JOIN ", [AST_JOIN_RIGHT] = "RIGHT JOIN ",
        [AST_JOIN_FULL] = "FULL JOIN ",
    };
    if (s->join > AST_JOIN_COMMA) buf_add_char(out, ' ');
    if (s->natural) buf_add_str(out, "NATURAL ");
    buf_add_str(out, joins[s->join]);
    if (s->lateral) buf_add_str(out, "LATERAL ");
    add_source_body(s, out);
    if (s->match) buf_add_str(out, " MATCH_RECOGNIZE ()");
    if (s->alias.text.at) {
        buf_add_str(out, " AS ");
        unparse_name(s->alias.text, out);
    }
    if (s->columns.count > 0) {
        buf_add_char(out, '(');
        unparse_names(s->columns, out);
        buf_add_char(out, ')');
    }
    if (s->on) {
        buf_add_str(out, " ON ");
        unparse_expr(s->on, out);
    }
    if (s->using.count > 0) {
        buf_add_str(out, " USING (");
        unparse_names(s->using, out);
        buf_add_char(out, ')');
    }
}

static void add_from(struct ast_from from, struct buf *out) {
    for (uint32_t i = 0; i < from.count; i++) add_source(&from.at[i], out);
}

/* ---- selects ---- */

static void add_item(const struct ast_item *item, struct buf *out) {
    if (item->kind == AST_ITEM_TABLE_STAR) {
        unparse_name(item->table.text, out);
        buf_add_char(out, '.');
    }
    if (item->kind != AST_ITEM_EXPR) {
        buf_add_char(out, '*');
        return;
    }
    unparse_expr(item->expr, out);
    if (!item->alias.text.at) return;
    buf_add_str(out, " AS ");
    unparse_name(item->alias.text, out);
}

static void add_values(const struct ast_core *c, struct buf *out) {
    buf_add_str(out, "VALUES ");
    for (uint32_t i = 0; i < c->row_count; i++) {
        buf_add_str(out, i > 0 ? ", (" : "(");
        unparse_exprs(c->rows[i], out);
        buf_add_char(out, ')');
    }
}

static void add_clause(const char *word, const struct ast_expr *e, struct buf *out) {
    if (!e) return;
    buf_add_str(out, word);
    unparse_expr(e, out);
}

static void add_windows(struct ast_windows list, struct buf *out) {
    for (uint32_t i = 0; i < list.count; i++) {
        buf_add_str(out, i > 0 ? ", " : " WINDOW ");
        unparse_name(list.at[i].name.text, out);
        buf_add_str(out, " AS (");
        unparse_window(&list.at[i], out);
        buf_add_char(out, ')');
    }
}

static void add_core(const struct ast_core *c, struct buf *out) {
    static const char *const compounds[] = {
        [AST_COMPOUND_FIRST] = "",       [AST_UNION] = " UNION ",   [AST_UNION_ALL] = " UNION ALL ",
        [AST_INTERSECT] = " INTERSECT ", [AST_EXCEPT] = " EXCEPT ",
    };
    buf_add_str(out, compounds[c->compound]);
    if (c->items.count == 0) {
        add_values(c, out);
        return;
    }
    buf_add_str(out, c->distinct ? "SELECT DISTINCT " : "SELECT ");
    for (uint32_t i = 0; i < c->items.count; i++) {
        if (i > 0) buf_add_str(out, ", ");
        add_item(&c->items.at[i], out);
    }
    if (c->from.count > 0) buf_add_str(out, " FROM ");
    add_from(c->from, out);
    add_clause(" WHERE ", c->where, out);
    if (c->group_by.count > 0) buf_add_str(out, " GROUP BY ");
    unparse_exprs(c->group_by, out);
    add_clause(" HAVING ", c->having, out);
    add_windows(c->windows, out);
}

static void add_ctes(const struct ast_select *s, struct buf *out) {
    for (uint32_t i = 0; i < s->ctes.count; i++) {
        const struct ast_cte *c = &s->ctes.at[i];
        buf_add_str(out, i > 0 ? ", " : s->recursive ? "WITH RECURSIVE " : "WITH ");
        unparse_name(c->name.text, out);
        if (c->columns.count > 0) {
            buf_add_char(out, '(');
            unparse_names(c->columns, out);
            buf_add_char(out, ')');
        }
        buf_add_str(out, " AS (");
        unparse_select(c->select, out);
        buf_add_char(out, ')');
    }
    if (s->ctes.count > 0) buf_add_char(out, ' ');
}

void unparse_select(const struct ast_select *s, struct buf *out) {
    add_ctes(s, out);
    for (uint32_t i = 0; i < s->cores.count; i++) add_core(&s->cores.at[i], out);
    unparse_orders(s->order_by, out);
    add_clause(" LIMIT ", s->limit, out);
    add_clause(" OFFSET ", s->offset, out);
    if (s->emit != AST_EMIT_DEFAULT)
        buf_add_str(out, s->emit == AST_EMIT_CHANGES ? " EMIT CHANGES" : " EMIT FINAL");
}
