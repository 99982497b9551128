/* pieces.c: see pieces.h. */
#include "tests/unit/storage/pieces.h"

#include <stdlib.h>
#include <string.h>

static void piece_drop(struct pieces *p, uint32_t i) {
    free((char *)p->piece[i].bytes.at);
    uint32_t behind = --p->count - i;
    memmove(p->piece + i, p->piece + i + 1, behind * sizeof *p->piece);
    memmove(p->mentioned + i, p->mentioned + i + 1, behind * sizeof *p->mentioned);
}

static bool room(struct pieces *p) {
    if (p->count < p->capacity) return true;
    uint32_t capacity = p->capacity ? p->capacity * 2 : 16;
    struct state_piece *piece = realloc(p->piece, capacity * sizeof *piece);
    if (piece) p->piece = piece;
    bool *mentioned = realloc(p->mentioned, capacity * sizeof *mentioned);
    if (mentioned) p->mentioned = mentioned;
    if (!piece || !mentioned) return false;
    p->capacity = capacity;
    return true;
}

static bool pieces_write(void *context, const struct state_piece *one, struct err *e) {
    struct pieces *p = context;
    for (uint32_t i = 0; i < p->count;) {
        if (p->piece[i].table == one->table) {
            p->mentioned[i] = true;
            if (p->piece[i].round < one->needs) {
                piece_drop(p, i);
                continue;
            }
        }
        i++;
    }
    if (one->bytes.bytes == 0) return true;
    char *copy = malloc(one->bytes.bytes);
    if (!copy || !room(p)) {
        free(copy);
        return err_memory(e);
    }
    memcpy(copy, one->bytes.at, one->bytes.bytes);
    p->piece[p->count] = *one;
    p->piece[p->count].bytes.at = copy;
    p->mentioned[p->count++] = true;
    return true;
}

static uint32_t pieces_carry(void *context, uint64_t table, uint32_t changed) {
    const struct pieces *p = context;
    (void)table;
    return changed * p->carries + 1;
}

static bool pieces_read(void *context, uint64_t table, const struct state_piece **piece_out,
                        uint32_t *count_out, struct err *e) {
    struct pieces *p = context;
    free(p->read);
    p->read = malloc((p->count + 1) * sizeof *p->read);
    if (!p->read) return err_memory(e);
    *count_out = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->piece[i].table == table) p->read[(*count_out)++] = p->piece[i];
    }
    *piece_out = p->read;
    return true;
}

void pieces_init(struct pieces *p, uint32_t carries) {
    *p = (struct pieces){.carries = carries};
    p->journal = (struct state_journal){
        .context = p, .write = pieces_write, .carry = pieces_carry, .read = pieces_read};
}

void pieces_done(struct pieces *p) {
    while (p->count > 0) piece_drop(p, p->count - 1);
    free(p->piece);
    free(p->mentioned);
    free(p->read);
}

void pieces_begin(struct pieces *p) {
    if (p->count > 0) memset(p->mentioned, 0, p->count * sizeof *p->mentioned);
}

void pieces_end(struct pieces *p) {
    for (uint32_t i = p->count; i-- > 0;) {
        if (!p->mentioned[i]) piece_drop(p, i);
    }
}
