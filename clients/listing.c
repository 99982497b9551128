/* listing.c: see listing.h. */
#include "clients/listing.h"

#include <assert.h>
#include <stdlib.h>

#include "clients/session_private.h"

bool listing_begin(struct listing *l, const struct listing_column *col, uint32_t cols,
                   struct err *e) {
    assert(cols <= LISTING_COLUMNS_MAX);
    *l = (struct listing){.schema = {.cols = cols}};
    arena_init(&l->arena, 0);
    l->schema.col = l->field;
    for (uint32_t i = 0; i < cols; i++) {
        l->field[i] = (struct field){.name = text_of(col[i].name), .type = col[i].type};
        if (builder_init(&l->col[i], &l->arena, col[i].type, 64)) continue;
        listing_drop(l);
        return err_memory(e);
    }
    return true;
}

void listing_drop(struct listing *l) {
    arena_done(&l->arena);
}

/* Where a row is, and by what it is sorted. */
struct place {
    struct text name;
    uint32_t row;
};

static int place_compare(const void *x, const void *y) {
    const struct place *a = x, *b = y;
    int by_name = text_compare_fold(a->name, b->name);
    if (by_name != 0) return by_name;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* The rows' places in the order of their first column; NULL: no memory. */
static struct place *sort_rows(struct listing *l) {
    uint32_t rows = l->col[0].rows;
    struct place *place = ARENA_ARRAY(&l->arena, place, rows + 1);
    for (uint32_t i = 0; place && i < rows; i++)
        place[i] = (struct place){.name = l->col[0].as.text[i], .row = i};
    if (place) qsort(place, rows, sizeof *place, place_compare);
    return place;
}

/* Rows from .. of every column as one batch. */
static bool show_part(struct session *s, struct listing *l, uint32_t from, uint32_t rows,
                      struct err *e) {
    struct column col[LISTING_COLUMNS_MAX];
    for (uint32_t i = 0; i < l->schema.cols; i++) {
        struct column_builder part;
        struct column all;
        if (!builder_column(&l->col[i], &all)) return err_memory(e);
        if (!builder_init(&part, &l->arena, all.type, rows)) return err_memory(e);
        for (uint32_t r = from; r < from + rows; r++)
            builder_copy(&part, &all, l->place ? l->place[r].row : r);
        if (!builder_column(&part, &col[i])) return err_memory(e);
    }
    struct batch b = {.schema = &l->schema, .col = col, .rows = rows, .live = rows};
    return s->output.rows(s->output.context, &b, e);
}

static bool listing_show(struct listing *l, struct session *s, struct err *e) {
    uint32_t rows = l->col[0].rows;
    for (uint32_t i = 0; i < l->schema.cols; i++) {
        if (l->col[i].failed) return err_memory(e);
    }
    if (!s->output.begin) return true;
    if (!s->output.begin(s->output.context, &l->schema, false, false, e)) return false;
    for (uint32_t from = 0; from < rows; from += BATCH_ROWS) {
        uint32_t part = rows - from < BATCH_ROWS ? rows - from : BATCH_ROWS;
        if (!show_part(s, l, from, part, e)) return false;
    }
    return s->output.end(s->output.context, rows, e);
}

bool listing_end(struct listing *l, struct session *s, struct err *e) {
    bool done = listing_show(l, s, e);
    listing_drop(l);
    return done;
}

bool listing_end_sorted(struct listing *l, struct session *s, struct err *e) {
    l->place = sort_rows(l);
    if (l->place) return listing_end(l, s, e);
    listing_drop(l);
    return err_memory(e);
}

bool listing_lines(struct session *s, const char *name, struct text text, struct err *e) {
    struct listing l;
    struct listing_column col = {.name = name, .type = &type_text};
    if (!listing_begin(&l, &col, 1, e)) return false;

    const char *end = text.at + text.bytes;
    for (const char *at = text.at; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        struct text line = {.at = at, .bytes = (uint32_t)(stop - at)};
        builder_text_copy(&l.col[0], line);
        at = stop + 1;
    }
    return listing_end(&l, s, e);
}
