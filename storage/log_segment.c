/* log_segment.c: where the log's space comes from, and goes.
 *
 * A segment is made ready before any record is in it: its blocks are written (zeros, or what an
 * older segment held), then its head, then it is renamed, and the directory is synced. So a file
 * with a segment's name is always whole, and writing into it changes no metadata: a commit is one
 * write over blocks that are there.
 *
 * A segment that nothing needs becomes a spare, and its directory entry is durable as such before
 * anything is written into it: the name of a segment never shows another one's bytes, except to
 * somebody who opened it before, who sees it by the head (log_reader.c).
 *
 * The first segment of a log is small, each next one twice as long, up to what is configured: a
 * small database takes little room, and creating it little time.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "storage/log_private.h"

enum { FIRST_BYTES = 1 << 20, FILL_BYTES = 1 << 20, SEGMENTS_MIN = 16 };

bool log_segment_reserve(struct log *l, struct err *e) {
    struct log_segments *s = &l->segments;
    if (s->count < s->capacity) return true;
    uint32_t capacity = s->capacity ? s->capacity * 2 : SEGMENTS_MIN;
    struct log_segment *at = realloc(s->at, capacity * sizeof *at);
    if (!at) return err_memory(e);
    s->at = at;
    s->capacity = capacity;
    return true;
}

void log_segment_add(struct log *l, uint64_t first, uint64_t bytes) {
    struct log_segments *s = &l->segments;
    assert(s->count < s->capacity);
    assert(s->count == 0 || first > s->at[s->count - 1].first);
    s->at[s->count++] = (struct log_segment){.first = first, .bytes = bytes};
    if (s->count == 1) l->oldest = first;
}

uint64_t log_segment_next_bytes(struct log *l, uint64_t bytes) {
    uint64_t most = l->o.segment_bytes, next = FIRST_BYTES;
    if (l->segments.count > 0) next = log_active(l)->bytes * 2;
    if (next > most) next = most;
    if (next < FIRST_BYTES && FIRST_BYTES <= most) next = FIRST_BYTES;
    uint64_t least = log_blocks_bytes(LOG_BLOCK_BYTES + bytes);
    return next > least ? next : least;
}

/* Direct where the file system can, for then one write is all; else the sync comes after it. */
struct file *log_file_open(const struct log *l, const char *path, bool *direct_out, struct err *e) {
    struct err ignored;
    *direct_out = false;
    if (l->o.durability == LOG_SYNC) {
        struct file *f = file_open(l->o.fs, path, FILE_WRITE | FILE_DIRECT, &ignored);
        *direct_out = f != NULL;
        if (f) return f;
    }
    return file_open(l->o.fs, path, FILE_WRITE, e);
}

static bool log_ends(struct log *l) {
    pthread_mutex_lock(&l->mutex);
    bool ends = l->ends;
    pthread_mutex_unlock(&l->mutex);
    return ends;
}

/* false with ERR_CANCEL: the log ends. */
static bool fill_zeros(struct log *l, struct file *f, uint64_t bytes, bool patient, struct err *e) {
    size_t piece = bytes < FILL_BYTES ? (size_t)bytes : FILL_BYTES;
    char *zeros = calloc(1, piece);
    if (!zeros) return err_memory(e);

    bool ok = true;
    for (uint64_t at = 0; ok && at < bytes; at += piece) {
        if (bytes - at < piece) piece = (size_t)(bytes - at);
        ok = file_write_at(f, at, zeros, piece, e);
        if (ok && !patient && log_ends(l)) {
            ok = err_set(e, ERR_CANCEL, "57014", "the log was closed");
        }
    }
    free(zeros);
    return ok && file_sync(f, e);
}

static bool is_full(const struct err *e) {
    return strcmp(e->sqlstate, "53100") == 0;
}

/* What could not be made is not left there. */
static void filling_remove(const struct log *l) {
    struct err ignored;
    struct log_path path = log_filling_path(l->directory);
    if (!file_remove(l->o.fs, path.at, &ignored)) err_clear(&ignored);
}

