/* log_writer.c: groups go out: the pen, the two buffers, the thread.
 *
 * There is one pen. Who waits for a record and finds it free takes it and writes the open group
 * himself, so a single writer pays for no change of threads; meanwhile others gather records in the
 * other buffer. Who lays the pen down hands on what was gathered: to the writer thread if it
 * sleeps, which then writes group after group as long as there are any; without it, to one of those
 * who wait. So there is one group on its way at any moment, and none is acknowledged before the one
 * before it.
 *
 * A write or a sync that failed is never tried again, since nobody knows what the disk holds then:
 * the log has failed, for good.
 */
#include <assert.h>
#include <string.h>

#include "storage/log_private.h"

bool log_fail(struct log *l, const struct err *e) {
    assert(e->code != ERR_NONE);
    if (l->failed.code == ERR_NONE) l->failed = *e;
    pthread_cond_broadcast(&l->buffer[0].done);
    pthread_cond_broadcast(&l->buffer[1].done);
    pthread_cond_broadcast(&l->quiet);
    return false;
}

bool log_pen_take(struct log *l) {
    if (l->writing) return false;
    l->writing = true;
    return true;
}

/* One spare, once the last segment is half full. */
static bool wants_spare(struct log *l) {
    const struct log_segment *s = log_active(l);
    if (l->segments.spare_bytes[0] > 0 || l->segments.spare_bytes[1] > 0) return false;
    return l->tail.written - s->first > s->bytes / 2;
}

void log_pen_release(struct log *l) {
    assert(l->writing);
    l->writing = false;
    if (l->quiet_waiters > 0) pthread_cond_broadcast(&l->quiet);
    if (l->failed.code != ERR_NONE) return;

    struct log_buffer *b = log_open_buffer(l);
    bool more = b->head.count > 0;
    if (l->thread_state == LOG_THREAD_IDLE && (more || wants_spare(l))) {
        pthread_cond_signal(&l->work);
    } else if (more && l->thread_state != LOG_THREAD_AWAKE && b->waiters > 0) {
        pthread_cond_signal(&b->done);
    }
}

void log_quiet_wait(struct log *l) {
    l->quiet_waiters++;
    pthread_cond_wait(&l->quiet, &l->mutex);
    l->quiet_waiters--;
}

void log_buffer_begin(struct log_buffer *b, uint64_t lsn) {
    b->head = (struct log_group_head){.lsn = lsn, .used_bytes = LOG_GROUP_HEAD_BYTES};
}

static int64_t log_time(struct log *l) {
    int64_t now = l->o.clock_us();
    if (now > l->tail.time_us) l->tail.time_us = now;
    return l->tail.time_us;
}

/* All that the head of the open group says. */
static void group_end(struct log *l, struct log_buffer *b, uint32_t flags) {
    struct log_group_head *h = &b->head;
    h->salt = l->salt;
    h->before = l->tail.before;
    h->durable = l->tail.synced;
    h->checkpoint = l->tail.checkpoint;
    h->needed = l->tail.needed;
    h->time_us = log_time(l);
    h->bytes = (uint32_t)log_blocks_bytes(h->used_bytes);
    h->flags = flags;
    assert(h->lsn + h->bytes <= log_active(l)->first + log_active(l)->bytes);
}

/* Times and checksums of a group that nobody adds to any more. */
static void group_seal(const struct log_buffer *b) {
    const struct log_group_head *h = &b->head;
    for (uint64_t at = LOG_GROUP_HEAD_BYTES; at < h->used_bytes;) {
        at += log_record_seal(b->at + at, h->lsn + at, h->salt, h->time_us);
    }
    memset(b->at + h->used_bytes, 0, h->bytes - h->used_bytes);
    log_group_encode(h, b->at);
}

static bool group_put(struct log *l, const struct log_buffer *b, uint64_t offset, struct err *e) {
    struct file *f = l->segments.file;
    group_seal(b);
    if (!file_write_at(f, offset, b->at, b->head.bytes, e)) return false;
    return l->segments.direct || l->o.durability != LOG_SYNC || file_sync(f, e);
}

bool log_sync(struct log *l, struct err *e) {
    assert(l->writing);
    if (l->tail.synced == l->tail.written) return true;
    uint64_t written = l->tail.written;
    struct file *f = l->segments.file;
    pthread_mutex_unlock(&l->mutex);
    bool ok = file_sync(f, e);
    pthread_mutex_lock(&l->mutex);
    if (!ok) return log_fail(l, e);
    l->tail.synced = written;
    return true;
}

/* What the group that was written names is made durable before anything goes. */
static bool release(struct log *l, uint64_t needed, struct err *e) {
    if (l->segments.count < 2 || l->segments.at[1].first > needed) return true;
    if (!log_sync(l, e)) return false;
    log_segments_release(l, needed);
    return true;
}

