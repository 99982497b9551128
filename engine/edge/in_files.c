/* in_files.c: 'format' = 'raw' of the filesystem connector over whole files: a row a file.
 *
 * Columns: the BLOB or IMAGE (bytes, by custom); by name path TEXT, modified TIMESTAMP, ordinal
 * BIGINT (from 0).
 * With 'timestamp.start' and 'timestamp.step' a further TIMESTAMP column, or `modified` if there
 * is none, is start + ordinal * step. A file that cannot be read is a bad row.
 *
 * A batch ends at BATCH_BYTES, so that a folder of large images takes little memory.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/base/option.h"
#include "engine/base/time.h"
#include "engine/edge/bad_list.h"
#include "engine/edge/in_filesystem.h"
#include "engine/edge/intake.h"
#include "engine/edge/partition.h"
#include "engine/edge/path.h"

enum { BATCH_BYTES = 8 << 20, FILE_BYTES_MAX = 256 << 20 };

enum role { ROLE_PATH, ROLE_BYTES, ROLE_MODIFIED, ROLE_ORDINAL, ROLE_TIME, ROLE_NONE };

struct files_reader {
    struct reader base;
    struct reader_options o;
    struct arena arena;
    struct arena batch_arena;
    struct path_list list;
    uint32_t before;                /* files that were read before those of the list */
    uint32_t next;                  /* in list */
    uint32_t rows;                  /* of the batch being made */
    struct bad_list bad;            /* between them */
    enum role *role;                /* [physical->cols] */
    struct column_builder *builder; /* [physical->cols] of the batch */
    struct column *col;
    bool stamped; /* 'timestamp.start' is given */
    int64_t start_us, step_us;
    uint64_t file_bytes_max;
    uint32_t *at; /* [batch_rows] which file a row is, for its errors */
    struct intake *intake;
};

static enum role role_of(const struct field *f) {
    if (text_equal_fold(f->name, TEXT_LITERAL("path"))) return ROLE_PATH;
    if (f->type->id == TYPE_BLOB || f->type->id == TYPE_IMAGE) return ROLE_BYTES;
    if (text_equal_fold(f->name, TEXT_LITERAL("modified"))) return ROLE_MODIFIED;
    if (text_equal_fold(f->name, TEXT_LITERAL("ordinal"))) return ROLE_ORDINAL;
    return f->type->id == TYPE_TIMESTAMP ? ROLE_TIME : ROLE_NONE;
}

static bool role_fits(enum role role, const struct type *t) {
    switch (role) {
    case ROLE_PATH: return t->id == TYPE_TEXT;
    case ROLE_BYTES: return true;
    case ROLE_MODIFIED:
    case ROLE_TIME: return t->id == TYPE_TIMESTAMP;
    case ROLE_ORDINAL: return t->id == TYPE_BIGINT;
    case ROLE_NONE: break;
    }
    return false;
}

bool files_format(const struct stream_def *def, const struct options *o) {
    if (!option_is(o, "format", "raw")) return false;
    for (uint32_t c = 0; c < def->physical->cols; c++) {
        const struct type *t = def->physical->col[c].type;
        if (partition_has(def, c)) continue;
        if (t->id == TYPE_BLOB || t->id == TYPE_IMAGE) return true;
    }
    return false;
}

bool files_check(const struct stream_def *def, const struct options *o, struct err *e) {
    for (uint32_t c = 0; c < def->physical->cols; c++) {
        const struct field *f = &def->physical->col[c];
        enum role role = role_of(f);
        if (role_fits(role, f->type) && (role != ROLE_TIME || option_find(o, "timestamp.start"))) {
            continue;
        }
        err_set(e, ERR_SQL, "42804", "a file has no column \"%.*s\" of this type",
                TEXT_ARG(f->name));
        return err_hint(e, "Columns are path TEXT, bytes BLOB or IMAGE, modified TIMESTAMP, "
                           "ordinal BIGINT.");
    }
    return true;
}

/* A file that cannot be read is a bad row. */
static bool tell(struct files_reader *r, const char *path, const struct err *why, struct err *e) {
    uint64_t number = (uint64_t)r->before + r->next;
    struct decode_bad bad = {.offset = number, .row = r->rows, .raw = text_of(path)};
    memcpy(bad.sqlstate, why->sqlstate, sizeof bad.sqlstate);
    memcpy(bad.message, why->message, sizeof bad.message);
    if (r->rows == 0) return r->o.bad(r->o.context, &bad, e);
    return bad_list_add(&r->bad, number, &bad, e);
}

