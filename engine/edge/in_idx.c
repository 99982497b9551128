/* in_idx.c: 'format' = 'idx' of the filesystem connector: arrays of numbers, a row an element of
 * their first dimension; with 'idx.labels' joined to a second file, row by row.
 *
 * Columns, in any order: ordinal BIGINT (from 0); with 'timestamp.start' and 'timestamp.step' a
 * TIMESTAMP, which is start + ordinal * step; the values; and, where there are labels, one more.
 * Values of several dimensions are a TENSOR or VECTOR of as many numbers, a BLOB (as they stand in
 * the file) or, being uint8 of height x width [x 1, 3 or 4], an IMAGE (a PAM file, as all images
 * that are made here); a single value and a label is a BIGINT, DOUBLE or TEXT.
 *
 * A batch ends at BATCH_BYTES, so that large arrays take little memory. All columns are filled.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/number.h"
#include "engine/base/option.h"
#include "engine/base/time.h"
#include "engine/edge/bad_list.h"
#include "engine/edge/idx.h"
#include "engine/edge/in_filesystem.h"
#include "engine/edge/intake.h"
#include "engine/edge/path.h"

enum { BATCH_BYTES = 8 << 20, PAM_HEADER_MAX = 128 };

enum role { ROLE_VALUE, ROLE_LABEL, ROLE_ORDINAL, ROLE_TIME, ROLE_COUNT };

static const struct option_row idx_options[] = {
    {"labels", "a path", "A second IDX file, of one dimension, whose n-th value goes with row n."},
    {0},
};

/* Only whole files are read so; other connectors have no decoder to find here. */
const struct codec codec_idx = {
    .name = "idx",
    .doc = "arrays of numbers as in the MNIST data, images and labels joined (filesystem only)",
    .option = idx_options,
};

struct idx_reader {
    struct reader base;
    struct reader_options o;
    struct arena arena;
    struct arena file_arena; /* of the open file */
    struct arena batch_arena;
    struct options options;
    struct path_list list;
    uint32_t next_path;
    struct idx values; /* path NULL: none is open */
    struct idx labels; /* likewise */
    uint64_t ordinal;  /* of the next row */
    int64_t start_us, step_us;
    enum role *role;     /* [physical->cols] */
    const uint32_t *dim; /* of the tensors: those of the file, or all in one for a VECTOR */
    struct column_builder *builder;
    struct column *col;
    struct bad_list bad;
    struct err stop; /* what ended the reading, told behind the rows before it */
    uint64_t first;  /* ordinal of the batch's first row */
    struct intake *intake;
};

bool idx_format(const struct options *o) {
    return option_is(o, "format", "idx");
}

static bool is_scalar(const struct type *t) {
    return t->id == TYPE_BIGINT || t->id == TYPE_DOUBLE || t->id == TYPE_TEXT;
}

static bool is_array(const struct type *t) {
    return t->id == TYPE_TENSOR || t->id == TYPE_BLOB || t->id == TYPE_IMAGE;
}

static bool has_array(const struct schema *physical) {
    for (uint32_t c = 0; c < physical->cols; c++) {
        if (is_array(physical->col[c].type)) return true;
    }
    return false;
}

/* What is known of a stream's columns before a file is open. */
struct shape {
    bool array;    /* a column holds more than a single value */
    bool labelled; /* there is a file of labels */
    bool timed;
    uint32_t taken; /* bit 1 << role */
};

/* The role of one column, or ROLE_COUNT. */
static enum role role_of(const struct shape *s, const struct field *f) {
    const struct type *t = f->type;
    bool ordinal = text_equal_fold(f->name, TEXT_LITERAL("ordinal"));
    if (ordinal && t->id == TYPE_BIGINT) return ROLE_ORDINAL;
    if (t->id == TYPE_TIMESTAMP) return s->timed ? ROLE_TIME : ROLE_COUNT;
    if (is_array(t)) return ROLE_VALUE;
    if (!is_scalar(t)) return ROLE_COUNT;
    if (!s->array && !(s->taken & 1u << ROLE_VALUE)) return ROLE_VALUE;
    return s->labelled ? ROLE_LABEL : ROLE_COUNT;
}

