/* sessions.c: see sessions.h.
 *
 * A partition's sessions are a list from the latest back, so that a row of a stream in order looks
 * at one. A heap has one note of each session's end; ends only grow, so a note that is older than
 * its session is put back with the new end when it comes up.
 */
#include "engine/op/sessions.h"

#include <string.h>

enum { HEAP_MIN = 64 };

bool sessions_open(struct sessions *s, const struct window_spec *spec, const struct schema *input,
                   struct state *keyed, struct arena *a, struct err *e) {
    *s = (struct sessions){.keyed = keyed, .gap_us = spec->slide_us};
    if (spec->slide_us <= 0 || spec->slide_us > WINDOW_SIZE_MAX_US) {
        return err_set(e, ERR_SQL, "22003", "the gap of a session must be above 0");
    }
    if (!key_set_open(&s->key, input, spec->partitions, spec->partition_col, a)) {
        return err_memory(e);
    }
    struct state_options o = {.key_bytes = s->key.key_bytes, .value_bytes = sizeof(uint32_t)};
    s->partition = state_table_create(keyed, &o, e);
    if (!s->partition) return false;
    o = (struct state_options){.key_bytes = 8, .value_bytes = sizeof(struct session)};
    s->session = state_table_create(keyed, &o, e);
    return s->session != NULL;
}

void sessions_close(struct sessions *s) {
    if (!s->keyed) return;
    state_table_destroy(s->partition);
    state_table_destroy(s->session);
    arena_done(&s->arena);
    s->keyed = NULL;
}

static int64_t number_of(const struct sessions *s, uint32_t id) {
    int64_t number;
    memcpy(&number, state_key(s->session, id).at, sizeof number);
    return number;
}

static bool heap_grow(struct sessions *s) {
    if (s->count < s->capacity) return true;
    uint32_t room = s->capacity ? s->capacity * 2 : HEAP_MIN;
    struct session_end *heap = ARENA_ARRAY(&s->arena, heap, room);
    if (!heap) return false;
    if (s->count > 0) memcpy(heap, s->heap, s->count * sizeof *heap);
    s->heap = heap;
    s->capacity = room;
    return true;
}

static void heap_sink(struct sessions *s) {
    struct session_end x = s->heap[0];
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < s->count; at = child) {
        bool right = child + 1 < s->count && s->heap[child + 1].end_us < s->heap[child].end_us;
        if (right) child++;
        if (s->heap[child].end_us >= x.end_us) break;
        s->heap[at] = s->heap[child];
    }
    s->heap[at] = x;
}

static bool heap_note(struct sessions *s, uint32_t id, struct err *e) {
    if (!heap_grow(s)) return err_memory(e);
    struct session_end x = {
        .end_us = session_at(s, id)->end_us, .id = id, .number = (uint64_t)number_of(s, id)};
    uint32_t at = s->count++;
    for (; at > 0 && s->heap[(at - 1) / 2].end_us > x.end_us; at = (at - 1) / 2) {
        s->heap[at] = s->heap[(at - 1) / 2];
    }
    s->heap[at] = x;
    return true;
}

bool sessions_partition(struct sessions *s, const struct key_rows *rows, struct arena *scratch,
                        uint32_t *id_out, struct err *e) {
    struct state_keys keys;
    if (!key_set_make(&s->key, rows, scratch, &keys)) return err_memory(e);
    return state_upsert(s->partition, &keys, id_out, e);
}

static uint32_t *last_of(const struct sessions *s, uint32_t partition) {
    return state_value(s->partition, partition);
}

/* A session of a partition, before the session `next` (id + 1; 0: as the latest). */
static bool session_add(struct sessions *s, uint32_t partition, struct time_range range,
                        uint32_t next, uint32_t *id_out, struct err *e) {
    int64_t number = s->next_number++;
    uint32_t id;
    struct text key = {.at = (void *)&number, .bytes = sizeof number};
    if (!state_upsert_key(s->session, key, &id, e)) return false;
    struct session *x = session_at(s, id);
    uint32_t *link = next ? &session_change(s, next - 1)->prev : last_of(s, partition);
    *x = (struct session){.start_us = range.start_us,
                          .end_us = range.end_us,
                          .partition = partition,
                          .next = next,
                          .prev = *link};
    if (*link) session_change(s, *link - 1)->next = id + 1;
    *link = id + 1;
    *id_out = id;
    return heap_note(s, id, e);
}

