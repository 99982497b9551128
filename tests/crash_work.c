/* crash_work.c: see crash_work.h. */
#include "tests/crash_work.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>

enum {
    SEGMENT_BYTES = 64 * 1024,
    GROUP_MAX = 4,
    HUGE_BYTES = 70 * 1000, /* more than a segment */
};

#define NOW_US INT64_C(1700000000000000)

/* No test may depend on the time: it stands still. */
static int64_t still_clock(void) {
    return NOW_US;
}

/* The first law that is broken is told. Returns false. */
static bool PRINTF_LIKE(2, 3) broken(struct crash_work *w, const char *format, ...) {
    if (w->broken[0]) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(w->broken, sizeof w->broken, format, args);
    va_end(args);
    return false;
}

struct crash_work *crash_work_create(struct file_sim *sim, uint64_t seed) {
    struct crash_work *w = calloc(1, sizeof *w);
    assert(w);
    w->sim = sim;
    w->g.state = seed;
    w->large = seed % 3 == 0;
    return w;
}

struct crash_work *crash_work_copy(const struct crash_work *w, struct file_sim *sim,
                                   uint64_t seed) {
    struct crash_work *copy = malloc(sizeof *copy);
    assert(copy && !w->log);
    *copy = *w;
    copy->sim = sim;
    copy->g.state = seed;
    return copy;
}

void crash_work_destroy(struct crash_work *w) {
    assert(!w->log);
    free(w);
}

bool crash_work_open(struct crash_work *w) {
    const struct log_options o = {
        .fs = file_sim_system(w->sim),
        .directory = "data",
        .segment_bytes = SEGMENT_BYTES,
        .durability = w->durability,
        .clock_us = still_clock,
        .salt = w->g.state | 1,
        .writer_thread = w->writer_thread,
    };
    assert(!w->log);
    w->log = log_open(&o, &w->e);
    w->dead = false;
    return w->log != NULL;
}

/* --- records --- */

static void fill_body(char *to, uint32_t bytes, uint64_t seed) {
    struct random g = {seed};
    uint64_t word = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        if (i % 8 == 0) word = random_u64(&g);
        to[i] = (char)(word >> i % 8 * 8);
    }
}

static bool same_body(struct text body, const struct work_record *r) {
    char *want = malloc((size_t)r->bytes + 1);
    assert(want);
    fill_body(want, r->bytes, r->seed);
    bool same = body.bytes == r->bytes && (r->bytes == 0 || memcmp(body.at, want, r->bytes) == 0);
    free(want);
    return same;
}

static uint16_t kind_of(uint32_t number) {
    return (uint16_t)(1 + number % 7);
}

/* Is what was read record `number`? */
static bool same_record(struct crash_work *w, uint32_t number, const struct log_record *got) {
    const struct work_record *r = &w->record[number];
    if (got->lsn != r->lsn) {
        return broken(w, "record %u has LSN %" PRIu64 ", not %" PRIu64, number, got->lsn, r->lsn);
    }
    if (got->place != r->place) {
        return broken(w, "record %u stands at %" PRIu64 ", not at %" PRIu64, number, got->place,
                      r->place);
    }
    if (r->carried ? got->time_us != r->time_us : got->time_us < NOW_US) {
        return broken(w, "record %u has time %" PRId64, number, got->time_us);
    }
    if (got->kind != kind_of(number) || !same_body(got->body, r)) {
        return broken(w, "record %u is not what was written", number);
    }
    return true;
}

/* Of some works most records are large, so that segments come and go. */
static uint32_t draw_bytes(const struct crash_work *w, struct random *g) {
    uint64_t kind = random_below(g, 100), large = w->large ? 60 : 10;
    if (kind == 0) return (uint32_t)random_below(g, HUGE_BYTES);
    if (kind < large) return (uint32_t)random_below(g, 20000);
    if (kind < large + 25) return (uint32_t)random_below(g, 3000);
    return (uint32_t)random_below(g, 200);
}

/* Draws a record; an old one that is needed may be carried forward. The last of an append is new,
 * since by its LSN the append is waited for. */
static void draw_record(struct crash_work *w, uint32_t number, bool last) {
    struct work_record *r = &w->record[number];
    *r = (struct work_record){.lsn = LOG_LSN_NONE, .ends = last};
    r->seed = random_u64(&w->g);
    r->bytes = draw_bytes(w, &w->g);
    if (last || w->count == 0 || random_below(&w->g, 8) > 0) return;
    const struct work_record *old = &w->record[random_below(&w->g, w->count)];
    *r = *old;
    r->time_us = old->carried ? old->time_us : NOW_US;
    r->carried = true;
    r->ends = false;
}

