/* log.c: see log.h: open, append, wait, checkpoint, close.
 *
 * The LSN of a record is known when it is appended, so it is known then in which group and segment
 * it will be: a group that would not fit into the segment any more is written, and the next begins
 * in a new segment, which is made ready there and then; this is where 53100 comes from. Segments
 * tile the LSNs without a gap: each begins where the last group of the one before ends, and what
 * lies behind that group in its file is no part of the log.
 */
#include "storage/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "storage/log_private.h"

enum {
    BUFFER_BYTES_MIN = 64 << 10,
    GATHER_BYTES = 4 << 20, /* a group is written when it is that long */
    SEGMENT_BYTES_MIN = 16 << 10,
};

static bool failed(const struct log *l, struct err *e) {
    if (l->failed.code == ERR_NONE) return false;
    *e = l->failed;
    return true;
}

/* Room for a group of `bytes`, in whole blocks. */
static bool buffer_reserve(struct log_buffer *b, uint64_t bytes, struct err *e) {
    if (bytes <= b->capacity) return true;
    size_t capacity = b->capacity ? b->capacity : BUFFER_BYTES_MIN;
    while (capacity < bytes) capacity *= 2;
    char *at = aligned_alloc(LOG_BLOCK_BYTES, capacity);
    if (!at) return err_memory(e);
    if (b->at) memcpy(at, b->at, b->head.used_bytes);
    free(b->at);
    b->at = at;
    b->capacity = capacity;
    return true;
}

/* A group that was much longer than usual does not keep its memory. */
static void buffer_shrink(struct log_buffer *b) {
    if (b->head.count > 0 || b->capacity <= 2 * GATHER_BYTES) return;
    free(b->at);
    b->at = NULL;
    b->capacity = 0;
}

/* Bytes that the entries take in a group; 54000 past what one holds. */
static bool entries_bytes(const struct log_entry *entry, uint32_t count, uint64_t *bytes_out,
                          struct err *e) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) bytes += log_record_bytes(entry[i].body.bytes);
    if (bytes > LOG_GROUP_BYTES_MAX - LOG_BLOCK_BYTES) {
        return err_set(e, ERR_LIMIT, "54000",
                       "%llu bytes are appended to the log at once, limit 1 GiB",
                       (unsigned long long)bytes);
    }
    *bytes_out = bytes;
    return true;
}

/* The pen is taken: what was gathered goes out. */
static bool flush(struct log *l, struct err *e) {
    return log_open_buffer(l)->head.count == 0 || log_group_write(l, 0, e);
}

/* With the pen: what was gathered goes out, and a new segment has room for `bytes`. */
static bool next_segment(struct log *l, uint64_t bytes, struct err *e) {
    while (l->filling) {
        log_quiet_wait(l);
        if (failed(l, e)) return false;
    }
    /* While we waited, or while the group goes out, others may append. */
    while (log_open_buffer(l)->head.count > 0) {
        if (!log_group_write(l, 0, e)) return false;
    }
    return log_roll(l, bytes, e);
}

static bool fits_segment(struct log *l, uint64_t group_bytes) {
    const struct log_segment *s = log_active(l);
    return log_open_buffer(l)->head.lsn - s->first + log_blocks_bytes(group_bytes) <= s->bytes;
}

/* Until the open group can take `bytes` more; with it, its buffer. */
static bool make_room(struct log *l, uint64_t bytes, struct err *e) {
    for (;;) {
        if (failed(l, e)) return false;
        struct log_buffer *b = log_open_buffer(l);
        bool fits = fits_segment(l, b->head.used_bytes + bytes);
        bool full = b->head.count > 0 && b->head.used_bytes + bytes > GATHER_BYTES;
        if (fits && !full) {
            buffer_shrink(b);
            return buffer_reserve(b, log_blocks_bytes(b->head.used_bytes + bytes), e);
        }
        if (!log_pen_take(l)) {
            log_quiet_wait(l);
            continue;
        }
        bool ok = fits ? flush(l, e) : next_segment(l, LOG_GROUP_HEAD_BYTES + bytes, e);
        log_pen_release(l);
        if (!ok) return false;
    }
}