static bool filling_make(struct log *l, uint64_t bytes, bool patient, struct err *e) {
    struct log_path path = log_filling_path(l->directory);
    struct file *f = file_open(l->o.fs, path.at, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, e);
    if (!f) return false;
    bool ok = fill_zeros(l, f, bytes, patient, e);
    file_close(f);
    if (!ok) filling_remove(l);
    return ok;
}

bool log_spare_fill(struct log *l, uint32_t number, uint64_t bytes, struct err *e) {
    if (!filling_make(l, bytes, false, e)) return false;
    struct log_path from = log_filling_path(l->directory);
    struct log_path to = log_spare_path(l->directory, number);
    return file_rename(l->o.fs, from.at, to.at, e);
}

static bool head_write(struct log_made *m, struct err *e) {
    char *block = aligned_alloc(LOG_BLOCK_BYTES, LOG_BLOCK_BYTES);
    if (!block) return err_memory(e);
    log_segment_encode(&m->head, block);
    bool ok = file_write_at(m->file, 0, block, LOG_BLOCK_BYTES, e);
    free(block);
    return ok && (m->direct || file_sync(m->file, e));
}

static bool name_give(struct log *l, const char *from, uint64_t first, struct err *e) {
    struct log_path to = log_segment_path(l->directory, first);
    struct log_path folder = log_folder_path(l->directory);
    return file_rename(l->o.fs, from, to.at, e) && file_sync_directory(l->o.fs, folder.at, e);
}

bool log_segment_make(struct log *l, struct log_made *m, struct err *e) {
    assert(l->writing);
    bool fresh = m->spare == LOG_SPARES_MAX;
    struct log_path from =
        fresh ? log_filling_path(l->directory) : log_spare_path(l->directory, m->spare);
    if (fresh && !filling_make(l, m->head.bytes, true, e)) return false;

    m->file = log_file_open(l, from.at, &m->direct, e);
    if (m->file && head_write(m, e) && name_give(l, from.at, m->head.first, e)) return true;
    file_close(m->file);
    m->file = NULL;
    if (fresh && is_full(e)) filling_remove(l);
    return false;
}

/* As a spare if there is a place for one and it has the usual length. False: it was removed, or
 * lies there until the next start. */
static bool segment_keep(struct log *l, struct log_segment s, uint32_t number) {
    struct err ignored;
    struct log_path from = log_segment_path(l->directory, s.first);
    if (number < LOG_SPARES_MAX && s.bytes == l->o.segment_bytes) {
        struct log_path to = log_spare_path(l->directory, number);
        if (file_rename(l->o.fs, from.at, to.at, &ignored)) return true;
    }
    if (!file_remove(l->o.fs, from.at, &ignored)) err_clear(&ignored);
    return false;
}

/* The number of a spare that is not there, from `number` on. */
static uint32_t spare_free(const struct log *l, uint32_t number) {
    while (number < LOG_SPARES_MAX && l->segments.spare_bytes[number] > 0) number++;
    return number;
}

void log_segments_release(struct log *l, uint64_t needed) {
    struct log_segments *s = &l->segments;
    uint64_t kept[LOG_SPARES_MAX] = {0};
    bool changed = false;
    /* One that is being filled takes a number that we do not know. */
    uint32_t number = l->filling ? LOG_SPARES_MAX : spare_free(l, 0);
    assert(l->writing);

    while (s->count > 1 && s->at[1].first <= needed) {
        struct log_segment gone = s->at[0];
        memmove(s->at, s->at + 1, (s->count - 1) * sizeof *s->at);
        s->count--;
        l->oldest = s->at[0].first;
        pthread_mutex_unlock(&l->mutex);
        bool is_kept = segment_keep(l, gone, number);
        pthread_mutex_lock(&l->mutex);
        changed = true;
        if (is_kept) kept[number] = gone.bytes;
        if (is_kept) number = spare_free(l, number + 1);
    }
    if (!changed) return;

    struct log_path folder = log_folder_path(l->directory);
    struct err ignored;
    pthread_mutex_unlock(&l->mutex);
    bool synced = file_sync_directory(l->o.fs, folder.at, &ignored);
    pthread_mutex_lock(&l->mutex);
    for (uint32_t i = 0; synced && i < LOG_SPARES_MAX; i++) {
        if (kept[i] > 0) s->spare_bytes[i] = kept[i];
    }
}
