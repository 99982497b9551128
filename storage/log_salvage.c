/* log_salvage.c: copies what is sound of a log, so that the copy is a whole log again.
 *
 * Everything keeps its LSN. Where there is a hole, and where a segment is missing, stand void
 * groups, which hold no records; the group behind one is made to follow it. Heads of segments are
 * made anew, since each is as long as what it holds. The last group is a closing one, which also
 * says where the log begins now: what lay before is no longer needed, as it is no longer there.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "storage/log_verify.h"

enum { VOID_BYTES_MAX = 64 << 20 };

struct salvage {
    struct file_system *fs;
    const char *to;
    const struct log_visit *visit;
    struct file *file;            /* of the segment at hand; NULL: none so far */
    struct log_segment_head head; /* its head, as it will be */
    uint64_t oldest;              /* first LSN of the first segment */
    uint64_t at, before;          /* the end of what was written, and the LSN of the last group */
    struct log_group_head last;   /* of the last sound group */
};

static bool put_group(struct salvage *s, struct log_group_head *h, char *group, struct err *e) {
    assert(h->lsn == s->at);
    h->before = s->before;
    log_group_encode(h, group);
    if (!file_write_at(s->file, s->at - s->head.first, group, h->bytes, e)) return false;
    s->before = s->at;
    s->at += h->bytes;
    return true;
}

/* A group without records, of `bytes`. */
static bool put_empty(struct salvage *s, uint64_t bytes, uint32_t flags, struct err *e) {
    struct log_group_head h = s->last;
    char *group = calloc(1, bytes);
    if (!group) return err_memory(e);
    h.salt = s->head.salt;
    h.lsn = h.durable = s->at;
    h.bytes = (uint32_t)bytes;
    h.used_bytes = LOG_GROUP_HEAD_BYTES;
    h.count = 0;
    h.flags = flags;
    bool ok = put_group(s, &h, group, e);
    free(group);
    return ok;
}

static bool fill_hole(struct salvage *s, uint64_t upto, struct err *e) {
    while (s->at < upto) {
        uint64_t bytes = upto - s->at < VOID_BYTES_MAX ? upto - s->at : VOID_BYTES_MAX;
        if (!put_empty(s, bytes, LOG_GROUP_VOID, e)) return false;
    }
    return true;
}

/* The segment at hand is as long as what it holds. */
static bool segment_end(struct salvage *s, struct err *e) {
    char block[LOG_BLOCK_BYTES];
    s->head.bytes = s->at - s->head.first;
    log_segment_encode(&s->head, block);
    bool ok = file_write_at(s->file, 0, block, sizeof block, e) && file_sync(s->file, e);
    file_close(s->file);
    s->file = NULL;
    return ok;
}

static bool salvage_segment(void *context, const struct log_segment_head *head, struct err *e) {
    struct salvage *s = context;
    struct log_segment_head h = *head;
    if (s->file) {
        h.before = s->head.first;
        if (!fill_hole(s, head->first, e) || !segment_end(s, e)) return false;
        h.last_group = s->before;
        h.checkpoint = s->last.checkpoint;
        h.needed = s->last.needed;
        h.time_us = s->last.time_us;
    } else {
        s->oldest = head->first;
        s->before = h.last_group;
        s->last = (struct log_group_head){
            .checkpoint = h.checkpoint, .needed = h.needed, .time_us = h.time_us};
    }
    struct log_path path = log_segment_path(s->to, head->first);
    s->file = file_open(s->fs, path.at, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, e);
    s->head = h;
    s->at = h.first + LOG_BLOCK_BYTES;
    return s->file && (!s->visit->segment || s->visit->segment(s->visit->context, head, e));
}

static bool salvage_group(void *context, const struct log_found *g, struct err *e) {
    struct salvage *s = context;
    if (!fill_hole(s, g->head.lsn, e)) return false;
    s->last = g->head;
    struct log_group_head h = g->head;
    char *copy = malloc(h.bytes);
    if (!copy) return err_memory(e);
    memcpy(copy, g->group, h.bytes);
    bool ok = put_group(s, &h, copy, e);
    free(copy);
    return ok && (!s->visit->group || s->visit->group(s->visit->context, g, e));
}

static bool salvage_hole(void *context, const struct log_hole *h, struct err *e) {
    struct salvage *s = context;
    return !s->visit->hole || s->visit->hole(s->visit->context, h, e);
}

static bool salvage_end(struct salvage *s, struct err *e) {
    struct log_path folder = log_folder_path(s->to);
    if (!s->file) return true;
    if (s->last.needed < s->oldest) s->last.needed = s->oldest;
    return put_empty(s, LOG_BLOCK_BYTES, LOG_GROUP_CLOSING, e) && segment_end(s, e) &&
           file_sync_directory(s->fs, folder.at, e) && file_sync_directory(s->fs, s->to, e);
}

static bool salvage_begin(struct salvage *s, struct err *e) {
    struct log_path folder = log_folder_path(s->to);
    struct log_list list;
    struct arena a;
    arena_init(&a, 0);
    bool ok = log_directory_check(s->to, e) && file_make_directory(s->fs, folder.at, e) &&
              log_list(s->fs, s->to, &a, &list, e);
    if (ok && list.count > 0) {
        ok = err_set(e, ERR_IO, "58030", "%s holds a log already", s->to);
    }
    arena_done(&a);
    return ok;
}

bool log_salvage(struct file_system *fs, const char *directory, const char *to,
                 const struct log_visit *visit, struct log_verdict *out, struct err *e) {
    static const struct log_visit none = {.context = NULL};
    struct salvage s = {.fs = fs, .to = to, .visit = visit ? visit : &none};
    const struct log_visit own = {
        .context = &s, .segment = salvage_segment, .group = salvage_group, .hole = salvage_hole};
    if (!salvage_begin(&s, e)) return false;
    bool ok = log_verify(fs, directory, &own, out, e) && salvage_end(&s, e);
    file_close(s.file);
    return ok;
}