static uint64_t entry_add(struct log_buffer *b, const struct log_entry *entry) {
    char *at = b->at + b->head.used_bytes;
    struct log_record_head h = {
        .place = b->head.lsn + b->head.used_bytes,
        .body_bytes = entry->body.bytes,
        .object = entry->object,
        .kind = entry->kind,
    };
    bool is_new = entry->first_lsn == LOG_LSN_NONE;
    h.first_lsn = is_new ? h.place : entry->first_lsn;
    h.time_us = is_new ? 0 : entry->time_us;
    assert(h.first_lsn <= h.place);

    uint64_t bytes = log_record_bytes(h.body_bytes);
    size_t used = LOG_RECORD_HEAD_BYTES + (size_t)h.body_bytes;
    log_record_put(&h, at);
    if (h.body_bytes > 0) memcpy(at + LOG_RECORD_HEAD_BYTES, entry->body.at, h.body_bytes);
    memset(at + used, 0, bytes - used);
    b->head.used_bytes += (uint32_t)bytes;
    b->head.count++;
    return h.place;
}

static void entries_add(struct log *l, const struct log_entry *entry, uint32_t count,
                        uint64_t *place_out) {
    struct log_buffer *b = log_open_buffer(l);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t place = entry_add(b, &entry[i]);
        if (place_out) place_out[i] = place;
    }
    l->end = b->head.lsn + b->head.used_bytes;
    if (l->o.durability == LOG_NONE) l->acknowledged = l->end;
}

/* For what nobody may wait for. */
static void wake_thread(struct log *l) {
    if (l->thread_state == LOG_THREAD_IDLE && !l->writing) pthread_cond_signal(&l->work);
}

bool log_append(struct log *l, const struct log_entry *entry, uint32_t count, uint64_t *place_out,
                struct err *e) {
    assert(l && entry && count > 0);
    uint64_t bytes = 0;
    if (!entries_bytes(entry, count, &bytes, e)) return false;
    pthread_mutex_lock(&l->mutex);
    bool ok = make_room(l, bytes, e);
    if (ok) {
        entries_add(l, entry, count, place_out);
        wake_thread(l);
    }
    pthread_mutex_unlock(&l->mutex);
    return ok;
}

bool log_append_checkpoint(struct log *l, const struct log_entry *entry, uint64_t needed,
                           uint64_t *place_out, struct err *e) {
    uint64_t bytes = 0;
    if (!entries_bytes(entry, 1, &bytes, e)) return false;
    pthread_mutex_lock(&l->mutex);
    bool ok = make_room(l, bytes, e);
    if (ok) {
        entries_add(l, entry, 1, place_out);
        assert(needed <= *place_out);
        l->tail.checkpoint = *place_out;
        if (needed > l->tail.needed) l->tail.needed = needed;
        wake_thread(l);
    }
    pthread_mutex_unlock(&l->mutex);
    return ok;
}

/* One step towards `lsn` being written: does it, or sleeps until somebody has. */
static void advance(struct log *l, uint64_t lsn) {
    struct err e;
    struct log_buffer *b = &l->buffer[lsn >= log_open_buffer(l)->head.lsn ? l->open : l->open ^ 1];
    if (log_pen_take(l)) {
        if (!flush(l, &e)) assert(l->failed.code != ERR_NONE); /* who waits sees it */
        log_pen_release(l);
        return;
    }
    b->waiters++;
    pthread_cond_wait(&b->done, &l->mutex);
    b->waiters--;
}

static bool wait_for(struct log *l, uint64_t lsn, struct err *e) {
    bool ok = true;
    while (ok && lsn >= l->acknowledged) {
        ok = !failed(l, e);
        if (ok) advance(l, lsn);
    }
    return ok && (l->o.durability != LOG_NONE || !failed(l, e));
}

bool log_wait(struct log *l, uint64_t lsn, struct err *e) {
    assert(lsn < l->end);
    if (l->o.durability != LOG_NONE && lsn < l->acknowledged) return true;
    pthread_mutex_lock(&l->mutex);
    bool ok = wait_for(l, lsn, e);
    pthread_mutex_unlock(&l->mutex);
    return ok;
}

bool log_append_wait(struct log *l, const struct log_entry *entry, uint32_t count,
                     uint64_t *place_out, struct err *e) {
    assert(l && entry && count > 0);
    uint64_t bytes = 0;
    if (!entries_bytes(entry, count, &bytes, e)) return false;
    pthread_mutex_lock(&l->mutex);
    bool ok = make_room(l, bytes, e);
    if (ok) {
        entries_add(l, entry, count, place_out);
        if (l->o.durability == LOG_NONE) wake_thread(l);
        ok = wait_for(l, l->end - 1, e);
    }
    pthread_mutex_unlock(&l->mutex);
    return ok;
}

bool log_write_out(struct log *l, uint64_t place, struct err *e) {
    bool ok = true;
    pthread_mutex_lock(&l->mutex);
    while (ok && place < l->end && place >= l->tail.written) {
        ok = !failed(l, e);
        if (ok) advance(l, place);
    }
    pthread_mutex_unlock(&l->mutex);
    return ok;
}

