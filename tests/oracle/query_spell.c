/* query_spell.c: both spellings of a query, clause by clause. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/oracle/query.h"

#define SECOND_US INT64_C(1000000)

static bool grouped(const struct oquery *q) {
    return q->kind == QUERY_GROUP || q->kind == QUERY_TOTAL;
}

/* Whole seconds as a number and unit, or as one text, as RisingWave writes it. */
static void spell_span(struct buf *out, int64_t us, bool as_text) {
    int64_t s = us / SECOND_US;
    const char *unit = s % 60 == 0 && s > 0 ? "MINUTE" : "SECOND";
    int64_t n = *unit == 'M' ? s / 60 : s;
    if (as_text) {
        buf_addf(out, "INTERVAL '%" PRId64 " %s'", n, *unit == 'M' ? "minutes" : "seconds");
    } else {
        buf_addf(out, "INTERVAL '%" PRId64 "' %s", n, unit);
    }
}

static const char *form_name(enum window_form form) {
    static const char *const names[] = {"", "TUMBLE", "HOP", "CUMULATE", "SESSION"};
    return names[form];
}

/* The spans behind the time column: [slide,] size [, offset]; a session's gap. */
static void spell_spans(struct buf *out, const struct owindow *w) {
    bool named = w->spelling == SPELL_NAMED, text = w->spelling == SPELL_RISING;
    if (w->form == FORM_HOP || w->form == FORM_CUMULATE) {
        buf_add_str(out, !named ? ", " : w->form == FORM_HOP ? ", SLIDE => " : ", STEP => ");
        spell_span(out, w->slide_us, text);
    }
    buf_add_str(out, !named ? ", " : w->form == FORM_SESSION ? ", GAP => " : ", SIZE => ");
    spell_span(out, w->form == FORM_SESSION ? w->slide_us : w->size_us, text);
    if (w->offset_us != 0) {
        buf_add_str(out, named ? ", OFFSET => " : ", ");
        spell_span(out, w->offset_us, text);
    }
}

static void spell_window_source(struct buf *out, const struct oquery *q) {
    const struct owindow *w = &q->window;
    bool wrapped = w->spelling == SPELL_TABLE || w->spelling == SPELL_NAMED;

    buf_addf(out, "%s%s(", wrapped ? "TABLE(" : "", form_name(w->form));
    if (w->spelling == SPELL_NAMED) {
        buf_addf(out, "DATA => TABLE %s, TIMECOL => DESCRIPTOR(ts)", q->table->name);
    } else if (w->spelling == SPELL_RISING) {
        buf_addf(out, "%s, ts", q->table->name);
    } else {
        buf_addf(out, "TABLE %s, DESCRIPTOR(ts)", q->table->name);
    }
    spell_spans(out, w);
    buf_add_str(out, wrapped ? "))" : ")");
}

/* TUMBLE(ts, ...) in GROUP BY and TUMBLE_START(ts, ...) in SELECT. */
static void spell_group_call(struct buf *out, const struct oquery *q, const char *suffix) {
    buf_addf(out, "%s%s(ts", form_name(q->window.form), suffix);
    spell_spans(out, &q->window);
    buf_add_char(out, ')');
}

static void spell_agg(struct buf *out, const struct oagg *a, const struct otable *t,
                      enum dialect side) {
    const char *text = side == SIDE_SQLITE && a->row->sqlite ? a->row->sqlite : a->row->weir;
    if (side == SIDE_SQLITE && a->planted) text = a->planted;
    struct buf call;
    buf_init(&call);
    spell_template(&call, &(struct spell_template){.text = text, .arg = &a->arg, .args = 1}, t,
                   side);
    const char *open = strchr(call.at, '(');
    buf_add(out, call.at, (size_t)(open - call.at) + 1);
    if (a->distinct) buf_add_str(out, "DISTINCT ");
    buf_add_str(out, open + 1);
    buf_done(&call);
    if (a->filter) {
        buf_add_str(out, " FILTER (WHERE ");
        spell_node(out, a->filter, t, side);
        buf_add_char(out, ')');
    }
}

