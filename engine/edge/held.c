/* held.c: see held.h. There are as many rows as a model's run takes, so a list will do. */
#include "engine/edge/held.h"

#include <stdlib.h>

static void row_free(struct held_row *r) {
    if (r) arena_done(&r->arena);
    free(r);
}

static bool row_copy(struct held_row *r, const struct late_row *whole) {
    const struct batch *from = whole->row;
    uint32_t cols = from->schema->cols;
    struct column *col = ARENA_ARRAY(&r->arena, col, cols + 1);
    if (!col) return false;
    for (uint32_t c = 0; c < cols; c++) {
        struct column_builder b;
        if (!builder_init(&b, &r->arena, from->schema->col[c].type, 1)) return false;
        builder_copy(&b, &from->col[c], whole->index);
        if (!builder_column(&b, &col[c])) return false;
    }
    r->row = (struct batch){.schema = from->schema,
                            .col = col,
                            .rows = 1,
                            .live = 1,
                            .first = {.ordinal = r->offset,
                                      .watermark_us = batch_watermark(from, whole->index),
                                      .proctime_us = batch_proctime(from, whole->index)}};
    return true;
}

bool held_keep(struct held *h, const struct late_row *whole, const struct held_place *at,
               struct err *e) {
    struct held_row *r = calloc(1, sizeof *r);
    if (!r) return err_memory(e);
    arena_init(&r->arena, 0);
    r->ordinal = at->ordinal;
    r->offset = at->offset;
    r->input = at->input;
    if (!row_copy(r, whole)) {
        row_free(r);
        return err_memory(e);
    }
    if (h->last) h->last->next = r;
    if (!h->first) h->first = r;
    h->last = r;
    return true;
}

const struct held_row *held_find(const struct held *h, uint64_t ordinal) {
    const struct held_row *r = h->first;
    while (r && r->ordinal < ordinal) r = r->next;
    return r && r->ordinal == ordinal ? r : NULL;
}

void held_drop(struct held *h, uint64_t before) {
    while (h->first && h->first->ordinal < before) {
        struct held_row *next = h->first->next;
        row_free(h->first);
        h->first = next;
    }
    if (!h->first) h->last = NULL;
}

void held_done(struct held *h) {
    held_drop(h, UINT64_MAX);
}