static void record_fill(void *context, uint32_t row, struct decode_bad *out) {
    const struct files_reader *r = context;
    out->offset = r->at[row];
    out->raw = text_of(r->list.path[r->at[row] - r->before]);
}

static bool bad_note(void *context, const struct decode_bad *b, struct err *e) {
    struct files_reader *r = context;
    return bad_list_add(&r->bad, b->offset, b, e);
}

/* What there is to say about one file. */
struct found {
    const char *path;
    struct text bytes;
    int64_t modified_us;
    int64_t time_us;
    uint32_t number;
};

static void add_row(struct files_reader *r, uint32_t rows, const struct found *f) {
    const struct schema *physical = r->o.def->physical;
    r->at[rows] = f->number;
    for (uint32_t c = 0; c < physical->cols; c++) {
        struct column_builder *b = &r->builder[c];
        uint32_t digits = physical->col[c].type->precision;
        switch (r->role[c]) {
        case ROLE_PATH: builder_text(b, text_of(f->path)); break;
        case ROLE_BYTES: builder_text(b, f->bytes); break;
        case ROLE_MODIFIED: builder_i64(b, timestamp_floor(f->modified_us, digits)); break;
        case ROLE_TIME: builder_i64(b, timestamp_floor(f->time_us, digits)); break;
        case ROLE_ORDINAL: builder_i64(b, f->number); break;
        case ROLE_NONE: builder_null(b); break;
        }
    }
}

static bool has_role(const struct files_reader *r, enum role role) {
    for (uint32_t c = 0; c < r->o.def->physical->cols; c++) {
        if (r->role[c] == role) return true;
    }
    return false;
}

/* A pipe has no whole content, and opening it may wait for ever. */
static bool is_whole(const struct file_info *info, const char *path, struct err *e) {
    return info->is_regular || err_set(e, ERR_IO, "58030", "%s is no regular file", path);
}

/* Reads the next file; *did_out false: it is a bad row. */
static bool read_file(struct files_reader *r, struct found *f, bool *did_out, struct err *e) {
    struct file_system *fs = r->o.env->fs;
    struct file_info info;
    struct err why;
    *f = (struct found){.path = r->list.path[r->next], .number = r->before + r->next};
    *did_out =
        file_stat(fs, f->path, &info, &why) && is_whole(&info, f->path, &why) &&
        file_read_all(fs, f->path, (size_t)r->file_bytes_max, &r->batch_arena, &f->bytes, &why);
    if (!*did_out && why.code == ERR_LIMIT && strcmp(why.sqlstate, "53200") == 0) {
        *e = why;
        return false;
    }
    if (!*did_out) return tell(r, f->path, &why, e);
    f->modified_us = info.modified_us;
    f->time_us = (int64_t)((uint64_t)r->start_us + (uint64_t)r->step_us * f->number);
    if (r->stamped && !has_role(r, ROLE_TIME)) f->modified_us = f->time_us;
    return true;
}

static bool fill(struct files_reader *r, struct err *e) {
    const struct schema *physical = r->o.def->physical;
    size_t bytes = 0;
    arena_reset(&r->batch_arena);
    bad_list_reset(&r->bad, &r->batch_arena);
    r->rows = 0;
    for (uint32_t c = 0; c < physical->cols; c++) {
        if (!builder_init(&r->builder[c], &r->batch_arena, physical->col[c].type, 1)) {
            return err_memory(e);
        }
    }
    while (r->next < r->list.count && r->rows < r->o.env->batch_rows && bytes < BATCH_BYTES) {
        struct found f;
        bool did;
        if (!read_file(r, &f, &did, e)) return false;
        if (did) add_row(r, r->rows++, &f);
        bytes += f.bytes.bytes;
        r->base.bytes += f.bytes.bytes;
        r->next++;
    }
    for (uint32_t c = 0; c < physical->cols; c++) {
        if (!builder_column(&r->builder[c], &r->col[c])) return err_memory(e);
    }
    return true;
}

