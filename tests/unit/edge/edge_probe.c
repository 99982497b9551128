#include "tests/unit/edge/edge_probe.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/edge/codec_cell.h"
#include "storage/file_posix.h"

static int64_t clock_now = 1000000;

void probe_set_clock(int64_t us) {
    clock_now = us;
}

static int64_t read_clock(void) {
    return clock_now;
}

void probe_begin(struct probe *p) {
    *p = (struct probe){.def = {.time_col = -1}};
    arena_init(&p->arena, 0);
    buf_init(&p->out);
    buf_add_str(&p->out, "");
    snprintf(p->folder, sizeof p->folder, "/tmp/weir-edge-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    fd_buffer_init(&p->fd_out, 1, "stdout");
    fd_buffer_init(&p->fd_err, 2, "stderr");
    p->env = (struct edge_env){
        .fs = file_system_posix(),
        .stdin_fd = 0,
        .out = &p->fd_out,
        .err = &p->fd_err,
        .batch_rows = BATCH_ROWS,
        .record_bytes_max = 1 << 20,
        .clock_us = read_clock,
    };
    p->schema.col = p->field;
    p->physical.col = p->physical_field;
    p->def.name = TEXT_LITERAL("s");
    p->def.schema = &p->schema;
    p->def.physical = &p->physical;
    p->def.physical_col = p->physical_col;
    p->def.computed = p->computed;
    p->def.partition_col = p->partition_col;
    p->def.options.option = p->option;
    for (uint32_t c = 0; c < PROBE_COLS; c++) p->used[c] = true;
}

static void remove_all(const char *path, uint32_t depth) {
    DIR *d = depth < 8 ? opendir(path) : NULL;
    if (d) {
        for (struct dirent *one = readdir(d); one; one = readdir(d)) {
            char inner[512];
            if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0) continue;
            snprintf(inner, sizeof inner, "%s/%s", path, one->d_name);
            remove_all(inner, depth + 1);
        }
        closedir(d);
    }
    remove(path);
}

void probe_end(struct probe *p) {
    remove_all(p->folder, 0);
    buf_done(&p->out);
    fd_buffer_done(&p->fd_out);
    fd_buffer_done(&p->fd_err);
    arena_done(&p->arena);
}

void probe_column(struct probe *p, const char *name, const struct type *t) {
    struct field f = {.name = text_of(name), .type = t};
    p->physical_col[p->physical.cols] = p->schema.cols;
    p->physical_field[p->physical.cols++] = f;
    p->field[p->schema.cols++] = f;
}

void probe_computed(struct probe *p, const char *name, uint32_t from) {
    struct expr *column = ARENA_NEW(&p->arena, column);
    struct expr *cast = ARENA_NEW(&p->arena, cast);
    const struct expr **arg = ARENA_ARRAY(&p->arena, arg, 1);
    *column = (struct expr){.kind = EXPR_COLUMN, .type = p->field[from].type, .column = from};
    arg[0] = column;
    *cast = (struct expr){.kind = EXPR_CAST, .type = &type_bigint, .args = 1, .arg = arg};
    p->computed[p->schema.cols] = cast;
    p->field[p->schema.cols++] = (struct field){.name = text_of(name), .type = &type_bigint};
}

void probe_watermark(struct probe *p, uint32_t col) {
    p->time = (struct expr){.kind = EXPR_COLUMN, .type = p->field[col].type, .column = col};
    p->def.time_col = (int32_t)col;
    p->def.watermark = &p->time;
}

void probe_option(struct probe *p, const char *key, const char *value) {
    uint32_t i = 0;
    while (i < p->def.options.count && !text_equal(p->option[i].key, text_of(key))) i++;
    p->option[i] = (struct option){.key = text_of(key), .value = text_of(value)};
    if (i == p->def.options.count) p->def.options.count++;
}

const char *probe_path(struct probe *p, const char *name) {
    char path[512];
    int n = snprintf(path, sizeof path, "%s/%s", p->folder, name);
    return arena_copy(&p->arena, path, (size_t)n);
}

static void put(struct probe *p, const char *name, const char *text, const char *mode) {
    FILE *f = fopen(probe_path(p, name), mode);
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    fclose(f);
}

void probe_write_file(struct probe *p, const char *name, const char *text) {
    put(p, name, text, "w");
}

void probe_append_file(struct probe *p, const char *name, const char *text) {
    put(p, name, text, "a");
}

const char *probe_file(struct probe *p, const char *name) {
    struct text all;
    struct err e;
    bool ok = file_read_all(p->env.fs, probe_path(p, name), 1 << 24, &p->arena, &all, &e);
    return ok ? arena_copy(&p->arena, all.at, all.bytes) : "(none)";
}