static void make_entries(struct crash_work *w, struct log_entry *entry, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = w->count + i;
        draw_record(w, number, i + 1 == count);
        const struct work_record *r = &w->record[number];
        char *body = malloc((size_t)r->bytes + 1);
        assert(body);
        fill_body(body, r->bytes, r->seed);
        entry[i] = (struct log_entry){
            .kind = kind_of(number),
            .object = number,
            .body = {.at = body, .bytes = r->bytes},
            .first_lsn = r->carried ? r->lsn : LOG_LSN_NONE,
            .time_us = r->time_us,
        };
    }
}

static void free_entries(struct log_entry *entry, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) free((char *)(uintptr_t)entry[i].body.at);
}

/* --- calls --- */

/* What a failure of append or wait means: no room, which may be tried again; or the end. */
static void note_failure(struct crash_work *w) {
    if (w->dead) return;
    bool full = strcmp(w->e.sqlstate, "53100") == 0;
    w->full = w->full || full;
    w->dead = !full;
}

/* The records stand where the log says. */
static bool take_places(struct crash_work *w, const uint64_t *place, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct work_record *r = &w->record[w->count + i];
        if (w->count + i > 0 && place[i] <= r[-1].place) {
            return broken(w, "place %" PRIu64 " was given out before", place[i]);
        }
        r->place = place[i];
        if (!r->carried) r->lsn = place[i];
    }
    w->count += count;
    return true;
}

/* `needed`: its last record is a checkpoint; LOG_LSN_NONE: it is none. */
static bool append(struct crash_work *w, uint32_t count, uint64_t needed) {
    struct log_entry entry[GROUP_MAX];
    uint64_t place[GROUP_MAX];
    make_entries(w, entry, count);
    bool done = needed == LOG_LSN_NONE ? log_append(w->log, entry, count, place, &w->e)
                                       : log_append_checkpoint(w->log, entry, needed, place, &w->e);
    free_entries(entry, count);
    if (!done) {
        note_failure(w);
        return false;
    }
    if (w->dead) return broken(w, "an append succeeded after one had failed for good");
    return take_places(w, place, count);
}

static bool step_append(struct crash_work *w) {
    uint32_t count = 1 + (uint32_t)random_below(&w->g, GROUP_MAX);
    return w->count + count > WORK_RECORDS_MAX || append(w, count, LOG_LSN_NONE);
}

/* All before is acknowledged, and so are the checkpoints that it names. */
static void acknowledge(struct crash_work *w, uint32_t records) {
    if (records > w->acknowledged) w->acknowledged = records;
    while (w->confirmed < w->checkpoints &&
           w->checkpoint[w->confirmed].records <= w->acknowledged) {
        w->confirmed++;
    }
}

/* Waits for a record that ends an append. */
static bool wait_for(struct crash_work *w, uint32_t number) {
    if (!log_wait(w->log, w->record[number].place, &w->e)) {
        note_failure(w);
        w->dead = true; /* a wait takes no room: it is not tried again */
        return false;
    }
    acknowledge(w, number + 1); /* though the log has failed it may have written that before */
    return true;
}

static bool step_wait(struct crash_work *w) {
    if (w->count == 0) return true;
    uint32_t number = w->count - 1 - (uint32_t)random_below(&w->g, w->count) / 8;
    while (!w->record[number].ends) number++;
    return wait_for(w, number);
}

static void note_checkpoint(struct crash_work *w, uint64_t needed, uint32_t records) {
    uint64_t place = w->record[w->count - 1].place;
    w->checkpoint[w->checkpoints++] = (struct work_checkpoint){place, needed, records};
    w->needed = needed;
}

/* A record becomes the checkpoint, by its own group or when it is durable; what lies before another
 * is not needed any more. */
static bool step_checkpoint(struct crash_work *w) {
    if (w->checkpoints == WORK_CHECKPOINTS_MAX || !step_append(w)) return false;
    if (w->count == WORK_RECORDS_MAX) return true;
    uint64_t needed = w->record[w->count - 1 - random_below(&w->g, w->count)].place;
    if (needed < w->needed) needed = w->needed;
    if (random_below(&w->g, 2) == 0) {
        if (!append(w, 1, needed)) return false;
        note_checkpoint(w, needed, w->count);
        return true;
    }
    if (!wait_for(w, w->count - 1)) return false;
    note_checkpoint(w, needed, w->count + 1); /* may be named even where the call fails */
    return log_set_checkpoint(w->log, w->record[w->count - 1].place, needed, &w->e);
}