static bool roles_find(const struct stream_def *def, const struct options *o, enum role *role,
                       struct err *e) {
    struct shape s = {
        .array = has_array(def->physical),
        .labelled = option_find(o, "idx.labels") || option_find(o, "labels"),
        .timed = option_find(o, "timestamp.start") != NULL,
    };
    for (uint32_t c = 0; c < def->physical->cols; c++) {
        const struct field *f = &def->physical->col[c];
        enum role r = role_of(&s, f);
        if (r == ROLE_COUNT || s.taken & 1u << r) {
            err_set(e, ERR_SQL, "42804", "format idx has nothing for the column \"%.*s\"",
                    TEXT_ARG(f->name));
            return err_hint(e, "It gives values, labels with 'idx.labels', ordinal BIGINT, and a "
                               "TIMESTAMP with 'timestamp.start'.");
        }
        s.taken |= 1u << r;
        role[c] = r;
    }
    return true;
}

bool idx_check(const struct stream_def *def, const struct options *o, struct err *e) {
    enum role role[ROLE_COUNT + 1];
    bool follow = false;
    if (!option_bool(o, "follow", &follow, e)) return false;
    if (follow) return err_set(e, ERR_SQL, "0A000", "a file of format idx cannot be followed");
    if (def->physical->cols > ROLE_COUNT || def->partitions > 0) {
        return err_set(e, ERR_SQL, "42804", "format idx has at most %d columns, no partitions",
                       ROLE_COUNT);
    }
    return roles_find(def, o, role, e);
}

/* Do the file's values fit the column? */
static bool tensor_fits(const struct idx *x, const struct type *t) {
    if (t->dims == 1) return t->dim[0] == DIM_ANY || t->dim[0] == x->row_values;
    if (t->dims != x->dims) return false;
    for (uint32_t d = 0; d < t->dims; d++) {
        if (t->dim[d] != DIM_ANY && t->dim[d] != x->dim[d]) return false;
    }
    return true;
}

static bool image_fits(const struct idx *x) {
    uint32_t channels = x->dims == 3 ? x->dim[2] : 1;
    bool shaped = x->dims == 2 || (x->dims == 3 && channels <= 4 && channels != 2);
    return x->type == IDX_U8 && shaped;
}

static bool value_fits(const struct idx *x, const struct field *f, struct err *e) {
    enum type_id id = f->type->id;
    if (id == TYPE_TENSOR
            ? tensor_fits(x, f->type)
            : (id == TYPE_BLOB || (id == TYPE_IMAGE ? image_fits(x) : x->dims == 0))) {
        return true;
    }
    char size[120] = "";
    for (uint32_t d = 0, used = 0; d < x->dims && used < sizeof size; d++) {
        used +=
            (uint32_t)snprintf(size + used, sizeof size - used, "%s%u", d ? " x " : "", x->dim[d]);
    }
    err_set(e, ERR_SQL, "42804", "column \"%.*s\" cannot hold the rows of %s", TEXT_ARG(f->name),
            x->path);
    return err_hint(e, "A row is %s%s of %u byte%s.", x->dims ? size : "one value",
                    x->dims ? " values" : "", x->row_bytes / x->row_values,
                    x->row_bytes == x->row_values ? "" : "s");
}

static void files_end(struct idx_reader *r) {
    if (r->values.path) idx_close(&r->values);
    if (r->labels.path) idx_close(&r->labels);
    arena_reset(&r->file_arena);
}

static bool labels_begin(struct idx_reader *r, struct text path, struct err *e) {
    char *name = path_plain(&r->file_arena, path);
    if (!name) return err_memory(e);
    if (!idx_open(&r->labels, r->o.env->fs, name, &r->file_arena, e)) return false;
    if (r->labels.dims > 0) {
        return err_set(e, ERR_CORRUPT, "XX001", "%s holds no labels: it has %u dimensions", name,
                       r->labels.dims + 1);
    }
    if (r->list.count > 1) {
        return err_set(e, ERR_SQL, "22023", "'idx.labels' goes with one file, %s are %u",
                       r->list.path[0], r->list.count);
    }
    return r->labels.rows == r->values.rows ||
           err_set(e, ERR_CORRUPT, "XX001", "%s holds %u labels for the %u rows of %s", name,
                   r->labels.rows, r->values.rows, r->values.path);
}

