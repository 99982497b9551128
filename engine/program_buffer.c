/* program_buffer.c: which slots share memory.
 *
 * A linear scan: a slot lives from its step to the last step that reads it; results of the program
 * live for ever. A slot whose column may point into its arguments' arrays (another type for the
 * same values, a field, a nested value over its elements) keeps them alive as long as it lives.
 * Slots of one value size whose lives do not overlap get one buffer.
 */
#include <assert.h>

#include "engine/program_private.h"

struct life {
    uint32_t last;   /* step */
    uint32_t buffer; /* or NO_BUFFER */
    uint32_t next;   /* slot that ends at the same step, + 1 */
};

/* Buffers not in use, by the size of their values: 1, 4, 8 and 16 bytes are all there are. */
enum { SIZE_MAX_BYTES = 16 };

struct scan {
    struct life *life;   /* [slots] */
    uint32_t *ends;      /* [steps] slot + 1 */
    uint32_t *free_next; /* [slots] buffer + 1 behind a free one */
    uint32_t free[SIZE_MAX_BYTES + 1];
};

static bool step_gives_slot(const struct step *s) {
    return s->run != step_narrow;
}

static bool step_points_into_args(const struct step *s) {
    return s->run == step_retype || s->run == step_field ||
           (s->run == step_call && s->type->fields > 0);
}

static bool step_has_values(const struct step *s) {
    if (s->run == step_merge) return s->type->fields == 0;
    return step_gives_slot(s) && s->run != step_retype && s->run != step_field;
}

static void lives_find(const struct program *p, struct life *life) {
    for (uint32_t i = 0; i < p->exprs; i++) life[p->expr[i]].last = p->steps;
    for (uint32_t i = p->steps; i-- > 0;) {
        const struct step *s = &p->step[i];
        uint32_t last = step_points_into_args(s) ? life[s->out].last : i;
        for (uint32_t a = 0; a < s->args; a++) {
            struct life *of = &life[s->arg[a]];
            if (of->last < last) of->last = last;
        }
    }
}

static void buffer_take(struct program *p, struct scan *x, struct step *s) {
    uint32_t size = rep_bytes(type_rep(s->type));
    assert(size <= SIZE_MAX_BYTES);
    if (x->free[size]) {
        s->buffer = x->free[size] - 1;
        x->free[size] = x->free_next[s->buffer];
    } else {
        s->buffer = p->buffers++;
    }
    struct life *of = &x->life[s->out];
    of->buffer = s->buffer;
    if (of->last >= p->steps) return;
    of->next = x->ends[of->last];
    x->ends[of->last] = s->out + 1;
}

static void buffers_free(const struct program *p, struct scan *x, uint32_t step) {
    for (uint32_t slot = x->ends[step]; slot; slot = x->life[slot - 1].next) {
        const struct life *of = &x->life[slot - 1];
        uint32_t size = rep_bytes(type_rep(p->slot[slot - 1].type));
        x->free_next[of->buffer] = x->free[size];
        x->free[size] = of->buffer + 1;
    }
}

bool program_assign_buffers(struct program *p, struct arena *scratch) {
    struct scan x = {0};
    x.life = ARENA_ARRAY(scratch, x.life, p->slots + 1);
    x.ends = ARENA_ARRAY(scratch, x.ends, p->steps + 1);
    x.free_next = ARENA_ARRAY(scratch, x.free_next, p->slots + 1);
    if (!x.life || !x.ends || !x.free_next) return false;

    lives_find(p, x.life);
    for (uint32_t i = 0; i < p->steps; i++) {
        if (step_has_values(&p->step[i])) buffer_take(p, &x, &p->step[i]);
        buffers_free(p, &x, i);
    }
    p->buffer = ARENA_ARRAY(p->arena, p->buffer, p->buffers + 1);
    return p->buffer != NULL;
}
