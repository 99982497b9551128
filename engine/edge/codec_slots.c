/* codec_slots.c: see codec_slots.h. */
#include "engine/edge/codec_slots.h"

#include <assert.h>
#include <string.h>

/* Children that have a value for each row; those of lists have not. */
static uint32_t members(const struct column_builder *b) {
    return b->type->id == TYPE_ROW ? b->type->fields : 0;
}

static bool is_list(const struct column_builder *b) {
    return b->type->id == TYPE_ARRAY || b->type->id == TYPE_MAP;
}

uint32_t slot_elements(const struct column_builder *b) {
    return is_list(b) ? b->child[0].rows : 0;
}

bool slot_reserve(struct column_builder *b, uint32_t count) {
    if (!builder_reserve(b, count)) return false;
    for (uint32_t i = 0; i < members(b); i++) {
        if (!slot_reserve(&b->child[i], count)) return false;
    }
    return true;
}

void slot_seek(struct column_builder *b, uint32_t slot) {
    assert(slot < b->capacity_rows || b->failed);
    b->rows = slot;
    if (b->has_null) bit_set(b->valid, slot);
    for (uint32_t i = 0; i < members(b); i++) slot_seek(&b->child[i], slot);
}

void slot_undo(struct column_builder *b, uint32_t slot, uint32_t elements) {
    for (uint32_t i = 0; i < members(b); i++)
        slot_undo(&b->child[i], slot, slot_elements(&b->child[i]));
    if (is_list(b) && !b->failed) {
        if (b->rows > slot) elements = b->as.span[slot].first;
        for (uint32_t i = 0; i < b->type->fields; i++) builder_truncate(&b->child[i], elements);
    }
    b->rows = slot;
    if (b->has_null && slot < b->capacity_rows) bit_set(b->valid, slot);
}

void slot_nulls(struct column_builder *b, uint32_t first, const uint16_t *row, uint32_t count) {
    uint32_t size = rep_bytes(type_rep(b->type));
    char *values = b->as.any;
    for (uint32_t i = 0; i < count; i++) {
        memset(values + (size_t)(first + row[i]) * size, 0, size);
        bit_clear(b->valid, first + row[i]);
    }
    b->has_null |= count > 0;
    for (uint32_t i = 0; i < members(b); i++) slot_nulls(&b->child[i], first, row, count);
}

void slot_valid(struct column_builder *b, uint32_t first, const uint16_t *row, uint32_t count) {
    for (uint32_t i = 0; b->has_null && i < count; i++) bit_set(b->valid, first + row[i]);
    for (uint32_t i = 0; i < members(b); i++) slot_valid(&b->child[i], first, row, count);
}

/* Moves the value of slot `from` down to slot `to`. */
static void slot_move(struct column_builder *b, uint32_t to, uint32_t from) {
    uint32_t size = rep_bytes(type_rep(b->type));
    char *values = b->as.any;
    memcpy(values + (size_t)to * size, values + (size_t)from * size, size);
    if (bit_get(b->valid, from))
        bit_set(b->valid, to);
    else
        bit_clear(b->valid, to);
}

void slot_keep(struct column_builder *b, uint32_t first, uint32_t count, const uint8_t *keep) {
    for (uint32_t i = 0; i < members(b); i++) slot_keep(&b->child[i], first, count, keep);
    if (b->failed) return;
    if (!keep) {
        b->rows = first + count;
        return;
    }
    uint32_t to = first;
    for (uint32_t i = 0; i < count; i++) {
        if (!keep[i]) continue;
        if (to != first + i) slot_move(b, to, first + i);
        to++;
    }
    for (uint32_t i = to; b->has_null && i < first + count; i++) bit_set(b->valid, i);
    b->rows = to;
}