static bool file_begin(struct idx_reader *r, struct err *e) {
    const struct schema *physical = r->o.def->physical;
    const char *path = r->list.path[r->next_path++];
    if (!idx_open(&r->values, r->o.env->fs, path, &r->file_arena, e)) return false;
    for (uint32_t c = 0; c < physical->cols; c++) {
        if (r->role[c] != ROLE_VALUE) continue;
        if (!value_fits(&r->values, &physical->col[c], e)) return false;
        bool flat = physical->col[c].type->id == TYPE_TENSOR && physical->col[c].type->dims == 1;
        r->dim = flat ? &r->values.row_values : r->values.dim;
    }
    struct text labels = option_text(&r->options, "idx.labels");
    if (!labels.at) labels = option_text(&r->options, "labels");
    return !labels.at || labels_begin(r, labels, e);
}

/* false: a BIGINT column cannot hold it. */
static bool add_scalar(struct column_builder *b, double v) {
    char digits[F64_TEXT_MAX];
    bool whole = v >= INT32_MIN && v <= INT32_MAX && v == (double)(int64_t)v;
    if (b->type->id == TYPE_BIGINT) {
        if (whole) builder_i64(b, (int64_t)v);
        return whole;
    }
    if (b->type->id == TYPE_DOUBLE) {
        builder_f64(b, v);
        return true;
    }
    assert(b->type->id == TYPE_TEXT);
    uint32_t bytes = whole ? i64_print(digits, (int64_t)v) : f64_print(digits, v);
    builder_text_copy(b, (struct text){digits, bytes});
    return true;
}

static bool add_tensor(struct idx_reader *r, struct column_builder *b, const char *row,
                       struct err *e) {
    const struct idx *x = &r->values;
    float *at = arena_alloc(&r->batch_arena, x->row_values * sizeof *at);
    uint32_t *dim =
        (uint32_t *)(void *)arena_copy(&r->batch_arena, r->dim, b->type->dims * sizeof *dim);
    if (!at || !dim) return err_memory(e);
    for (uint32_t i = 0; i < x->row_values; i++) at[i] = (float)idx_value(x->type, row, i);
    builder_tensor(b, (struct tensor){.at = at, .dim = dim});
    return true;
}

/* netpbm's P7, without a comment. */
static bool add_image(struct idx_reader *r, struct column_builder *b, const char *row,
                      struct err *e) {
    const struct idx *x = &r->values;
    static const char *const tuple[] = {"GRAYSCALE", "GRAYSCALE", "", "RGB", "RGB_ALPHA"};
    uint32_t channels = x->dims == 3 ? x->dim[2] : 1;
    char *file = arena_alloc(&r->batch_arena, PAM_HEADER_MAX + (size_t)x->row_bytes);
    if (!file) return err_memory(e);
    int head = snprintf(file, PAM_HEADER_MAX,
                        "P7\nWIDTH %u\nHEIGHT %u\nDEPTH %u\nMAXVAL 255\nTUPLTYPE %s\nENDHDR\n",
                        x->dim[1], x->dim[0], channels, tuple[channels]);
    assert(head > 0 && head < PAM_HEADER_MAX);
    memcpy(file + head, row, x->row_bytes);
    builder_text(b, (struct text){file, (uint32_t)head + x->row_bytes});
    return true;
}

static bool add_value(struct idx_reader *r, struct column_builder *b, const char *row,
                      struct err *e) {
    const struct idx *x = &r->values;
    if (b->type->id == TYPE_TENSOR) return add_tensor(r, b, row, e);
    if (b->type->id == TYPE_IMAGE) return add_image(r, b, row, e);
    if (b->type->id == TYPE_BLOB) {
        builder_text(b, (struct text){row, x->row_bytes});
        return true;
    }
    return add_scalar(b, idx_value(x->type, row, 0)) ||
           err_set(e, ERR_DATA, "22003", "row %u of %s is no BIGINT", x->next - 1, x->path);
}

static bool add_label(struct idx_reader *r, struct column_builder *b, const char *label,
                      struct err *e) {
    const struct idx *x = &r->labels;
    return add_scalar(b, idx_value(x->type, label, 0)) ||
           err_set(e, ERR_DATA, "22003", "label %u of %s is no BIGINT", x->next - 1, x->path);
}

