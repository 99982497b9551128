/* crash_life.c: see crash_life.h. */
#include "tests/crash_life.h"

#include <assert.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clients/session.h"
#include "engine/base/buf.h"
#include "udf/aggregate.h"
#include "udf/table.h"

enum { FN_TABLES_MAX = 64, PATH_BYTES_MAX = 256, FILE_BYTES_MAX = 1 << 26 };

struct life_tables {
    struct fn_table fn[FN_TABLES_MAX];
    struct agg_table agg[UDF_AGGREGATE_TABLES];
};

struct life_tables *life_tables_create(void) {
    struct life_tables *t = calloc(1, sizeof *t);
    assert(t && fn_table_count <= FN_TABLES_MAX);
    fn_tables_copy(t->fn);
    udf_aggregates(t->agg);
    return t;
}

void life_tables_destroy(struct life_tables *t) {
    free(t);
}

/* --- input --- */

/* Row n: its number, one of five keys, and a time that goes on by a second. */
static void add_row(struct buf *b, uint32_t n) {
    buf_addf(b, "{\"id\":%u,\"k\":\"k%u\",\"at\":\"2024-01-01 %02u:%02u:%02u\"}\n", n, n * 7 % 5,
             n / 3600, n / 60 % 60, n % 60);
}

/* Piece number `piece` of an input: whole files have whole rows; else a row may be cut anywhere,
 * as who reads while another writes may find it. */
static void make_piece(const struct life_input *in, uint32_t piece, struct buf *b) {
    uint32_t pieces = in->follow || in->many ? in->pieces : 1;
    uint32_t first = in->many ? in->rows * piece / pieces : 0;
    uint32_t end = in->many ? in->rows * (piece + 1) / pieces : in->rows;
    buf_init(b);
    for (uint32_t n = first; n < end; n++) add_row(b, n);
    assert(!b->failed);
    if (in->many) return;
    size_t from = b->bytes * piece / pieces, to = b->bytes * (piece + 1) / pieces;
    memmove(b->at, b->at + from, to - from);
    b->bytes = to - from;
}

static void piece_path(const struct life_input *in, uint32_t piece, char out[PATH_BYTES_MAX]) {
    if (in->many)
        snprintf(out, PATH_BYTES_MAX, "%s/%03u.json", in->path, piece);
    else
        snprintf(out, PATH_BYTES_MAX, "%s", in->path);
}

static void give_piece(struct life *l) {
    const struct life_input *in = &l->input;
    char path[PATH_BYTES_MAX];
    struct buf b;
    make_piece(in, l->given, &b);
    piece_path(in, l->given, path);
    if (in->many) file_sim_put(l->sim, path, b.at, b.bytes);
    if (!in->many) file_sim_add(l->sim, path, b.at, b.bytes);
    buf_done(&b);
    l->given++;
}

void life_feed(struct life *l) {
    uint32_t pieces = l->input.many && !l->input.follow ? l->input.pieces : 1;
    while (l->given < pieces) give_piece(l);
}

/* The next piece comes before a read of the input. When all have come, a second read of the last
 * one finds its end: nothing more is to be waited for. */
static void feed_on(struct life *l, const char *path) {
    const struct life_input *in = &l->input;
    char last[PATH_BYTES_MAX];
    piece_path(in, in->pieces - 1, last);
    if (strncmp(path, in->path, strlen(in->path)) != 0) return;
    if (l->given < in->pieces) {
        give_piece(l);
    } else if (strcmp(path, last) == 0 && ++l->idle == 2) {
        l->stop = 1;
    }
}

static void look(void *context, const struct file_sim_call *call) {
    struct life *l = context;
    if (l->trace) {
        printf("  %4llu %s %s offset %llu bytes %llu\n", (unsigned long long)call->number,
               call->verb, call->path, (unsigned long long)call->offset,
               (unsigned long long)call->bytes);
    }
    if (l->input.follow && strcmp(call->verb, "read") == 0) feed_on(l, call->path);
}

/* --- a run --- */

/* Every look at the clock is a little later; each life begins an hour after the one before. It has
 * no context, so it is one for all. */
static _Atomic int64_t now_us;

static int64_t clock_us(void) {
    return atomic_fetch_add(&now_us, 300) + 300;
}

static bool begin_rows(void *context, const struct schema *schema, bool changes, bool live,
                       struct err *e) {
    (void)context, (void)schema, (void)changes, (void)live, (void)e;
    return true;
}

static bool take_rows(void *context, const struct batch *b, struct err *e) {
    (void)context, (void)b, (void)e;
    return true;
}

static bool end_rows(void *context, uint64_t rows, struct err *e) {
    (void)context, (void)rows, (void)e;
    return true;
}