static void spell_item(struct buf *out, const struct oquery *q, const struct oitem *i,
                       enum dialect side) {
    static const char *const column[] = {"window_start", "window_end", "window_time"};
    static const char *const suffix[] = {"_START", "_END", "_ROWTIME"};

    switch (i->kind) {
    case ITEM_EXPR: spell_node(out, i->expr, q->table, side); break;
    case ITEM_KEY: spell_node(out, q->key[i->key], q->table, side); break;
    case ITEM_AGG: spell_agg(out, &i->agg, q->table, side); break;
    case ITEM_START:
    case ITEM_END:
    case ITEM_ROWTIME:
        if (side == SIDE_WEIR && q->window.spelling == SPELL_GROUP) {
            spell_group_call(out, q, suffix[i->kind - ITEM_START]);
        } else {
            buf_add_str(out, column[i->kind - ITEM_START]);
        }
        break;
    }
}

static void spell_items(struct buf *out, const struct oquery *q, enum dialect side) {
    for (uint32_t i = 0; i < q->items; i++) {
        if (i > 0) buf_add_str(out, ", ");
        spell_item(out, q, &q->item[i], side);
        buf_addf(out, " AS o%u", i);
    }
}

static void spell_columns(struct buf *out, const struct otable *t) {
    for (uint32_t c = 0; c < t->cols; c++) {
        buf_addf(out, "%s%s", c > 0 ? ", " : "", t->col[c].name);
    }
}

/* The inner select of a subquery, CTE or view. */
static void spell_inner(struct buf *out, const struct oquery *q, enum dialect side) {
    buf_add_str(out, side == SIDE_SQLITE ? "SELECT _r, _w, " : "SELECT ");
    spell_columns(out, q->table);
    buf_addf(out, " FROM %s", q->table->name);
    if (q->inner) {
        buf_add_str(out, side == SIDE_SQLITE ? " WHERE +(" : " WHERE (");
        spell_node(out, q->inner, q->table, side);
        buf_add_char(out, ')');
    }
}

static void spell_where(struct buf *out, const struct oquery *q, enum dialect side) {
    if (!q->where) return;
    buf_add_str(out, side == SIDE_SQLITE ? " WHERE +(" : " WHERE (");
    spell_node(out, q->where, q->table, side);
    buf_add_char(out, ')');
}

/* Changes answer input rows: where there is none, there is no row of totals either. */
static bool totals_of_nothing(const struct oquery *q, enum dialect side) {
    return side == SIDE_SQLITE && q->kind == QUERY_TOTAL && q->emit == EMIT_CHANGES;
}

static void spell_having(struct buf *out, const struct oquery *q, enum dialect side) {
    if (totals_of_nothing(q, side)) buf_add_str(out, " HAVING count(*) > 0");
    if (!q->having.row) return;
    buf_add_str(out, " HAVING ");
    spell_agg(out, &q->having, q->table, side);
    buf_addf(out, " > %" PRId64, q->having_above);
}

static void spell_order(struct buf *out, const struct oquery *q) {
    if (q->sorted) {
        buf_add_str(out, " ORDER BY ");
        for (uint32_t i = 0; i < q->items; i++) {
            buf_addf(out, "%s%u%s", i > 0 ? ", " : "", i + 1, q->item[i].descending ? " DESC" : "");
        }
    }
}

static void spell_limit(struct buf *out, const struct oquery *q) {
    if (q->limit >= 0) buf_addf(out, " LIMIT %" PRId64, q->limit);
    if (q->limit >= 0 && q->offset >= 0) buf_addf(out, " OFFSET %" PRId64, q->offset);
}

static void spell_source(struct buf *out, const struct oquery *q) {
    bool window = q->window.form != FORM_NONE && q->window.spelling != SPELL_GROUP;
    buf_add_str(out, " FROM ");
    if (window) {
        spell_window_source(out, q);
    } else if (q->source == SOURCE_SUBQUERY) {
        buf_add_char(out, '(');
        spell_inner(out, q, SIDE_WEIR);
        buf_add_str(out, ") AS s");
    } else {
        buf_add_str(out, q->source == SOURCE_TABLE ? q->table->name : "s");
    }
}

