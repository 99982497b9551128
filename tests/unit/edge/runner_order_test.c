/* The runner and time: silent inputs, watermarks across inputs, kept streams under pressure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/edge/runner_probe.h"

static int64_t ticking = 1;

/* A clock that moves by itself, a second each time it is asked. */
static int64_t tick(void) {
    ticking += 1000000;
    return ticking;
}

static void json_stream(struct probe *p, const char *name, const char *text) {
    probe_begin(p);
    probe_column(p, "a", &type_bigint);
    probe_write_file(p, name, text);
    probe_option(p, "connector", "filesystem");
    probe_option(p, "path", probe_path(p, name));
    probe_option(p, "format", "json");
}

/* Rows of two inputs are taken by watermark, ties in FROM order, in any batches. */
static void the_lowest_watermark_is_next(void **unused) {
    (void)unused;
    static const uint32_t sizes[] = {1, 2, 3, BATCH_ROWS};
    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        struct probe p[2];
        struct stream *s[2];
        struct probe_query q = {0};
        json_stream(&p[0], "x", "{\"a\":1}\n{\"a\":5}\n{\"a\":6}\n");
        json_stream(&p[1], "y", "{\"a\":2}\n{\"a\":3}\n{\"a\":9}\n");
        for (uint32_t i = 0; i < 2; i++) {
            probe_watermark(&p[i], 0);
            p[i].env.batch_rows = sizes[k];
            s[i] = stream_create(&p[i].def, &p[i].env, &p[i].err);
            query_input(&q, &p[i].def, s[i]);
        }
        query_make(&q, "q", -1);
        struct runner *r = runner_create(&p[0].env, &p[0].err);
        assert_non_null(runner_add(r, &q.o, &p[0].err));
        run_all(r);
        assert_string_equal(q.out.at, "1 2 5 3 9 6 ");
        buf_done(&q.out);
        runner_destroy(r);
        for (uint32_t i = 0; i < 2; i++) {
            stream_destroy(s[i]);
            probe_end(&p[i]);
        }
    }
}

/* An input that is silent for its idle timeout does not hold the other. */
static void a_silent_input_is_passed_over(void **unused) {
    (void)unused;
    struct probe silent, speaking;
    struct probe_query q = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    probe_begin(&silent);
    probe_column(&silent, "a", &type_bigint);
    probe_option(&silent, "connector", "stdin");
    probe_option(&silent, "scan.idle-timeout", "10 s");
    silent.env.stdin_fd = ends[0];
    silent.env.clock_us = tick;
    json_stream(&speaking, "x", "{\"a\":1}\n{\"a\":2}\n");
    struct stream *s[2] = {stream_create(&silent.def, &silent.env, &silent.err),
                           stream_create(&speaking.def, &speaking.env, &speaking.err)};
    struct runner *r = runner_create(&silent.env, &silent.err);
    query_input(&q, &silent.def, s[0]);
    query_input(&q, &speaking.def, s[1]);
    query_make(&q, "q", 2);
    assert_non_null(runner_add(r, &q.o, &silent.err));
    run_all(r);
    assert_string_equal(q.out.at, "1 2 ");
    buf_done(&q.out);
    runner_destroy(r);
    stream_destroy(s[0]);
    stream_destroy(s[1]);
    close(ends[0]);
    close(ends[1]);
    probe_end(&silent);
    probe_end(&speaking);
}

/* More rows than a kept stream keeps go through it to a query that follows: none is lost. */
static void a_follower_is_waited_for(void **unused) {
    (void)unused;
    enum { ROWS = 30000 };
    struct probe source, kept;
    struct probe_query fill = {0}, follow = {0};
    probe_begin(&source);
    probe_column(&source, "a", &type_bigint);
    probe_column(&source, "t", &type_text);
    probe_option(&source, "connector", "datagen");
    probe_option(&source, "number-of-rows", "30000");
    probe_option(&source, "fields.a.kind", "sequence");
    probe_option(&source, "fields.a.start", "0");
    probe_option(&source, "fields.a.end", "29999");
    probe_option(&source, "fields.t.length", "2000");
    probe_begin(&kept);
    probe_column(&kept, "a", &type_bigint);
    probe_column(&kept, "t", &type_text);
    probe_option(&kept, "retention", "1 mb");
    struct stream *s[2] = {stream_create(&source.def, &source.env, &source.err),
                           stream_create(&kept.def, &kept.env, &kept.err)};
    struct runner *r = runner_create(&source.env, &source.err);
    query_input(&fill, &source.def, s[0]);
    query_make(&fill, "fill", -1);
    fill.o.target = s[1];
    query_input(&follow, &kept.def, s[1]);
    query_make(&follow, "follow", ROWS);
    struct job *filling = runner_add(r, &fill.o, &source.err);
    struct job *following = runner_add(r, &follow.o, &source.err);
    run_all(r);
    assert_int_equal(job_state(filling), JOB_ENDED);
    assert_int_equal(job_state(following), JOB_ENDED);
    const char *at = follow.out.at;
    for (long i = 0; i < ROWS; i++) {
        char *end;
        assert_int_equal(strtol(at, &end, 10), i);
        at = end;
    }
    buf_done(&fill.out);
    buf_done(&follow.out);
    runner_destroy(r);
    stream_destroy(s[0]);
    stream_destroy(s[1]);
    probe_end(&source);
    probe_end(&kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_watermark_is_next),
        cmocka_unit_test(a_silent_input_is_passed_over),
        cmocka_unit_test(a_follower_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
