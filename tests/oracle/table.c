/* table.c: draws tables and writes them down. The watermark before each row is worked out here,
 * straight from the definition: the largest ts - delay of the good rows before it. */
#include "tests/oracle/table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/oracle/spell.h"

#define SECOND_US INT64_C(1000000)

static void add_column(struct otable *t, const char *name, struct otype type, enum column_use use) {
    assert(t->cols < COLS_MAX);
    struct ocolumn *c = &t->col[t->cols];
    *c = (struct ocolumn){.type = type, .use = use};
    if (name) {
        snprintf(c->name, sizeof c->name, "%s", name);
    } else {
        snprintf(c->name, sizeof c->name, "c%u", t->cols);
    }
    t->cols++;
}

static void draw_columns(struct draw *d, struct otable *t) {
    static const char nested[] = "raaprwg";
    static const struct otype decimals[] = {
        {T_DECIMAL, 10, 2}, {T_DECIMAL, 5, 2}, {T_DECIMAL, 12, 4}};

    if (t->timed) add_column(t, "ts", (struct otype){.letter = T_TIMESTAMP}, COLUMN_PLAIN);
    uint32_t plain = 2 + draw_below(d, 6);
    for (uint32_t i = 0; i < plain; i++) {
        struct otype type = draw_type(d);
        if (type.letter == T_DECIMAL) type = decimals[draw_below(d, 3)];
        bool wild = t->wild && strchr("ifd", type.letter) && draw_chance(d, 70);
        add_column(t, NULL, type, wild ? COLUMN_WILD : COLUMN_PLAIN);
    }
    if (draw_chance(d, 25)) add_column(t, NULL, (struct otype){.letter = T_TEXT}, COLUMN_JSON);
    if (draw_chance(d, 25)) add_column(t, NULL, (struct otype){.letter = T_TEXT}, COLUMN_NUMERIC);
    for (uint32_t i = 0; i < 2; i++) {
        if (!draw_chance(d, 40)) continue;
        struct otype type = {.letter = nested[draw_below(d, sizeof nested - 1)]};
        add_column(t, NULL, type, COLUMN_PLAIN);
    }
}

static struct value draw_numeric(struct draw *d) {
    static const char *const words[] = {"1", "-20", "300", "+4", "0", "12x", "", "9", "abc", "77"};
    uint32_t i = draw_below(d, sizeof words / sizeof words[0]);
    return (struct value){.kind = VALUE_TEXT, .text = text_of(words[i])};
}

static struct value draw_cell(struct draw *d, const struct ocolumn *c) {
    if (c->use == COLUMN_NUMERIC) return draw_numeric(d);
    if (c->use == COLUMN_JSON) return draw_value(d, (struct otype){.letter = T_JSON}, false);
    return draw_value(d, c->type, c->use == COLUMN_WILD);
}

void table_watermarks(struct otable *t) {
    int64_t high = INT64_MIN;
    for (uint32_t r = 0; r < t->rows && t->timed; r++) {
        const struct value *ts = &t->cell[r * t->cols];
        t->watermark_us[r] = high;
        if (ts->kind == VALUE_NULL) t->bad[r] = true;
        if (!t->bad[r] && ts->integer - t->delay_us > high) high = ts->integer - t->delay_us;
    }
}

/* Event times move on by up to three seconds a row, and jump back now and then. */
static void draw_times(struct draw *d, struct otable *t) {
    int64_t now = ((int64_t)draw_below(d, 200) - 20) * SECOND_US;

    for (uint32_t r = 0; r < t->rows; r++) {
        struct value *ts = &t->cell[r * t->cols];
        now += (int64_t)draw_below(d, 3000) * 1000;
        ts->integer = now;
        if (draw_chance(d, 25)) ts->integer -= (int64_t)draw_below(d, 30000) * 1000;
        if (draw_chance(d, 30)) ts->integer = ts->integer / SECOND_US * SECOND_US;
    }
    table_watermarks(t);
}

static void draw_rows(struct draw *d, struct otable *t) {
    uint32_t null_percent[COLS_MAX];
    for (uint32_t c = 0; c < t->cols; c++) null_percent[c] = draw_chance(d, 60) ? 15 : 0;
    if (t->timed) null_percent[0] = draw_chance(d, 20) ? 5 : 0;

    t->cell = arena_zalloc(d->arena, (size_t)(t->rows + 1) * t->cols, sizeof *t->cell);
    t->bad = arena_zalloc(d->arena, t->rows + 1u, sizeof *t->bad);
    t->watermark_us = arena_zalloc(d->arena, t->rows + 1u, sizeof *t->watermark_us);
    assert(t->cell && t->bad && t->watermark_us);

    bool some_bad = draw_chance(d, 20);
    for (uint32_t r = 0; r < t->rows; r++) {
        for (uint32_t c = 0; c < t->cols; c++) {
            struct value *v = &t->cell[r * t->cols + c];
            *v = draw_cell(d, &t->col[c]);
            if (draw_chance(d, null_percent[c])) v->kind = VALUE_NULL;
        }
        t->bad[r] = some_bad && draw_chance(d, 5);
    }
    if (t->timed) draw_times(d, t);
}

