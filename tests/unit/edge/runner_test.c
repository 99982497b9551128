/* The runner: queries over shared readers, kept streams between queries, bad rows told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/edge/runner_probe.h"

static void file_stream(struct probe *p, const char *text) {
    probe_begin(p);
    probe_column(p, "a", &type_bigint);
    probe_write_file(p, "in.json", text);
    probe_option(p, "connector", "filesystem");
    probe_option(p, "path", probe_path(p, "in.json"));
    probe_option(p, "format", "json");
}

static const char rows_text[] = "{\"a\":1}\n{\"a\":2}\nbad\n{\"a\":3}\n";

/* All that start together see every row; the file is read once. */
static void queries_share_one_reading(void **unused) {
    (void)unused;
    struct probe p;
    struct probe_query q[3] = {0};
    file_stream(&p, rows_text);
    struct stream *s = stream_create(&p.def, &p.env, &p.err);
    struct runner *r = runner_create(&p.env, &p.err);
    for (uint32_t i = 0; i < 3; i++) {
        query_input(&q[i], &p.def, s);
        query_make(&q[i], "q", -1);
        assert_non_null(runner_add(r, &q[i].o, &p.err));
    }
    run_all(r);
    struct stream_stats stats;
    stream_stats(s, &stats);
    assert_int_equal(stats.rows, 3);
    assert_int_equal(stats.bad, 1);
    assert_int_equal(stats.bytes, sizeof rows_text - 1);
    for (uint32_t i = 0; i < 3; i++) {
        assert_string_equal(q[i].out.at, "1 2 3 ");
        buf_done(&q[i].out);
    }
    runner_destroy(r);
    stream_destroy(s);
    probe_end(&p);
}

/* What a declaration did not take is a row of x$errors, once, however often the file is read. */
static void bad_rows_can_be_read(void **unused) {
    (void)unused;
    struct probe p;
    file_stream(&p, rows_text);
    struct stream *s = stream_create(&p.def, &p.env, &p.err);
    struct runner *r = runner_create(&p.env, &p.err);
    for (uint32_t i = 0; i < 2; i++) {
        struct probe_query q = {0};
        query_input(&q, &p.def, s);
        query_make(&q, "q", -1);
        struct job *j = runner_add(r, &q.o, &p.err);
        run_all(r);
        runner_remove(r, j);
        buf_done(&q.out);
    }
    struct probe_query errors = {0};
    query_input(&errors, stream_errors_def(s), s);
    errors.in[0].snapshot = true;
    query_make(&errors, "e", -1);
    assert_non_null(runner_add(r, &errors.o, &p.err));
    run_all(r);
    assert_int_equal(stream_errors_def(s)->schema->cols, 6);
    uint32_t rows = 0;
    for (const char *at = errors.out.at; *at; at++) rows += *at == ' ';
    assert_int_equal(rows, 1);
    buf_done(&errors.out);
    runner_destroy(r);
    stream_destroy(s);
    probe_end(&p);
}

/* on-error = fail stops the query with the record's own error. */
static void errors_can_stop(void **unused) {
    (void)unused;
    struct probe p;
    struct probe_query q = {0};
    file_stream(&p, rows_text);
    probe_option(&p, "on-error", "fail");
    struct stream *s = stream_create(&p.def, &p.env, &p.err);
    struct runner *r = runner_create(&p.env, &p.err);
    query_input(&q, &p.def, s);
    query_make(&q, "q", -1);
    struct job *j = runner_add(r, &q.o, &p.err);
    run_all(r);
    assert_int_equal(job_state(j), JOB_FAILED);
    assert_int_equal(job_error(j)->code, ERR_DATA);
    buf_done(&q.out);
    runner_destroy(r);
    stream_destroy(s);
    probe_end(&p);
}

