/* stream_save.c: a stream as bytes: 8 bytes each, rows, bad records, bytes, refused rows, the
 * watermark, its number as a source, bad records told; 1, whether rows are inserted into it, and
 * then the mark of their intake; 1, whether it is in the journal, and 8, the end of it there; its
 * taps; its outlets.
 *
 * The rows that it keeps are apart, so that only those need be written that were appended since.
 */
#include <assert.h>

#include "engine/edge/journal.h"
#include "engine/edge/outlet.h"
#include "engine/edge/tap.h"

static struct kept *rows_of(const struct stream *s, enum stream_rows which) {
    switch (which) {
    case STREAM_ROWS: return s->kept;
    case STREAM_ERRORS: return s->errors.kept;
    case STREAM_LATE: return s->late.kept;
    }
    return NULL;
}

uint64_t stream_rows_end(const struct stream *s, enum stream_rows which) {
    const struct kept *k = rows_of(s, which);
    return k ? kept_rows(k) : 0;
}

uint64_t stream_rows_oldest(const struct stream *s, enum stream_rows which) {
    const struct kept *k = rows_of(s, which);
    return k ? kept_oldest(k) : 0;
}

bool stream_save_rows(const struct stream *s, enum stream_rows which, uint64_t since,
                      struct buf *out, struct err *e) {
    const struct kept *k = rows_of(s, which);
    return !k || kept_save_since(k, since, out, e);
}

bool stream_load_rows(struct stream *s, enum stream_rows which, struct text saved, struct err *e) {
    struct saved in = saved_of(saved);
    struct kept *k = s->kept;
    if (saved.bytes == 0) return true;
    if (which == STREAM_ERRORS) k = side_kept(s, &s->errors, e);
    if (which == STREAM_LATE) k = side_kept(s, &s->late, e);
    if (!k) return which == STREAM_ROWS ? saved_damaged("rows", e) : false;
    return kept_load(k, &in, e) && saved_done(&in, "rows", e);
}

/* What comes from now on is read by who is not there yet; a reader says itself what it needs. */
static bool arrived_save(const struct stream *s, struct buf *out, struct err *e) {
    struct journal *j = s->env->journal;
    bool once = j && s->connector && !s->connector->rereadable;
    uint64_t at = s->seen.arrived;
    if (once && !s->seen.arrived_known && !journal_end(j, s->def->name, &at, e)) return false;
    if (once && !taps_have_place(s)) journal_needs(j, s->def->name, at);
    saved_put_u8(out, once);
    saved_put_u64(out, at);
    return true;
}

bool stream_save(struct stream *s, struct buf *out, struct err *e) {
    saved_put_u64(out, s->stats.rows);
    saved_put_u64(out, s->stats.bad);
    saved_put_u64(out, s->stats.bytes);
    saved_put_u64(out, s->stats.refused);
    saved_put_i64(out, s->stats.watermark_us);
    saved_put_u64(out, s->number);
    saved_put_u64(out, s->seen.bad);
    saved_put_u8(out, s->intake != NULL);
    if (s->intake) intake_save(s->intake, out);
    if (!arrived_save(s, out, e)) return false;
    return taps_save(s, out, e) && outlets_save(s, out, e);
}

bool stream_load(struct stream *s, struct text saved, struct err *e) {
    struct saved in = saved_of(saved);
    s->stats.rows = saved_u64(&in);
    s->stats.bad = saved_u64(&in);
    s->stats.bytes = saved_u64(&in);
    s->stats.refused = saved_u64(&in);
    s->stats.watermark_us = saved_i64(&in);
    s->number = saved_u64(&in);
    s->seen.bad = saved_u64(&in);
    if (saved_bool(&in) != (s->intake != NULL)) return saved_damaged("a stream", e);
    if (s->intake) intake_load(s->intake, &in);
    s->seen.arrived_known = saved_bool(&in);
    s->seen.arrived = saved_u64(&in);
    return taps_load(s, &in, e) && outlets_load(s, &in, e) && saved_done(&in, "a stream", e);
}

bool stream_commit(struct stream *s, struct err *e) {
    return outlets_commit(s, e);
}