bool sessions_place(struct sessions *s, uint32_t partition, int64_t at_us, int64_t clock_us,
                    struct session_place *out, struct err *e) {
    struct time_range own = {.start_us = at_us, .end_us = at_us + s->gap_us};
    *out = (struct session_place){.id = STATE_NONE, .merged = STATE_NONE};
    state_touch(s->partition, partition);

    uint32_t next = 0, at = *last_of(s, partition);
    while (at && session_at(s, at - 1)->start_us > own.end_us) { /* those behind the row */
        next = at;
        at = session_at(s, at - 1)->prev;
    }
    if (!at || session_at(s, at - 1)->end_us < own.start_us) {
        if (own.end_us <= clock_us) return true; /* late */
        return session_add(s, partition, own, next, &out->id, e);
    }
    struct session *x = session_change(s, at - 1);
    if (own.end_us > x->end_us) x->end_us = own.end_us;
    out->id = at - 1;
    if (own.start_us >= x->start_us) return true;

    x->start_us = own.start_us;
    if (x->prev && session_at(s, x->prev - 1)->end_us >= own.start_us) {
        uint32_t before = x->prev - 1;
        session_change(s, before)->end_us = x->end_us;
        *out = (struct session_place){.id = before, .merged = at - 1};
    }
    return true;
}

void sessions_drop(struct sessions *s, uint32_t id) {
    struct session x = *session_at(s, id);
    if (x.next) {
        session_change(s, x.next - 1)->prev = x.prev;
    } else {
        state_touch(s->partition, x.partition);
        *last_of(s, x.partition) = x.prev;
    }
    if (x.prev) session_change(s, x.prev - 1)->next = x.next;
    state_remove(s->session, id);
    if (!x.next && !x.prev) state_remove(s->partition, x.partition);
}

uint32_t sessions_next_final(struct sessions *s, int64_t clock_us) {
    while (s->count > 0 && s->heap[0].end_us <= clock_us) {
        struct session_end x = s->heap[0];
        bool there = state_is_live(s->session, x.id) && (uint64_t)number_of(s, x.id) == x.number;
        int64_t end_us = there ? session_at(s, x.id)->end_us : x.end_us;
        if (there && end_us > x.end_us) {
            s->heap[0].end_us = end_us;
            heap_sink(s);
            continue;
        }
        s->heap[0] = s->heap[--s->count];
        if (s->count > 0) heap_sink(s);
        if (there) return x.id;
    }
    return STATE_NONE;
}

int64_t sessions_next_end(const struct sessions *s) {
    return s->count > 0 ? s->heap[0].end_us : INT64_MAX;
}

bool sessions_save(const struct sessions *s, struct buf *out, struct err *e) {
    buf_add(out, &s->next_number, sizeof s->next_number);
    return state_table_save(s->partition, out, e) && state_table_save(s->session, out, e);
}

bool sessions_load(struct sessions *s, struct text *at, struct err *e) {
    if (at->bytes < sizeof s->next_number) {
        return err_set(e, ERR_CORRUPT, "XX001", "saved sessions are damaged");
    }
    memcpy(&s->next_number, at->at, sizeof s->next_number);
    *at = (struct text){.at = at->at + sizeof s->next_number,
                        .bytes = at->bytes - (uint32_t)sizeof s->next_number};
    if (!state_table_load(s->partition, at, e)) return false;
    if (!state_table_load(s->session, at, e)) return false;
    for (uint32_t id = 0; id < s->session->used; id++) {
        if (state_is_live(s->session, id) && !heap_note(s, id, e)) return false;
    }
    return true;
}