uint64_t log_durable(const struct log *l) {
    return l->acknowledged;
}

uint64_t log_end(const struct log *l) {
    return l->end;
}

uint64_t log_salt(const struct log *l) {
    return l->salt;
}

uint64_t log_oldest(const struct log *l) {
    return l->oldest;
}

uint64_t log_checkpoint(const struct log *l) {
    struct log *open = (struct log *)(uintptr_t)l; /* only its mutex changes */
    pthread_mutex_lock(&open->mutex);
    uint64_t place = l->tail.checkpoint;
    pthread_mutex_unlock(&open->mutex);
    return place;
}

bool log_set_checkpoint(struct log *l, uint64_t place, uint64_t needed, struct err *e) {
    assert(place < l->end && needed <= place);
    pthread_mutex_lock(&l->mutex);
    bool ok = !failed(l, e);
    if (ok) {
        l->tail.checkpoint = place;
        l->tail.closed = false; /* a closing group shall name it */
        if (needed > l->tail.needed) l->tail.needed = needed;
    }
    pthread_mutex_unlock(&l->mutex);
    return ok;
}

static void log_destroy(struct log *l) {
    file_close(l->segments.file);
    file_close(l->lock); /* nobody else can have had the log until now */
    free(l->segments.at);
    for (int i = 0; i < 2; i++) {
        if (l->prepared) pthread_cond_destroy(&l->buffer[i].done);
        free(l->buffer[i].at);
    }
    if (l->prepared) {
        pthread_cond_destroy(&l->work);
        pthread_cond_destroy(&l->quiet);
        pthread_mutex_destroy(&l->mutex);
    }
    free(l->directory);
    free(l);
}

static struct log *log_create(const struct log_options *o, struct err *e) {
    struct log *l = calloc(1, sizeof *l);
    char *directory = strdup(o->directory);
    if (!l || !directory) {
        err_memory(e);
        free(l);
        free(directory);
        return NULL;
    }
    l->o = *o;
    l->directory = directory;
    l->o.directory = directory;
    l->o.segment_bytes = log_blocks_bytes(o->segment_bytes);
    if (l->o.segment_bytes < SEGMENT_BYTES_MIN) l->o.segment_bytes = SEGMENT_BYTES_MIN;
    l->tail.checkpoint = LOG_LSN_NONE;
    l->tail.before = LOG_LSN_NONE;
    /* With attributes by default these cannot fail here. */
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->work, NULL);
    pthread_cond_init(&l->quiet, NULL);
    for (int i = 0; i < 2; i++) pthread_cond_init(&l->buffer[i].done, NULL);
    l->prepared = true;
    return l;
}

static bool take_lock(struct log *l, struct err *e) {
    struct log_path path = log_lock_path(l->directory);
    l->lock = file_open(l->o.fs, path.at, FILE_WRITE | FILE_CREATE, e);
    if (!l->lock) return false;
    if (file_lock(l->lock, e)) return true;
    if (strcmp(e->sqlstate, "55006") != 0) return false;
    return err_set(e, ERR_IO, "55006", "the data directory %s is in use by another process",
                   l->directory);
}

struct log *log_open(const struct log_options *o, struct err *e) {
    assert(o && o->fs && o->directory && o->clock_us);
    if (!log_directory_check(o->directory, e)) return NULL;
    struct log *l = log_create(o, e);
    if (!l) return NULL;

    bool ok = log_folder_make(l, e) && take_lock(l, e) && log_recover(l, e);
    if (ok && o->writer_thread) ok = log_thread_start(l, e);
    if (ok) return l;
    log_destroy(l);
    return NULL;
}

/* Nothing may be cut behind this group. */
static bool closing_write(struct log *l, struct err *e) {
    bool taken = log_pen_take(l);
    assert(taken);
    bool ok = flush(l, e);
    if (ok && l->tail.closed) return true;
    if (ok && !fits_segment(l, LOG_GROUP_HEAD_BYTES)) {
        ok = next_segment(l, LOG_GROUP_HEAD_BYTES, e);
    }
    ok = ok && buffer_reserve(log_open_buffer(l), LOG_BLOCK_BYTES, e) && log_sync(l, e);
    return ok && log_group_write(l, LOG_GROUP_CLOSING, e) && log_sync(l, e);
}

bool log_close(struct log *l, struct err *e) {
    if (!l) return true;
    if (l->o.writer_thread) log_thread_stop(l);
    pthread_mutex_lock(&l->mutex);
    assert(!l->writing && !l->filling);
    bool ok = !failed(l, e) && closing_write(l, e);
    pthread_mutex_unlock(&l->mutex);
    log_destroy(l);
    return ok;
}