static void list(struct probe *p, const char *path, struct buf *out, uint32_t depth) {
    char **name;
    uint32_t count;
    struct err e;
    struct file_info info;
    char inner[512];
    if (depth > 8 || !file_list(p->env.fs, path, &p->arena, &name, &count, &e)) return;
    for (uint32_t i = 0; i < count; i++) {
        snprintf(inner, sizeof inner, "%s/%s", path, name[i]);
        assert_true(file_stat(p->env.fs, inner, &info, &e));
        if (info.is_directory) list(p, inner, out, depth + 1);
        if (!info.is_directory) buf_addf(out, "%s\n", inner + strlen(p->folder) + 1);
    }
}

const char *probe_list(struct probe *p) {
    struct buf out;
    buf_init(&out);
    list(p, p->folder, &out, 0);
    const char *copy = arena_copy(&p->arena, out.at, out.bytes);
    buf_done(&out);
    return copy;
}

static bool note_bad(void *context, const struct decode_bad *b, struct err *e) {
    struct probe *p = context;
    (void)e;
    buf_addf(&p->out, "bad %s %llu %.*s\n", b->sqlstate, (unsigned long long)b->offset,
             TEXT_ARG(b->raw));
    return true;
}

struct reader *probe_open(struct probe *p) {
    return probe_open_saved(p, (struct text){NULL, 0});
}

struct reader *probe_open_saved(struct probe *p, struct text saved) {
    bool bounded;
    if (!connector_check_source(&p->def, NULL, &bounded, &p->err)) return NULL;
    const struct connector *c = connector_of(&p->def, &p->err);
    const struct reader_options o = {
        .def = &p->def,
        .used = p->used,
        .env = &p->env,
        .saved = saved,
        .context = p,
        .bad = note_bad,
    };
    return c->reader_open(&o, &p->err);
}

static void add_row(struct probe *p, const struct batch *b, uint32_t row) {
    static const struct options none = {NULL, 0};
    struct err e;
    uint16_t sel = (uint16_t)row;
    struct batch one = *b;
    one.sel = &sel;
    one.live = 1;
    one.change = NULL;
    int64_t watermark_us = batch_watermark(b, row);
    if (watermark_us == TIME_MIN_US) {
        buf_add_str(&p->out, "- ");
    } else {
        buf_addf(&p->out, "%lld ", (long long)watermark_us);
    }
    struct encoder *c = codec_json.encoder_create(b->schema, &none, false, &e);
    assert_non_null(c);
    assert_true(codec_json.encode(c, &one, &p->out, &e));
    codec_json.encoder_destroy(c);
}

enum read_status probe_read(struct probe *p, struct reader *r, uint32_t rows) {
    uint32_t got = 0;
    for (;;) {
        const struct batch *b = NULL;
        enum read_status s = r->type->read(r, &b, &p->err);
        if (s == READ_WAIT && got < rows) {
            struct pollfd f;
            r->type->poll(r, &f);
            if (poll(&f, 1, f.fd < 0 ? 5 : 1000) > 0 || f.fd < 0) continue;
        }
        if (s != READ_ROWS) return s;
        for (uint32_t i = 0; i < b->live; i++) add_row(p, b, batch_row(b, i));
        got += b->live;
    }
}

enum read_status probe_read_batch(struct probe *p, struct reader *r) {
    const struct batch *b = NULL;
    enum read_status s = r->type->read(r, &b, &p->err);
    for (uint32_t i = 0; s == READ_ROWS && i < b->live; i++) add_row(p, b, batch_row(b, i));
    return s;
}

const char *probe_read_all(struct probe *p) {
    struct reader *r = probe_open(p);
    if (!r) fail_msg("%s", p->err.message);
    enum read_status s = probe_read(p, r, 0);
    if (s == READ_FAIL) buf_addf(&p->out, "failed %s\n", p->err.sqlstate);
    r->type->close(r);
    return p->out.at;
}

const struct batch *probe_batch(struct probe *p, uint32_t rows, const char *const *text) {
    struct batch *b = ARENA_NEW(&p->arena, b);
    struct column *col = ARENA_ARRAY(&p->arena, col, p->physical.cols + 1);
    for (uint32_t c = 0; c < p->physical.cols; c++) {
        struct column_builder builder;
        assert_true(builder_init(&builder, &p->arena, p->physical.col[c].type, rows));
        for (uint32_t i = 0; i < rows; i++) {
            const char *t = text[i * p->physical.cols + c];
            struct cell_fault fault;
            if (!t) {
                builder_null(&builder);
            } else {
                assert_true(cell_append(&builder, text_of(t), TIME_NUMBER_NONE, &fault));
            }
        }
        assert_true(builder_column(&builder, &col[c]));
    }
    *b = (struct batch){
        .schema = &p->physical,
        .col = col,
        .rows = rows,
        .live = rows,
        .first = {.watermark_us = TIME_MIN_US},
    };
    return b;
}
