/* out_filesystem_save.c: checkpoints of the filesystem sink.
 *
 * A record is 1 byte, 1 for a folder, and then of one file that of out_single.c; of a folder its
 * path as a text, 4 bytes, names given so far, the files that are finished, and 4 bytes, how many
 * parts follow; of each its key as a text, and a part file in progress (out_part.c).
 */
#include "engine/edge/out_filesystem.h"

static void folder_save(struct filesystem_sink *s, struct buf *out) {
    struct finished *f = &s->parts.env.finished;
    uint32_t parts = 0;
    saved_put_text(out, text_of(f->folder));
    saved_put_u32(out, f->files);
    finished_save(f, out);
    for (const struct part *p = s->parts.first; p; p = p->next) parts++;
    saved_put_u32(out, parts);
    for (const struct part *p = s->parts.first; p; p = p->next) {
        saved_put_text(out, (struct text){p->key, p->key_bytes});
        part_save(p, out);
    }
}

bool filesystem_prepare(struct sink *base, struct buf *record, struct err *e) {
    struct filesystem_sink *s = (struct filesystem_sink *)base;
    saved_put_u8(record, !is_single(s));
    bool ok = is_single(s) ? filesystem_single_flush(s, e) && single_save(&s->single, record, e)
                           : parts_sync(&s->parts, e);
    if (ok && !is_single(s)) folder_save(s, record);
    return ok && (!record->failed || err_memory(e));
}

bool filesystem_commit(struct sink *base, struct err *e) {
    struct filesystem_sink *s = (struct filesystem_sink *)base;
    struct finished *f = &s->parts.env.finished;
    if (is_single(s)) return single_commit(&s->single, e);
    struct buf covered;
    buf_init(&covered);
    finished_save_covered(f, &covered);
    struct saved in = saved_of(buf_text(&covered));
    bool ok = covered.failed ? err_memory(e) : finished_publish(f, &in, e);
    buf_done(&covered);
    if (ok) finished_forget(f);
    return ok;
}

bool filesystem_sink_publish(const struct edge_env *env, struct text record, struct err *e) {
    struct saved in = saved_of(record);
    if (!saved_bool(&in)) return single_publish(env->fs, &in, e);
    struct finished f = {.fs = env->fs};
    (void)saved_text(&in);
    (void)saved_u32(&in);
    return finished_publish(&f, &in, e);
}

/* Is the hidden file one that a part goes on with? */
static bool is_in_progress(void *context, const char *path) {
    const struct filesystem_sink *s = context;
    for (const struct part *p = s->parts.first; p; p = p->next) {
        if (p->temporary && strcmp(p->temporary, path) == 0) return true;
    }
    return false;
}

static bool parts_load(struct filesystem_sink *s, struct saved *in, struct err *e) {
    uint32_t parts = saved_count(in, 8);
    for (uint32_t i = 0; i < parts; i++) {
        struct part *p = parts_add(&s->parts, saved_text(in), e);
        if (!p || !part_load(p, &s->parts.env, in, e)) return false;
        if (p->complete_us < s->next_complete_us) s->next_complete_us = p->complete_us;
        if (p->used >= s->uses) s->uses = p->used + 1;
    }
    struct part *turned = NULL; /* parts_add() puts each before the others */
    while (s->parts.first) {
        struct part *p = s->parts.first;
        s->parts.first = p->next;
        p->next = turned;
        turned = p;
    }
    s->parts.first = turned;
    return saved_done(in, "a sink", e);
}

bool filesystem_folder_resume(struct filesystem_sink *s, struct text record, struct err *e) {
    struct saved in = saved_of(record);
    struct finished *f = &s->parts.env.finished;
    const struct finished_sweep sweep = {
        .levels = s->def->partitions, .context = s, .keeps = is_in_progress};
    if (record.bytes > 0) {
        bool folder = saved_bool(&in);
        struct text path = saved_text(&in);
        f->files = saved_u32(&in);
        if (!folder || !text_equal(path, text_of(f->folder))) return saved_damaged("a sink", e);
        if (!finished_publish(f, &in, e) || !parts_load(s, &in, e)) return false;
    }
    return finished_sweep(f, &sweep, e);
}