static bool open_data(struct session *s, struct err *e) {
    return session_set(s, TEXT_LITERAL("batch-rows"), TEXT_LITERAL("10"), e) &&
           session_set(s, TEXT_LITERAL("checkpoint-interval"), TEXT_LITERAL("1 ms"), e) &&
           session_open_data(s, "data", e);
}

static bool run_script(struct session *s, const char *text, struct err *e) {
    const struct script script = {.name = TEXT_LITERAL("crash"), .text = text_of(text)};
    session_start(s, &script);
    for (bool more = true; more;) {
        if (!session_step(s, &more, e)) return false;
    }
    return session_finish(s, e);
}

void life_begin(struct life *l, uint64_t seed) {
    const struct file_sim_options o = {.seed = seed, .context = l, .look = look};
    l->sim = file_sim_create(&o);
}

bool life_run(struct life *l) {
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert(null_fd >= 0);
    const struct session_options options = {.fs = file_sim_system(l->sim),
                                            .stdin_fd = null_fd,
                                            .stdout_fd = null_fd,
                                            .stderr_fd = null_fd,
                                            .clock_us = clock_us,
                                            .stop = &l->stop,
                                            .fn = l->tables->fn,
                                            .fns = fn_table_count,
                                            .agg = l->tables->agg,
                                            .aggs = UDF_AGGREGATE_TABLES};
    const struct session_output output = {.begin = begin_rows, .rows = take_rows, .end = end_rows};
    now_us = INT64_C(1700000000000000) + INT64_C(3600000000) * ++l->lives;
    l->stop = 0;
    l->idle = 0;
    err_clear(&l->e);
    struct session *s = session_create(&options, &output, &l->e);
    bool done = s && (!l->data || open_data(s, &l->e)) && run_script(s, l->script, &l->e);
    if (s && l->data) done = session_close_data(s, done ? &l->e : &(struct err){0}) && done;
    session_destroy(s);
    close(null_fd);
    return done;
}

void life_end(struct life *l) {
    file_sim_destroy(l->sim);
    l->sim = NULL;
}

/* --- what it leaves --- */

struct gathering {
    struct life_files *to;
    struct file_system *fs;
    uint32_t capacity;
};

static void add_file(struct gathering *g, const char *path) {
    struct life_files *f = g->to;
    struct err e;
    if (f->count == g->capacity) {
        g->capacity = g->capacity ? g->capacity * 2 : 64;
        struct life_file *at = ARENA_ARRAY(&f->arena, at, g->capacity);
        assert(at);
        if (f->count > 0) memcpy(at, f->at, f->count * sizeof *at);
        f->at = at;
    }
    struct life_file *file = &f->at[f->count++];
    file->path = arena_copy(&f->arena, path, strlen(path));
    bool read = file_read_all(g->fs, path, FILE_BYTES_MAX, &f->arena, &file->bytes, &e);
    assert(file->path && read);
}

/* Lists a folder; those below it are appended to `folders`, to be listed in their turn. */
static void add_folder(struct gathering *g, const char *folder, struct buf *folders) {
    struct err e;
    char **name, path[PATH_BYTES_MAX];
    uint32_t count;
    if (!file_list(g->fs, folder, &g->to->arena, &name, &count, &e)) return;
    for (uint32_t i = 0; i < count; i++) {
        struct file_info info;
        snprintf(path, sizeof path, "%s/%s", folder, name[i]);
        bool there = file_stat(g->fs, path, &info, &e);
        assert(there);
        if (info.is_directory)
            buf_add(folders, path, strlen(path) + 1);
        else
            add_file(g, path);
    }
}

static int by_path(const void *a, const void *b) {
    const struct life_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

void life_files_read(struct life_files *f, struct file_sim *sim, const char *folder) {
    struct gathering g = {.to = f, .fs = file_sim_system(sim)};
    struct buf folders;
    *f = (struct life_files){.count = 0};
    arena_init(&f->arena, 0);
    buf_init(&folders);
    buf_add(&folders, folder, strlen(folder) + 1);
    for (size_t at = 0; at < folders.bytes;) {
        char path[PATH_BYTES_MAX];
        snprintf(path, sizeof path, "%s", folders.at + at);
        at += strlen(path) + 1;
        add_folder(&g, path, &folders);
    }
    buf_done(&folders);
    if (f->count > 0) qsort(f->at, f->count, sizeof *f->at, by_path);
}

void life_files_done(struct life_files *f) {
    arena_done(&f->arena);
    f->count = 0;
}

const struct life_file *life_files_find(const struct life_files *f, const char *path) {
    const struct life_file wanted = {.path = (char *)(uintptr_t)path};
    return f->count > 0 ? bsearch(&wanted, f->at, f->count, sizeof *f->at, by_path) : NULL;
}