static void spell_group_weir(struct buf *out, const struct oquery *q) {
    if (q->kind != QUERY_GROUP) return;
    buf_add_str(out, " GROUP BY ");
    for (uint32_t i = 0; i < q->keys; i++) {
        if (i > 0) buf_add_str(out, ", ");
        spell_node(out, q->key[i], q->table, SIDE_WEIR);
    }
    if (q->window.form == FORM_NONE) return;
    if (q->keys > 0) buf_add_str(out, ", ");
    if (q->window.spelling == SPELL_GROUP) {
        spell_group_call(out, q, "");
    } else {
        buf_add_str(out, "window_start, window_end");
    }
}

static void spell_select_weir(struct buf *out, const struct oquery *q) {
    buf_add_str(out, q->kind == QUERY_DISTINCT ? "SELECT DISTINCT " : "SELECT ");
    spell_items(out, q, SIDE_WEIR);
    spell_source(out, q);
    spell_where(out, q, SIDE_WEIR);
    spell_group_weir(out, q);
    spell_having(out, q, SIDE_WEIR);
}

void query_weir(const struct oquery *q, struct buf *out, struct buf *before, struct buf *after) {
    if (q->source == SOURCE_VIEW) {
        buf_add_str(before, "CREATE VIEW s AS ");
        spell_inner(before, q, SIDE_WEIR);
        buf_add_str(before, ";");
        buf_add_str(after, "DROP VIEW s;");
    }
    if (q->source == SOURCE_CTE) {
        buf_add_str(out, "WITH s AS (");
        spell_inner(out, q, SIDE_WEIR);
        buf_add_str(out, ") ");
    }
    spell_select_weir(out, q);
    if (q->second) {
        buf_addf(out, " %s ", q->set_operator);
        spell_select_weir(out, q->second);
    }
    spell_order(out, q);
    spell_limit(out, q);
    if (q->emit == EMIT_CHANGES) buf_add_str(out, " EMIT CHANGES");
    if (q->emit == EMIT_FINAL) buf_add_str(out, " EMIT FINAL");
    buf_add_char(out, ';');
}

/* Rows joined with their windows, by integer arithmetic: `base` is the last boundary at or before
 * the row, n counts windows from there. */
static void spell_windows_sqlite(struct buf *out, const struct oquery *q) {
    const struct owindow *w = &q->window;
    bool hop = w->form == FORM_HOP, cumulate = w->form == FORM_CUMULATE;
    int64_t align = hop ? w->slide_us : w->size_us;
    int64_t windows = w->form == FORM_TUMBLE ? 1 : (w->size_us + w->slide_us - 1) / w->slide_us;
    struct buf start, end;

    buf_init(&start);
    buf_init(&end);
    buf_add_str(&start, "base");
    if (hop) buf_addf(&start, " - n * %" PRId64, w->slide_us);
    if (cumulate) {
        buf_addf(&end, "base + (n + 1) * %" PRId64, w->slide_us);
    } else {
        buf_addf(&end, "%s + %" PRId64, start.at, w->size_us);
    }
    buf_addf(out,
             "(SELECT *, window_end - 1000 AS window_time FROM (SELECT *, %s AS window_start, "
             "%s + %" PRId64 " AS window_end FROM (SELECT *, w_floor(ts - %" PRId64 ", %" PRId64
             ") * %" PRId64 " + %" PRId64 " AS base FROM %s), numbers WHERE n < %" PRId64
             " AND %s > ts)%s)",
             start.at, end.at, w->slip_us, w->offset_us, align, align, w->offset_us, q->table->name,
             windows, end.at, w->keep_late ? "" : " WHERE _w IS NULL OR window_end > _w");
    buf_done(&start);
    buf_done(&end);
}

/* Sessions of rows of which none is late: where a row stands more than the gap behind the last one
 * of its keys, a new session begins. */