bool log_group_write(struct log *l, uint32_t flags, struct err *e) {
    struct log_buffer *b = log_open_buffer(l);
    assert(l->writing && l->failed.code == ERR_NONE && (b->head.count > 0 || flags));
    group_end(l, b, flags);
    uint64_t end = b->head.lsn + b->head.bytes, offset = b->head.lsn - log_active(l)->first;
    l->open ^= 1;
    log_buffer_begin(log_open_buffer(l), end);
    l->tail.before = b->head.lsn;

    pthread_mutex_unlock(&l->mutex);
    bool ok = group_put(l, b, offset, e);
    pthread_mutex_lock(&l->mutex);
    if (!ok) return log_fail(l, e);

    l->tail.written = end;
    l->tail.closed = (flags & LOG_GROUP_CLOSING) != 0;
    if (l->o.durability == LOG_SYNC) l->tail.synced = end;
    if (l->o.durability != LOG_NONE) l->acknowledged = end;
    if (b->waiters > 0) pthread_cond_broadcast(&b->done);
    return release(l, b->head.needed, e);
}

static uint32_t spare_choose(const struct log *l, uint64_t bytes) {
    for (uint32_t i = 0; i < LOG_SPARES_MAX; i++) {
        if (l->segments.spare_bytes[i] >= bytes) return i;
    }
    return LOG_SPARES_MAX;
}

static struct log_made roll_head(struct log *l, uint64_t bytes) {
    struct log_made m = {
        .head = {.first = l->tail.written,
                 .bytes = log_segment_next_bytes(l, bytes),
                 .salt = l->salt,
                 .before = log_active(l)->first,
                 .last_group = l->tail.before,
                 .checkpoint = l->tail.checkpoint,
                 .needed = l->tail.needed,
                 .time_us = l->tail.time_us},
        .spare = spare_choose(l, log_blocks_bytes(LOG_BLOCK_BYTES + bytes)),
    };
    if (m.spare < LOG_SPARES_MAX) m.head.bytes = l->segments.spare_bytes[m.spare];
    return m;
}

static bool may_be_tried_again(const struct err *e) {
    return e->code == ERR_LIMIT || strcmp(e->sqlstate, "53100") == 0;
}

bool log_roll(struct log *l, uint64_t bytes, struct err *e) {
    assert(l->writing && !l->filling && log_open_buffer(l)->head.count == 0);
    assert(log_open_buffer(l)->head.lsn == l->tail.written);
    if (!log_segment_reserve(l, e)) return false;
    if (!log_sync(l, e)) return false; /* the head of the next segment will say so */

    struct log_made m = roll_head(l, bytes);
    pthread_mutex_unlock(&l->mutex);
    bool ok = log_segment_make(l, &m, e);
    pthread_mutex_lock(&l->mutex);
    if (!ok) return may_be_tried_again(e) ? false : log_fail(l, e);

    file_close(l->segments.file);
    l->segments.file = m.file;
    l->segments.direct = m.direct;
    if (m.spare < LOG_SPARES_MAX) l->segments.spare_bytes[m.spare] = 0;
    log_segment_add(l, m.head.first, m.head.bytes);
    l->tail.written = l->tail.synced = m.head.first + LOG_BLOCK_BYTES;
    log_buffer_begin(log_open_buffer(l), l->tail.written);
    return true;
}

/* Want of room is for the next append to tell of, if it lasts. */
static bool spare_make(struct log *l) {
    struct err e;
    uint64_t bytes = log_segment_next_bytes(l, 0);
    l->filling = true;
    l->thread_state = LOG_THREAD_FILLING;
    pthread_mutex_unlock(&l->mutex);
    bool ok = log_spare_fill(l, 0, bytes, &e);
    pthread_mutex_lock(&l->mutex);
    l->thread_state = LOG_THREAD_AWAKE;
    l->filling = false;
    if (ok) l->segments.spare_bytes[0] = bytes;
    pthread_cond_broadcast(&l->quiet);
    if (!ok && e.code != ERR_CANCEL && !may_be_tried_again(&e)) log_fail(l, &e);
    return ok;
}

static void *thread_main(void *arg) {
    struct log *l = arg;
    bool no_room = false;
    pthread_mutex_lock(&l->mutex);
    while (!l->ends) {
        bool sound = l->failed.code == ERR_NONE && !l->writing;
        if (sound && log_open_buffer(l)->head.count > 0) {
            struct err e;
            bool taken = log_pen_take(l);
            assert(taken);
            if (!log_group_write(l, 0, &e))
                assert(l->failed.code != ERR_NONE); /* who waits sees it */
            log_pen_release(l);
            no_room = false;
        } else if (sound && !no_room && wants_spare(l)) {
            no_room = !spare_make(l);
        } else {
            l->thread_state = LOG_THREAD_IDLE;
            pthread_cond_wait(&l->work, &l->mutex);
            l->thread_state = LOG_THREAD_AWAKE;
        }
    }
    l->thread_state = LOG_THREAD_NONE;
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

bool log_thread_start(struct log *l, struct err *e) {
    assert(l->thread_state == LOG_THREAD_NONE);
    l->thread_state = LOG_THREAD_AWAKE;
    if (pthread_create(&l->thread, NULL, thread_main, l) == 0) return true;
    l->thread_state = LOG_THREAD_NONE;
    return err_set(e, ERR_LIMIT, "53000", "cannot start the thread that writes the log");
}

void log_thread_stop(struct log *l) {
    pthread_mutex_lock(&l->mutex);
    l->ends = true;
    pthread_cond_signal(&l->work);
    pthread_mutex_unlock(&l->mutex);
    pthread_join(l->thread, NULL);
}