/* A record that is acknowledged and needed is read, whether or not the log is dead. */
static bool step_read(struct crash_work *w) {
    if (w->acknowledged == 0) return true;
    uint32_t number = (uint32_t)random_below(&w->g, w->acknowledged);
    const struct work_record *r = &w->record[number];
    if (r->place < w->needed) return true;
    struct arena a;
    struct log_record got;
    arena_init(&a, 0);
    bool done = log_read(w->log, r->place, &a, &got, &w->e);
    if (done && got.object != number) broken(w, "record %u was read for %u", got.object, number);
    if (done) (void)same_record(w, number, &got);
    arena_done(&a);
    return done;
}

void crash_work_close(struct crash_work *w) {
    struct log *log = w->log;
    if (!log) return;
    w->log = NULL;
    if (!log_close(log, &w->e)) return;
    if (w->dead) {
        broken(w, "the log was closed in order after a write had failed");
        return;
    }
    if (w->unknown) return;
    w->acknowledged = w->count;
    w->confirmed = w->checkpoints;
}

/* --- after a crash --- */

/* The checkpoint that the log names: one that was set, no older than the newest that an
 * acknowledged group names. */
static bool check_checkpoint(struct crash_work *w) {
    uint64_t place = log_checkpoint(w->log);
    uint32_t found = w->checkpoints;
    while (found > 0 && w->checkpoint[found - 1].place != place) found--;
    if (found == 0 && place != LOG_LSN_NONE) {
        return broken(w, "the checkpoint is at %" PRIu64 ", which none was set to", place);
    }
    if (found < w->confirmed) {
        return broken(w, "checkpoint %u is the newest, though %u was acknowledged", found,
                      w->confirmed);
    }
    w->checkpoints = w->confirmed = found;
    w->needed = found > 0 ? w->checkpoint[found - 1].needed : 0;
    return true;
}

/* The first record that is there must be early enough for the checkpoint. */
static bool check_start(struct crash_work *w, uint32_t first) {
    if (first >= w->count) return broken(w, "record %u was never written", first);
    for (uint32_t i = 0; i < first; i++) {
        const struct work_record *r = &w->record[i];
        if (r->place < w->needed) continue;
        return broken(w, "record %u is gone, though needed is %" PRIu64, i, w->needed);
    }
    if (first > 0 && !w->record[first - 1].ends) {
        return broken(w, "the log begins inside a group, at record %u", first);
    }
    return true;
}

/* Reads all there is: *end_out is behind the last record. */
static bool read_records(struct crash_work *w, struct log_reader *r, uint32_t *end_out) {
    uint64_t before = 0;
    uint32_t next = 0;
    for (bool first = true;; first = false) {
        struct log_record got;
        bool more;
        if (!log_reader_next(r, &got, &more, &w->e)) return false;
        if (!more) break;
        if (first && !check_start(w, got.object)) return true;
        if (first) next = got.object;
        if (got.object != next || next >= w->count) {
            broken(w, "record %u follows %u", got.object, next - 1);
            return true;
        }
        if (got.place <= before && !first) broken(w, "record %u stands before another", next);
        if (!same_record(w, next, &got)) return true;
        before = got.place;
        next++;
    }
    *end_out = next;
    return true;
}

static void check_end(struct crash_work *w, uint32_t end) {
    if (end < w->acknowledged) {
        broken(w, "%u records are there, though %u were acknowledged", end, w->acknowledged);
    } else if (end > 0 && !w->record[end - 1].ends) {
        broken(w, "record %u is there without all of its group", end - 1);
    }
    w->count = w->acknowledged = end;
    w->unknown = false;
}

bool crash_work_recover(struct crash_work *w) {
    uint32_t end = 0;
    w->unknown = true;
    if (!crash_work_open(w)) return false;
    if (!check_checkpoint(w)) return true;
    struct log_reader *r = log_reader_open(file_sim_system(w->sim), "data", 0, &w->e);
    if (!r) return false;
    bool done = read_records(w, r, &end);
    log_reader_close(r);
    if (done && !w->broken[0]) check_end(w, end);
    return done;
}

/* --- steps --- */

/* Where something failed before, what is there may be less than what was appended. */
static bool step_reopen(struct crash_work *w) {
    crash_work_close(w);
    if (crash_work_recover(w)) return true;
    crash_work_close(w);
    return false;
}

static bool step(struct crash_work *w) {
    uint64_t what = random_below(&w->g, 100);
    if (what < 50) return step_append(w);
    if (what < 80) return step_wait(w);
    if (what < 88) return step_checkpoint(w);
    return what < 97 ? step_read(w) : step_reopen(w);
}

void crash_work_run(struct crash_work *w, uint32_t steps) {
    for (uint32_t i = 0; i < steps && w->log && !w->broken[0]; i++) {
        bool done = step(w);
        if (file_sim_stopped(w->sim)) return;
        if (!done && w->faultless) broken(w, "%s %s", w->e.sqlstate, w->e.message);
        if (!done && w->full) return;
    }
}
