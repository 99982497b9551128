/* world.c: see world.h. */
#include "tests/cut/world.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "storage/file_posix.h"
#include "tests/case_run.h"
#include "udf/aggregate.h"
#include "udf/table.h"

enum { FN_TABLES_MAX = 64, PATH_BYTES_MAX = 1024 };

static int64_t still_clock(void) {
    return INT64_C(1000000000000000);
}

/* --- what statements give --- */

static bool begin_rows(void *context, const struct schema *schema, bool changes, bool live,
                       struct err *e) {
    (void)context;
    (void)schema;
    (void)changes;
    (void)live;
    (void)e;
    return true;
}

bool world_show(struct world *w, const struct batch *b, struct err *e) {
    static const struct options none = {NULL, 0};
    if (w->muted) return true;
    struct encoder *c = codec_json.encoder_create(b->schema, &none, b->change != NULL, e);
    if (!c) return false;
    bool done = codec_json.encode(c, b, &w->out->shown, e);
    codec_json.encoder_destroy(c);
    return done;
}

static bool take_rows(void *context, const struct batch *b, struct err *e) {
    return world_show(context, b, e);
}

static bool end_rows(void *context, uint64_t rows, struct err *e) {
    (void)context;
    (void)rows;
    (void)e;
    return true;
}

static void hear(void *context, const char *sentence) {
    struct world *w = context;
    if (!w->muted) buf_addf(&w->out->shown, "%s\n", sentence);
}

bool world_say(struct world *w, const struct err *e) {
    buf_addf(&w->out->shown, "ERROR %s %s\n", e->sqlstate, e->message);
    return false;
}

void world_figures(struct world *w, const struct job *j) {
    struct query_stats s;
    job_stats(j, &s);
    buf_addf(&w->out->shown,
             "query %.*s: %" PRIu64 " in, %" PRIu64 " out, %" PRIu64 " late, %" PRIu64
             " bad, state %d\n",
             TEXT_ARG(job_name(j)), s.rows_in, s.rows_out, s.late, s.bad, (int)job_state(j));
    if (job_error(j)->code != ERR_NONE) (void)world_say(w, job_error(j));
}

/* --- the session --- */

bool world_open(struct world *w, struct err *e) {
    const struct session_options options = {.fs = file_system_posix(),
                                            .stdin_fd = w->in_fd,
                                            .stdout_fd = w->out_fd,
                                            .stderr_fd = w->out_fd,
                                            .clock_us = still_clock,
                                            .fn = w->fn,
                                            .fns = fn_table_count,
                                            .agg = w->agg,
                                            .aggs = UDF_AGGREGATE_TABLES,
                                            .models = udf_models()};
    const struct session_output output = {.context = w,
                                          .begin = begin_rows,
                                          .rows = take_rows,
                                          .end = end_rows,
                                          .notice = hear,
                                          .command = hear};
    char number[16];
    w->session = session_create(&options, &output, e);
    if (!w->session) return false;
    w->session->edge.journal = &w->journal.base;
    w->session->edge.durable = true;
    w->session->edge.salt = 7;
    w->session->edge.turn_batches = 1;
    w->script = (struct script){.name = TEXT_LITERAL("q.sql"), .text = buf_text(&w->text)};
    snprintf(number, sizeof number, "%u", w->o->batch_rows);
    if (!session_set(w->session, TEXT_LITERAL("batch-rows"), text_of(number), e)) return false;
    snprintf(number, sizeof number, "%u", w->o->threads);
    if (!session_set(w->session, TEXT_LITERAL("threads"), text_of(number), e)) return false;
    if (!session_define(w->session, TEXT_LITERAL("dir"), TEXT_LITERAL("."), e)) return false;
    session_start(w->session, &w->script);
    return true;
}

void world_close(struct world *w) {
    if (!w->session) return;
    struct runner *r = w->session->runner;
    runner_leave(r);
    for (struct job *j = runner_first(r), *next; j; j = next) {
        next = job_next(j);
        if (text_equal(job_name(j), TEXT_LITERAL("select"))) runner_remove(r, j);
    }
    session_destroy(w->session);
    w->session = NULL;
}

static int scratch_file(const char *name) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    assert(fd >= 0);
    return fd;
}

bool world_begin(struct world *w, struct err *e) {
    char path[PATH_BYTES_MAX];
    int moved = chdir(w->o->folder);
    assert(moved == 0);
    case_write_files(w->o->spec, ".");
    snprintf(path, sizeof path, "%s.in", w->o->folder);
    w->in_fd = scratch_file(path);
    snprintf(path, sizeof path, "%s.out", w->o->folder);
    w->out_fd = scratch_file(path);
    for (uint32_t i = 0; i < w->o->spec->sections; i++) {
        const struct case_section *s = &w->o->spec->section[i];
        if (s->kind == SECTION_SQL) buf_add_text(&w->text, s->body);
        if (s->kind != SECTION_IN && s->kind != SECTION_IN_ESCAPED) continue;
        ssize_t written = write(w->in_fd, s->body.at, s->body.bytes);
        assert(written == (ssize_t)s->body.bytes);
    }
    lseek(w->in_fd, 0, SEEK_SET);
    w->fn = calloc(FN_TABLES_MAX, sizeof *w->fn);
    w->agg = calloc(UDF_AGGREGATE_TABLES, sizeof *w->agg);
    assert(w->fn && w->agg && fn_table_count <= FN_TABLES_MAX);
    fn_tables_copy(w->fn);
    udf_aggregates(w->agg);
    cut_journal_init(&w->journal);
    cut_point_init(&w->point);
    return world_open(w, e);
}

void world_end(struct world *w) {
    world_close(w);
    cut_point_done(&w->point);
    cut_journal_done(&w->journal);
    buf_done(&w->text);
    free(w->fn);
    free(w->agg);
    close(w->in_fd);
    close(w->out_fd);
}
