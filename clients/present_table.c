/* present_table.c: see present_table.h. */
#include "clients/present_table.h"

#include <assert.h>
#include <inttypes.h>

#include "clients/width.h"
#include "engine/edge/codec.h"

static const char *const change_words[] = {"+I", "-U", "+U", "-D"};

/* As it is, but control characters as \n, \t, \r or \x0c. */
static void add_visible(struct buf *out, struct text t) {
    for (uint32_t i = 0; i < t.bytes; i++) {
        unsigned char c = (unsigned char)t.at[i];
        switch (c) {
        case '\n': buf_add_str(out, "\\n"); break;
        case '\r': buf_add_str(out, "\\r"); break;
        case '\t': buf_add_str(out, "\\t"); break;
        default:
            if (c < 0x20 || c == 0x7f) {
                buf_addf(out, "\\x%02x", c);
            } else {
                buf_add_char(out, (char)c);
            }
        }
    }
}

static bool type_stands_right(const struct type *t) {
    return t->id == TYPE_BIGINT || t->id == TYPE_DOUBLE || t->id == TYPE_DECIMAL;
}

static struct text column_name(const struct grid *t, uint32_t column) {
    if (t->changes && column == 0) return TEXT_LITERAL("op");
    return t->schema->col[column - t->changes].name;
}

static bool column_right(const struct grid *t, uint32_t column) {
    if (t->changes && column == 0) return false;
    return type_stands_right(t->schema->col[column - t->changes].type);
}

void grid_init(struct grid *t, struct out *out) {
    *t = (struct grid){.out = out};
    arena_init(&t->arena, 0);
    buf_init(&t->value);
}

bool grid_begin(struct grid *t, const struct grid_style *style, const struct schema *schema,
                bool changes, struct err *e) {
    arena_reset(&t->arena);
    t->style = *style;
    t->schema = schema;
    t->changes = changes;
    t->columns = schema->cols + changes;
    t->held = 0;
    t->headed = false;
    t->shown = 0;
    t->width = ARENA_ARRAY(&t->arena, t->width, t->columns);
    t->cell = ARENA_ARRAY(&t->arena, t->cell, (size_t)TABLE_ROWS_HELD * t->columns);
    if (!t->width || !t->cell) return err_memory(e);

    for (uint32_t c = 0; c < t->columns; c++) t->width[c] = width_of(column_name(t, c));
    return true;
}

static void add_spaces(struct buf *out, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) buf_add_char(out, ' ');
}

static void print_header(struct grid *t) {
    struct buf *out = &t->out->buf;
    for (uint32_t c = 0; c < t->columns; c++) {
        struct text name = column_name(t, c);
        uint32_t room = t->width[c] - width_of(name);
        buf_add_str(out, c > 0 ? "| " : " ");
        add_spaces(out, room / 2);
        add_visible(out, name);
        if (c + 1 < t->columns) add_spaces(out, room - room / 2 + 1);
    }
    buf_add_char(out, '\n');
    for (uint32_t c = 0; c < t->columns; c++) {
        if (c > 0) buf_add_char(out, '+');
        for (uint32_t i = 0; i < t->width[c] + 2; i++) buf_add_char(out, '-');
    }
    buf_add_char(out, '\n');
}

static void print_row(struct grid *t, const struct text *cell) {
    struct buf *out = &t->out->buf;
    for (uint32_t c = 0; c < t->columns; c++) {
        uint32_t width = width_of(cell[c]);
        uint32_t room = width < t->width[c] ? t->width[c] - width : 0;
        buf_add_str(out, c > 0 ? "| " : " ");
        if (column_right(t, c)) add_spaces(out, room);
        buf_add_text(out, cell[c]);
        if (c + 1 == t->columns) break;
        add_spaces(out, column_right(t, c) ? 1 : room + 1);
    }
    buf_add_char(out, '\n');
}

static void print_expanded(struct grid *t, const struct text *cell, uint64_t number) {
    struct buf *out = &t->out->buf;
    uint32_t widest = 0;
    for (uint32_t c = 0; c < t->columns; c++) {
        uint32_t width = width_of(column_name(t, c));
        if (width > widest) widest = width;
    }
    buf_addf(out, "-[ RECORD %" PRIu64 " ]\n", number);
    for (uint32_t c = 0; c < t->columns; c++) {
        add_visible(out, column_name(t, c));
        add_spaces(out, widest - width_of(column_name(t, c)));
        buf_add_str(out, " | ");
        buf_add_text(out, cell[c]);
        buf_add_char(out, '\n');
    }
}

/* Prints what was held back; from now on widths are fixed. */
static void release_rows(struct grid *t) {
    if (!t->headed && !t->style.expanded) print_header(t);
    t->headed = true;
    for (uint32_t i = 0; i < t->held; i++) {
        const struct text *cell = &t->cell[(size_t)i * t->columns];
        t->shown++;
        if (t->style.expanded) {
            print_expanded(t, cell, t->shown);
        } else {
            print_row(t, cell);
        }
        out_maybe_flush(t->out);
    }
    t->held = 0;
}

/* The text of one value, in the arena. */
static bool make_cell(struct grid *t, const struct column *c, uint32_t row, struct text *cell,
                      struct err *e) {
    if (!column_has(c, row)) {
        *cell = t->style.null;
        return true;
    }
    struct buf raw;
    buf_init(&raw);
    buf_reset(&t->value);
    codec_print_value(&raw, c, row);
    add_visible(&t->value, buf_text(&raw));
    bool failed = raw.failed || t->value.failed;
    buf_done(&raw);
    char *copy = failed ? NULL : arena_copy(&t->arena, t->value.at, t->value.bytes);
    if (!copy) return err_memory(e);
    *cell = (struct text){.at = copy, .bytes = (uint32_t)t->value.bytes};
    return true;
}

static bool hold_row(struct grid *t, const struct batch *b, uint32_t row, struct err *e) {
    struct text *cell = &t->cell[(size_t)t->held * t->columns];
    if (t->changes) cell[0] = text_of(change_words[batch_change(b, row)]);
    for (uint32_t c = 0; c < b->schema->cols; c++) {
        if (!make_cell(t, &b->col[c], row, &cell[c + t->changes], e)) return false;
    }
    for (uint32_t c = 0; c < t->columns && !t->headed; c++) {
        uint32_t width = width_of(cell[c]);
        if (width > t->width[c]) t->width[c] = width;
    }
    t->held++;
    return true;
}

bool grid_rows(struct grid *t, const struct batch *b, struct err *e) {
    struct arena_mark mark = arena_mark(&t->arena);
    for (uint32_t i = 0; i < b->live; i++) {
        if (!hold_row(t, b, batch_row(b, i), e)) return false;
        if (t->held < TABLE_ROWS_HELD) continue;
        release_rows(t);
    }
    if (t->style.live || t->headed) {
        release_rows(t);
        arena_rewind(&t->arena, mark);
    }
    return out_check(t->out, e);
}

bool grid_end(struct grid *t, struct err *e) {
    release_rows(t);
    if (!t->style.expanded || t->shown == 0) {
        buf_addf(&t->out->buf, "(%" PRIu64 " row%s)\n", t->shown, t->shown == 1 ? "" : "s");
    }
    buf_add_char(&t->out->buf, '\n');
    out_maybe_flush(t->out);
    return out_check(t->out, e);
}

void grid_done(struct grid *t) {
    arena_done(&t->arena);
    buf_done(&t->value);
}
