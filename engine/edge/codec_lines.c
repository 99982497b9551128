/* codec_lines.c: see codec_lines.h. */
#include "engine/edge/codec_lines.h"

#include <assert.h>
#include <string.h>

bool line_begin(struct line_state *s, const struct decode_job *job, size_t *at) {
    static const char bom[] = "\xEF\xBB\xBF";
    if (s->begun) return true;
    size_t known = job->bytes < 3 ? job->bytes : 3;
    if (memcmp(job->at, bom, known) == 0) {
        if (known < 3 && !job->last) return false;
        if (known == 3) *at = 3;
    }
    s->begun = true;
    return true;
}

void line_skip_rest(struct line_state *s, const struct decode_job *job, size_t *at) {
    if (!s->skipping) return;
    const char *feed = memchr(job->at + *at, '\n', job->bytes - *at);
    *at = feed ? (size_t)(feed - job->at) + 1 : job->bytes;
    if (feed || job->last) s->skipping = false;
}

bool line_bad(struct decode_job *job, struct text record, const struct line_fault *f,
              struct err *e) {
    assert(record.at >= job->at && record.at <= job->at + job->bytes);
    struct decode_bad bad = {
        .offset = job->offset + (uint64_t)(record.at - job->at),
        .raw = record,
    };
    memcpy(bad.sqlstate, f->sqlstate, sizeof bad.sqlstate);
    size_t bytes = strlen(f->message);
    if (bytes >= sizeof bad.message) bytes = sizeof bad.message - 1;
    memcpy(bad.message, f->message, bytes);
    return job->bad(job->context, &bad, e);
}

bool line_too_long(struct line_state *s, struct decode_job *job, struct text record, bool open,
                   struct err *e) {
    const struct line_fault f = {"54000", "the record is longer than the limit"};
    s->skipping = open && !job->last;
    return line_bad(job, record, &f, e);
}

/* The line at w->at, where its end is there or nothing follows. */
static bool line_end(const struct line_walk *w, struct text *out, size_t *next_out) {
    const char *from = w->job->at + w->at;
    size_t left = w->job->bytes - w->at;
    const char *feed = memchr(from, '\n', left);
    size_t bytes = feed ? (size_t)(feed - from) : left;
    *next_out = w->at + bytes + (feed != NULL);
    if (feed && bytes > 0 && from[bytes - 1] == '\r') bytes--;
    if (bytes > w->record_bytes_max) bytes = w->record_bytes_max + 1;
    *out = (struct text){.at = from, .bytes = (uint32_t)bytes};
    return feed != NULL;
}

bool line_next(struct line_walk *w, struct text *out, struct err *e) {
    assert(w->record_bytes_max < UINT32_MAX);
    *out = (struct text){NULL, 0};
    while (w->at < w->job->bytes) {
        struct text line;
        size_t next;
        bool ended = line_end(w, &line, &next);
        if (line.bytes <= w->record_bytes_max) {
            if (!ended && !w->job->last) return true;
            *out = line;
            w->at = next;
            return true;
        }
        line.bytes--;
        w->at = next;
        if (!line_too_long(w->state, w->job, line, !ended, e)) return false;
    }
    return true;
}