struct otable *table_draw(struct draw *d, const char *name) {
    struct otable *t = ARENA_NEW(d->arena, t);
    assert(t);
    snprintf(t->name, sizeof t->name, "%s", name);
    t->timed = draw_chance(d, 50);
    t->wild = draw_chance(d, 35);
    t->delay_us = (int64_t)draw_below(d, 20) * SECOND_US;
    if (draw_chance(d, 20)) t->delay_us = 100000 * SECOND_US;
    draw_columns(d, t);
    t->rows = draw_chance(d, 5) ? 0 : 1 + draw_below(d, draw_chance(d, 10) ? ROWS_MAX - 1 : 40);
    draw_rows(d, t);
    return t;
}

void table_declare(const struct otable *t, const char *path, struct buf *out) {
    buf_addf(out, "CREATE STREAM %s (", t->name);
    for (uint32_t c = 0; c < t->cols; c++) {
        buf_addf(out, "%s%s ", c > 0 ? ", " : "", t->col[c].name);
        spell_type(out, t->col[c].type);
    }
    if (t->timed) {
        buf_addf(out, ", WATERMARK FOR ts AS ts - INTERVAL '%" PRId64 "' SECOND",
                 t->delay_us / SECOND_US);
    }
    buf_addf(out, ") WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json');\n", path);
}

/* A bad row is bad in one of several ways; which, its number says. */
static void add_bad_row(const struct otable *t, uint32_t row, struct buf *out) {
    switch (row % 4) {
    case 0: buf_add_str(out, "{\"c1\":"); break;
    case 1: buf_add_str(out, "not json"); break;
    case 2: buf_addf(out, "{\"%s\":{\"x\":[", t->col[0].name); break;
    default: buf_add_str(out, "[1]");
    }
    buf_add_char(out, '\n');
}

static void add_row(const struct otable *t, uint32_t row, struct buf *out) {
    buf_add_char(out, '{');
    for (uint32_t i = 0; i < t->cols; i++) {
        uint32_t c = row % 3 == 0 ? t->cols - 1 - i : i; /* any order of keys */
        buf_addf(out, "%s\"%s\":", i > 0 ? "," : "", t->col[c].name);
        spell_json(out, &t->cell[row * t->cols + c], t->col[c].type);
    }
    buf_add_str(out, row % 5 == 4 ? ",\"unknown\":[1,{\"a\":null}]}\n" : "}\n");
}

void table_ndjson(const struct otable *t, struct buf *out) {
    for (uint32_t r = 0; r < t->rows; r++) {
        bool null_time = t->timed && t->cell[r * t->cols].kind == VALUE_NULL;
        if (t->bad[r] && !null_time) {
            add_bad_row(t, r, out);
        } else {
            add_row(t, r, out);
        }
    }
}

void table_sqlite(const struct otable *t, struct buf *out) {
    buf_addf(out, "DROP TABLE IF EXISTS %s; CREATE TABLE %s (_r INTEGER PRIMARY KEY, _w", t->name,
             t->name);
    for (uint32_t c = 0; c < t->cols; c++) buf_addf(out, ", %s", t->col[c].name);
    buf_add_str(out, ");\n");

    bool first = true;
    for (uint32_t r = 0; r < t->rows; r++) {
        if (t->bad[r]) continue;
        if (first) buf_addf(out, "INSERT INTO %s VALUES\n", t->name);
        buf_addf(out, "%s(%u, ", first ? "" : ",\n", r);
        if (t->watermark_us[r] == INT64_MIN || !t->timed) {
            buf_add_str(out, "NULL");
        } else {
            buf_addf(out, "%" PRId64, t->watermark_us[r]);
        }
        for (uint32_t c = 0; c < t->cols; c++) {
            buf_add_str(out, ", ");
            spell_sqlite(out, &t->cell[r * t->cols + c]);
        }
        buf_add_char(out, ')');
        first = false;
    }
    if (!first) buf_add_str(out, ";\n");
}