/* The next row of the open files. */
static bool add_row(struct idx_reader *r, struct err *e) {
    const struct schema *physical = r->o.def->physical;
    char label[8];
    char *row = arena_alloc(&r->batch_arena, r->values.row_bytes);
    if (!row) return err_memory(e);
    if (!idx_read(&r->values, row, e)) return false;
    if (r->labels.path && !idx_read(&r->labels, label, e)) return false;
    int64_t time_us = (int64_t)((uint64_t)r->start_us + (uint64_t)r->step_us * r->ordinal);
    for (uint32_t c = 0; c < physical->cols; c++) {
        struct column_builder *b = &r->builder[c];
        uint32_t digits = b->type->precision;
        if (r->role[c] == ROLE_VALUE && !add_value(r, b, row, e)) return false;
        if (r->role[c] == ROLE_LABEL && !add_label(r, b, label, e)) return false;
        if (r->role[c] == ROLE_ORDINAL) builder_i64(b, (int64_t)r->ordinal);
        if (r->role[c] == ROLE_TIME) builder_i64(b, timestamp_floor(time_us, digits));
    }
    r->ordinal++;
    r->base.bytes += r->values.row_bytes;
    return true;
}

/* The files to read from are open; false with e->code ERR_NONE: none is left. */
static bool next_file(struct idx_reader *r, struct err *e) {
    while (!r->values.path || r->values.next == r->values.rows) {
        files_end(r);
        if (r->next_path == r->list.count) return false;
        if (!file_begin(r, e)) return false;
    }
    return true;
}

/* Rows up to the end of a file, of the batch, or to what stops the reading. */
static uint32_t rows_add(struct idx_reader *r) {
    uint32_t rows = 0, most = r->o.env->batch_rows;
    if (!next_file(r, &r->stop)) return 0;
    while (rows < most && (uint64_t)rows * r->values.row_bytes < BATCH_BYTES &&
           r->values.next < r->values.rows && add_row(r, &r->stop)) {
        rows++;
    }
    return rows;
}

static bool fill(struct idx_reader *r, uint32_t *rows_out, struct err *e) {
    const struct schema *physical = r->o.def->physical;
    arena_reset(&r->batch_arena);
    bad_list_reset(&r->bad, &r->batch_arena);
    for (uint32_t c = 0; c < physical->cols; c++) {
        if (!builder_init(&r->builder[c], &r->batch_arena, physical->col[c].type, 1)) {
            return err_memory(e);
        }
    }
    r->first = r->ordinal;
    uint32_t rows = rows_add(r);
    for (uint32_t c = 0; c < physical->cols; c++) {
        builder_truncate(&r->builder[c], rows);
        if (!builder_column(&r->builder[c], &r->col[c])) return err_memory(e);
    }
    *rows_out = rows;
    return true;
}

static enum read_status idx_reader_read(struct reader *base, const struct batch **out,
                                        struct err *e) {
    struct idx_reader *r = (struct idx_reader *)base;
    uint32_t rows = 0;
    if (r->stop.code == ERR_NONE && !fill(r, &rows, e)) return READ_FAIL;
    if (rows == 0 && r->stop.code == ERR_NONE) return READ_END;
    if (rows == 0) {
        *e = r->stop;
        return READ_FAIL;
    }
    const struct intake_rows in = {
        .col = r->col,
        .rows = rows,
        .proctime_us = r->o.env->clock_us(),
        .arena = &r->batch_arena,
    };
    bool ok =
        intake_take(r->intake, &in, out, e) && bad_list_tell(&r->bad, r->o.bad, r->o.context, e);
    return ok ? READ_ROWS : READ_FAIL;
}

static void idx_reader_mark(const struct reader *base, struct mark *out) {
    intake_mark(((const struct idx_reader *)base)->intake, out);
}

static void idx_reader_poll(const struct reader *base, struct pollfd *out) {
    (void)base;
    *out = (struct pollfd){.fd = -1};
}

/* What is saved: 1 byte: a file is open; its inode and device and the row that comes next, 8 bytes
 * each; the paths from that file on; 8 bytes, the ordinal of the next row; the intake's mark; what
 * ended the reading. */