static enum read_status files_read(struct reader *base, const struct batch **out, struct err *e) {
    struct files_reader *r = (struct files_reader *)base;
    do {
        if (r->next == r->list.count) return READ_END;
        if (!fill(r, e)) return READ_FAIL;
    } while (r->rows == 0);
    const struct intake_rows in = {
        .col = r->col,
        .rows = r->rows,
        .proctime_us = r->o.env->clock_us(),
        .arena = &r->batch_arena,
    };
    bool ok =
        intake_take(r->intake, &in, out, e) && bad_list_tell(&r->bad, r->o.bad, r->o.context, e);
    return ok ? READ_ROWS : READ_FAIL;
}

static void files_mark(const struct reader *base, struct mark *out) {
    intake_mark(((const struct files_reader *)base)->intake, out);
}

static void files_poll(const struct reader *base, struct pollfd *out) {
    (void)base;
    *out = (struct pollfd){.fd = -1};
}

/* What is saved: 4 bytes, how many files were read; the paths of the others; the intake's mark. */
static bool files_save(struct reader *base, struct buf *out, struct err *e) {
    const struct files_reader *r = (const struct files_reader *)base;
    saved_put_u32(out, r->before + r->next);
    path_list_save(&r->list, r->next, out);
    intake_save(r->intake, out);
    return !out->failed || err_memory(e);
}

static bool files_resume(struct files_reader *r, struct err *e) {
    struct saved s = saved_of(r->o.saved);
    r->before = saved_u32(&s);
    if (!path_list_load(&r->list, &s, &r->arena, e)) return false;
    intake_load(r->intake, &s);
    return saved_done(&s, "a source", e);
}

static void files_close(struct reader *base) {
    struct files_reader *r = (struct files_reader *)base;
    intake_close(r->intake);
    arena_done(&r->batch_arena);
    arena_done(&r->arena);
    free(r);
}

static const struct reader_type files_type = {
    .read = files_read,
    .mark = files_mark,
    .poll = files_poll,
    .save = files_save,
    .close = files_close,
};

static bool read_options(struct files_reader *r, struct err *e) {
    struct options o;
    if (!options_merge(&r->arena, &r->o.def->options, &r->o.hint, &o, e)) return false;
    r->file_bytes_max = FILE_BYTES_MAX;
    r->stamped = option_find(&o, "timestamp.start") != NULL;
    if (!option_timestamp(&o, "timestamp.start", &r->start_us, e) ||
        !option_duration(&o, "timestamp.step", &r->step_us, e) ||
        !option_bytes(&o, "max-file-size", &r->file_bytes_max, e)) {
        return false;
    }
    char *path = path_plain(&r->arena, option_text(&o, "path"));
    if (!path) return err_memory(e);
    if (r->o.saved.at) return files_resume(r, e);
    return path_list_find(r->o.env->fs, path, false, &r->arena, &r->list, e);
}

static bool files_init(struct files_reader *r, struct err *e) {
    const struct schema *physical = r->o.def->physical;
    const struct intake_options in = {
        .def = r->o.def,
        .env = edge_fn_env(r->o.env),
        .judge_null = true,
        .arena = &r->arena,
        .context = r,
        .record = record_fill,
        .bad = bad_note,
    };
    r->role = ARENA_ARRAY(&r->arena, r->role, physical->cols + 1);
    r->builder = ARENA_ARRAY(&r->arena, r->builder, physical->cols + 1);
    r->col = ARENA_ARRAY(&r->arena, r->col, physical->cols + 1);
    r->at = ARENA_ARRAY(&r->arena, r->at, r->o.env->batch_rows);
    if (!r->role || !r->builder || !r->col || !r->at) return err_memory(e);
    for (uint32_t c = 0; c < physical->cols; c++) r->role[c] = role_of(&physical->col[c]);
    r->intake = intake_create(&in, e);
    return r->intake && read_options(r, e);
}

struct reader *files_reader_open(const struct reader_options *o, struct err *e) {
    struct files_reader *r = calloc(1, sizeof *r);
    if (!r) {
        err_memory(e);
        return NULL;
    }
    r->base.type = &files_type;
    r->o = *o;
    arena_init(&r->arena, 0);
    arena_init(&r->batch_arena, 0);
    if (files_init(r, e)) return &r->base;
    files_close(&r->base);
    return NULL;
}