/* One query fills a kept stream, another follows it in the same run, a snapshot reads it later. */
static void kept_streams_join_queries(void **unused) {
    (void)unused;
    struct probe p, k;
    struct probe_query fill = {0}, follow = {0}, snapshot = {0};
    file_stream(&p, rows_text);
    probe_begin(&k);
    probe_column(&k, "a", &type_bigint);
    struct stream *source = stream_create(&p.def, &p.env, &p.err);
    struct stream *kept = stream_create(&k.def, &k.env, &k.err);
    struct runner *r = runner_create(&p.env, &p.err);
    query_input(&follow, &k.def, kept);
    query_make(&follow, "follow", 3); /* it would not end by itself */
    struct job *following = runner_add(r, &follow.o, &p.err);
    query_input(&fill, &p.def, source);
    query_make(&fill, "fill", -1);
    fill.o.output = NULL;
    fill.o.target = kept;
    assert_non_null(runner_add(r, &fill.o, &p.err));
    run_all(r);
    assert_int_equal(job_state(following), JOB_ENDED);
    assert_string_equal(follow.out.at, "1 2 3 ");
    query_input(&snapshot, &k.def, kept);
    snapshot.in[0].snapshot = true;
    query_make(&snapshot, "snapshot", -1);
    assert_non_null(runner_add(r, &snapshot.o, &p.err));
    run_all(r);
    assert_string_equal(snapshot.out.at, "1 2 3 ");
    buf_done(&fill.out);
    buf_done(&follow.out);
    buf_done(&snapshot.out);
    runner_destroy(r);
    stream_destroy(source);
    stream_destroy(kept);
    probe_end(&k);
    probe_end(&p);
}