static void spell_sessions_sqlite(struct buf *out, const struct oquery *q) {
    struct buf keys;
    buf_init(&keys);
    bool any = false;
    for (uint32_t i = 0; q->window.spelling == SPELL_GROUP && i < q->keys; i++) {
        buf_add_str(&keys, any ? ", " : "PARTITION BY ");
        spell_node(&keys, q->key[i], q->table, SIDE_SQLITE);
        any = true;
    }
    const char *by = keys.bytes > 0 ? keys.at : "";
    buf_addf(
        out,
        "(SELECT *, min(ts) OVER p AS window_start, max(ts) OVER p + %" PRId64
        " AS window_end, max(ts) OVER p + %" PRId64 " AS window_time FROM (SELECT *, "
        "sum(fresh) OVER (%s ORDER BY ts, _r) AS nth FROM (SELECT *, coalesce(ts - lag(ts) OVER "
        "(%s ORDER BY ts, _r) > %" PRId64 ", 1) AS fresh FROM %s",
        q->window.slide_us + q->window.slip_us, q->window.slide_us - 1000, by, by,
        q->window.slide_us, q->table->name);
    if (q->window.spelling == SPELL_GROUP) spell_where(out, q, SIDE_SQLITE);
    buf_addf(out, ")) WINDOW p AS (%s%s nth))", by, keys.bytes > 0 ? "," : "PARTITION BY");
    buf_done(&keys);
}

static void spell_source_sqlite(struct buf *out, const struct oquery *q) {
    buf_add_str(out, " FROM ");
    if (q->window.form == FORM_SESSION) {
        spell_sessions_sqlite(out, q);
    } else if (q->window.form != FORM_NONE) {
        spell_windows_sqlite(out, q);
    } else if (q->source != SOURCE_TABLE) {
        buf_add_char(out, '(');
        spell_inner(out, q, SIDE_SQLITE);
        buf_add_char(out, ')');
    } else {
        buf_add_str(out, q->table->name);
    }
}

static void spell_group_sqlite(struct buf *out, const struct oquery *q) {
    bool window = q->window.form != FORM_NONE;
    if (q->kind == QUERY_DISTINCT) {
        buf_add_str(out, " GROUP BY ");
        for (uint32_t i = 0; i < q->items; i++) buf_addf(out, "%s%u", i > 0 ? ", " : "", i + 1);
    }
    if (q->kind != QUERY_GROUP) return;
    buf_add_str(out, window ? " GROUP BY window_start, window_end" : " GROUP BY ");
    for (uint32_t i = 0; i < q->keys; i++) {
        if (i > 0 || window) buf_add_str(out, ", ");
        buf_add_str(out, "coalesce("); /* SQLite folds FALSE AND x to 0: no column's number */
        spell_node(out, q->key[i], q->table, SIDE_SQLITE);
        buf_add_str(out, ", NULL)");
    }
}

/* Without ORDER BY the order is that of the input, or of each group's first row. */
static void spell_natural_order(struct buf *out, const struct oquery *q) {
    if (q->sorted || q->kind == QUERY_TOTAL || q->second) return;
    bool group = grouped(q) || q->kind == QUERY_DISTINCT;
    buf_add_str(out, " ORDER BY ");
    if (q->window.form != FORM_NONE && grouped(q)) buf_add_str(out, "window_end, window_start, ");
    buf_add_str(out, group ? "min(_r)" : "_r");
}

static void spell_select_sqlite(struct buf *out, const struct oquery *q) {
    buf_add_str(out, "SELECT ");
    spell_items(out, q, SIDE_SQLITE);
    spell_source_sqlite(out, q);
    if (!(q->window.form == FORM_SESSION && q->window.spelling == SPELL_GROUP)) {
        spell_where(out, q, SIDE_SQLITE);
    }
    if (q->row_by_row) buf_add_str(out, q->where ? " AND _r = ?1" : " WHERE _r = ?1");
    spell_group_sqlite(out, q);
    spell_having(out, q, SIDE_SQLITE);
}

void query_sqlite(const struct oquery *q, struct buf *out) {
    spell_select_sqlite(out, q);
    if (q->second) {
        buf_addf(out, " %s ", q->set_operator);
        spell_select_sqlite(out, q->second);
    }
    spell_order(out, q);
    spell_natural_order(out, q);
    spell_limit(out, q);
}