static bool idx_reader_save(struct reader *base, struct buf *out, struct err *e) {
    const struct idx_reader *r = (const struct idx_reader *)base;
    bool open = r->values.path != NULL;
    struct file_info info = {0};
    if (open && !file_info(r->values.file, &info, e)) return false;
    saved_put_u8(out, open);
    saved_put_u64(out, info.inode);
    saved_put_u64(out, info.device);
    saved_put_u64(out, r->values.next);
    path_list_save(&r->list, r->next_path - open, out);
    saved_put_u64(out, r->ordinal);
    intake_save(r->intake, out);
    saved_put_err(out, &r->stop);
    return !out->failed || err_memory(e);
}

static void idx_reader_close(struct reader *base) {
    struct idx_reader *r = (struct idx_reader *)base;
    files_end(r);
    intake_close(r->intake);
    arena_done(&r->batch_arena);
    arena_done(&r->file_arena);
    arena_done(&r->arena);
    free(r);
}

static const struct reader_type idx_reader_type = {
    .read = idx_reader_read,
    .mark = idx_reader_mark,
    .poll = idx_reader_poll,
    .save = idx_reader_save,
    .close = idx_reader_close,
};

/* A row that the declaration does not take: its number, no bytes. */
static void record_fill(void *context, uint32_t row, struct decode_bad *out) {
    const struct idx_reader *r = context;
    out->offset = r->first + row;
    out->raw = text_of("");
}

static bool bad_note(void *context, const struct decode_bad *b, struct err *e) {
    struct idx_reader *r = context;
    return bad_list_add(&r->bad, b->offset, b, e);
}

/* Over the rows that were given. */
static bool rows_skip(struct idx_reader *r, const struct file_info *was, uint64_t rows,
                      struct err *e) {
    struct file_info info;
    char label[8];
    if (!file_info(r->values.file, &info, e)) return false;
    bool same = info.inode == was->inode && info.device == was->device;
    if (!same) return path_changed(r->values.path, "has become another file", e);
    if (rows > r->values.rows) return path_changed(r->values.path, "became shorter", e);
    char *row = arena_alloc(&r->batch_arena, r->values.row_bytes);
    if (!row) return err_memory(e);
    while (r->values.next < rows) {
        if (!idx_read(&r->values, row, e)) return false;
        if (r->labels.path && !idx_read(&r->labels, label, e)) return false;
    }
    return true;
}

static bool idx_reader_resume(struct idx_reader *r, struct err *e) {
    struct saved s = saved_of(r->o.saved);
    struct file_info was = {0};
    bool open = saved_bool(&s);
    was.inode = saved_u64(&s);
    was.device = saved_u64(&s);
    uint64_t rows = saved_u64(&s);
    if (!path_list_load(&r->list, &s, &r->arena, e)) return false;
    r->ordinal = saved_u64(&s);
    intake_load(r->intake, &s);
    saved_err(&s, &r->stop);
    if (!saved_done(&s, "a source", e)) return false;
    if (open && r->list.count == 0) return saved_damaged("a source", e);
    return !open || (file_begin(r, e) && rows_skip(r, &was, rows, e));
}

static bool idx_reader_init(struct idx_reader *r, struct err *e) {
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
    if (!r->role || !r->builder || !r->col) return err_memory(e);
    if (!options_merge(&r->arena, &r->o.def->options, &r->o.hint, &r->options, e) ||
        !roles_find(r->o.def, &r->options, r->role, e) ||
        !option_timestamp(&r->options, "timestamp.start", &r->start_us, e) ||
        !option_duration(&r->options, "timestamp.step", &r->step_us, e)) {
        return false;
    }
    char *path = path_plain(&r->arena, option_text(&r->options, "path"));
    if (!path) return err_memory(e);
    r->intake = intake_create(&in, e);
    if (!r->intake) return false;
    if (r->o.saved.at) return idx_reader_resume(r, e);
    return path_list_find(r->o.env->fs, path, false, &r->arena, &r->list, e);
}

struct reader *idx_reader_open(const struct reader_options *o, struct err *e) {
    struct idx_reader *r = calloc(1, sizeof *r);
    if (!r) {
        err_memory(e);
        return NULL;
    }
    r->base.type = &idx_reader_type;
    r->o = *o;
    arena_init(&r->arena, 0);
    arena_init(&r->file_arena, 0);
    arena_init(&r->batch_arena, 0);
    if (idx_reader_init(r, e)) return &r->base;
    idx_reader_close(&r->base);
    return NULL;
}