/* stdin feeds all that started together; a later one sees what comes later. */
static void stdin_is_read_once(void **unused) {
    (void)unused;
    struct probe p;
    struct probe_query first[2] = {0}, later = {0};
    int ends[2];
    probe_begin(&p);
    probe_column(&p, "a", &type_bigint);
    probe_option(&p, "connector", "stdin");
    assert_int_equal(pipe(ends), 0);
    p.env.stdin_fd = ends[0];
    static const char text[] = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n{\"a\":5}\n";
    assert_int_equal(write(ends[1], text, sizeof text - 1), sizeof text - 1);
    close(ends[1]);
    struct stream *s = stream_create(&p.def, &p.env, &p.err);
    struct runner *r = runner_create(&p.env, &p.err);
    for (uint32_t i = 0; i < 2; i++) {
        query_input(&first[i], &p.def, s);
        query_make(&first[i], "q", 1 + i);
        assert_non_null(runner_add(r, &first[i].o, &p.err));
    }
    run_all(r);
    query_input(&later, &p.def, s);
    query_make(&later, "later", -1);
    assert_non_null(runner_add(r, &later.o, &p.err));
    run_all(r);
    assert_string_equal(first[0].out.at, "1 ");
    assert_string_equal(first[1].out.at, "1 2 ");
    assert_string_equal(later.out.at, "3 4 5 ");
    for (uint32_t i = 0; i < 2; i++) buf_done(&first[i].out);
    buf_done(&later.out);
    runner_destroy(r);
    stream_destroy(s);
    close(ends[0]);
    probe_end(&p);
}

/* A flag that is up stops everything at once, and what was written stays. */
static void a_stop_is_obeyed(void **unused) {
    (void)unused;
    struct probe p;
    struct probe_query q = {0};
    struct err e;
    const volatile sig_atomic_t stop = 1;
    const struct runner_until until = {.stop = &stop};
    probe_begin(&p);
    probe_column(&p, "a", &type_bigint);
    struct stream *s = stream_create(&p.def, &p.env, &p.err);
    struct runner *r = runner_create(&p.env, &p.err);
    query_input(&q, &p.def, s);
    query_make(&q, "q", -1);
    struct job *j = runner_add(r, &q.o, &p.err);
    assert_true(runner_run(r, &until, &e));
    assert_int_equal(job_state(j), JOB_RUNNING);
    buf_done(&q.out);
    runner_destroy(r);
    stream_destroy(s);
    probe_end(&p);
}

/* A query that cannot start fails alone. */
static void others_go_on(void **unused) {
    (void)unused;
    struct probe good, bad;
    struct probe_query q[2] = {0};
    file_stream(&good, rows_text);
    file_stream(&bad, rows_text);
    probe_option(&bad, "path", "/nonexistent/file.json");
    struct stream *s[2] = {stream_create(&bad.def, &bad.env, &bad.err),
                           stream_create(&good.def, &good.env, &good.err)};
    struct runner *r = runner_create(&good.env, &good.err);
    struct job *j[2];
    const struct stream_def *def[2] = {&bad.def, &good.def};
    for (uint32_t i = 0; i < 2; i++) {
        query_input(&q[i], def[i], s[i]);
        query_make(&q[i], "q", -1);
        j[i] = runner_add(r, &q[i].o, &good.err);
    }
    run_all(r);
    assert_int_equal(job_state(j[0]), JOB_FAILED);
    assert_string_equal(job_error(j[0])->sqlstate, "58030");
    assert_int_equal(job_state(j[1]), JOB_ENDED);
    assert_string_equal(q[1].out.at, "1 2 3 ");
    for (uint32_t i = 0; i < 2; i++) buf_done(&q[i].out);
    runner_destroy(r);
    stream_destroy(s[0]);
    stream_destroy(s[1]);
    probe_end(&good);
    probe_end(&bad);
}

/* Two inputs of one query over a source that is read once: ties go by FROM order, so all rows of
 * the first come before those of the second, which wait. */
static void one_stdin_twice_in_a_query(void **unused) {
    (void)unused;
    struct probe p;
    struct probe_query q = {0};
    int ends[2];
    probe_begin(&p);
    probe_column(&p, "a", &type_bigint);
    probe_option(&p, "connector", "stdin");
    p.env.batch_rows = 2;
    assert_int_equal(pipe(ends), 0);
    p.env.stdin_fd = ends[0];
    static const char text[] = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n{\"a\":5}\n";
    assert_int_equal(write(ends[1], text, sizeof text - 1), sizeof text - 1);
    close(ends[1]);
    struct stream *s = stream_create(&p.def, &p.env, &p.err);
    struct runner *r = runner_create(&p.env, &p.err);
    query_input(&q, &p.def, s);
    query_input(&q, &p.def, s);
    query_make(&q, "q", -1);
    struct job *j = runner_add(r, &q.o, &p.err);
    run_all(r);
    if (job_state(j) == JOB_FAILED) fail_msg("%s", job_error(j)->message);
    assert_string_equal(q.out.at, "1 2 3 4 5 1 2 3 4 5 ");
    buf_done(&q.out);
    runner_destroy(r);
    stream_destroy(s);
    close(ends[0]);
    probe_end(&p);
}

/* Two queries that want the same two streams in opposite orders do not block each other. */
static void opposite_orders_do_not_block(void **unused) {
    (void)unused;
    struct probe p[2];
    struct probe_query q[2] = {0};
    struct stream *s[2];
    for (uint32_t i = 0; i < 2; i++) {
        file_stream(&p[i], i ? "{\"a\":10}\n{\"a\":20}\n{\"a\":30}\n" : rows_text);
        p[i].env.batch_rows = 1;
        s[i] = stream_create(&p[i].def, &p[i].env, &p[i].err);
    }
    struct runner *r = runner_create(&p[0].env, &p[0].err);
    for (uint32_t i = 0; i < 2; i++) {
        query_input(&q[i], &p[i].def, s[i]);
        query_input(&q[i], &p[1 - i].def, s[1 - i]);
        query_make(&q[i], "q", -1);
        assert_non_null(runner_add(r, &q[i].o, &p[0].err));
    }
    run_all(r);
    assert_string_equal(q[0].out.at, "1 2 3 10 20 30 ");
    assert_string_equal(q[1].out.at, "10 20 30 1 2 3 ");
    runner_destroy(r);
    for (uint32_t i = 0; i < 2; i++) {
        buf_done(&q[i].out);
        stream_destroy(s[i]);
        probe_end(&p[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_share_one_reading),
        cmocka_unit_test(bad_rows_can_be_read),
        cmocka_unit_test(errors_can_stop),
        cmocka_unit_test(kept_streams_join_queries),
        cmocka_unit_test(stdin_is_read_once),
        cmocka_unit_test(a_stop_is_obeyed),
        cmocka_unit_test(others_go_on),
        cmocka_unit_test(one_stdin_twice_in_a_query),
        cmocka_unit_test(opposite_orders_do_not_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
