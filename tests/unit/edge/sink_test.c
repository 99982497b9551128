/* Sinks on descriptors: whole lines, Flink's print form, changes with their kinds. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/edge/edge_probe.h"

/* What the sink of `c` writes for the batch. */
static const char *written(struct probe *p, const struct connector *c, const struct batch *b,
                           bool changes) {
    int ends[2];
    char got[4096];
    assert_int_equal(pipe(ends), 0);
    p->fd_out.fd = p->fd_err.fd = ends[1];
    assert_true(connector_check_sink(&p->def, changes, &p->err));
    struct sink *s = c->sink_open(
        &(struct sink_options){.def = &p->def, .env = &p->env, .changes = changes}, &p->err);
    assert_non_null(s);
    assert_true(s->type->write(s, b, &p->err));
    assert_true(s->type->flush(s, &p->err));
    assert_true(s->type->finish(s, &p->err));
    s->type->close(s);
    close(ends[1]);
    ssize_t n = read(ends[0], got, sizeof got);
    close(ends[0]);
    return arena_copy(&p->arena, got, n > 0 ? (size_t)n : 0);
}

static const char *const cells[] = {"1", "a\"b", "2", NULL, "3", ""};

static void begin(struct probe *p, const char *connector) {
    probe_begin(p);
    probe_column(p, "n", &type_bigint);
    probe_column(p, "t", &type_text);
    probe_option(p, "connector", connector);
}

static void stdout_writes_json_lines(void **unused) {
    (void)unused;
    struct probe p;
    begin(&p, "stdout");
    const struct batch *b = probe_batch(&p, 3, cells);
    assert_string_equal(written(&p, &connector_stdout, b, false),
                        "{\"n\":1,\"t\":\"a\\\"b\"}\n{\"n\":2,\"t\":null}\n{\"n\":3,\"t\":\"\"}\n");
    probe_end(&p);
}

static void changes_carry_their_kind(void **unused) {
    (void)unused;
    static const int8_t kinds[] = {CHANGE_INSERT, CHANGE_BEFORE, CHANGE_AFTER};
    struct probe p;
    begin(&p, "stdout");
    struct batch b = *probe_batch(&p, 3, cells);
    b.change = kinds;
    assert_string_equal(written(&p, &connector_stdout, &b, true),
                        "{\"op\":\"+I\",\"n\":1,\"t\":\"a\\\"b\"}\n"
                        "{\"op\":\"-U\",\"n\":2,\"t\":null}\n{\"op\":\"+U\",\"n\":3,\"t\":\"\"}\n");
    probe_end(&p);
}

static void print_is_flinks(void **unused) {
    (void)unused;
    static const int8_t kinds[] = {CHANGE_INSERT, CHANGE_BEFORE, CHANGE_DELETE};
    static const uint16_t sel[] = {0, 1};
    struct probe p;
    begin(&p, "print");
    struct batch b = *probe_batch(&p, 3, cells);
    b.change = kinds;
    assert_string_equal(written(&p, &connector_print, &b, true),
                        "+I[1, a\"b]\n-U[2, null]\n-D[3, ]\n");
    probe_option(&p, "print-identifier", "out");
    b.sel = sel;
    b.live = 2;
    assert_string_equal(written(&p, &connector_print, &b, true),
                        "out> +I[1, a\"b]\nout> -U[2, null]\n");
    probe_end(&p);
}

static void print_knows_all_types(void **unused) {
    (void)unused;
    struct probe p;
    probe_begin(&p);
    probe_option(&p, "connector", "print");
    probe_column(&p, "b", &type_boolean);
    probe_column(&p, "d", &type_double);
    probe_column(&p, "c", type_decimal(&p.arena, 5, 2));
    probe_column(&p, "ts", &type_timestamp3);
    probe_column(&p, "dt", &type_date);
    probe_column(&p, "bl", &type_blob);
    static const char *const row[] = {"true",       "0.5", "1.5", "2026-01-02 03:04:05.678",
                                      "2026-01-02", "AP8="};
    const struct batch *b = probe_batch(&p, 1, row);
    assert_string_equal(written(&p, &connector_print, b, false),
                        "+I[true, 0.5, 1.50, 2026-01-02T03:04:05.678, 2026-01-02, x'00ff']\n");
    probe_end(&p);
}

static void blackhole_takes_everything(void **unused) {
    (void)unused;
    struct probe p;
    begin(&p, "blackhole");
    const struct batch *b = probe_batch(&p, 3, cells);
    assert_string_equal(written(&p, &connector_blackhole, b, true), "");
    probe_end(&p);
}

/* A full disk has a state of its own. */
static void a_full_disk_is_told_as_such(void **unused) {
    (void)unused;
    static const struct connector *const sinks[] = {&connector_stdout, &connector_print};
    for (size_t i = 0; i < COUNT_OF(sinks); i++) {
        struct probe p;
        begin(&p, sinks[i]->name);
        p.fd_out.fd = open("/dev/full", O_WRONLY);
        assert_true(p.fd_out.fd >= 0);
        struct sink *s = sinks[i]->sink_open(
            &(struct sink_options){.def = &p.def, .env = &p.env, .changes = false}, &p.err);
        assert_true(s->type->write(s, probe_batch(&p, 3, cells), &p.err));
        assert_false(s->type->flush(s, &p.err));
        assert_string_equal(p.err.sqlstate, "53100");
        s->type->close(s);
        close(p.fd_out.fd);
        probe_end(&p);
    }
}

/* Nobody reads any more: that ends the query, and is no error to tell; nor is it tried again. */
static void a_reader_that_has_gone_ends_it(void **unused) {
    (void)unused;
    struct probe p;
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    begin(&p, "print");
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    p.fd_out.fd = ends[1];
    struct sink *s = connector_print.sink_open(
        &(struct sink_options){.def = &p.def, .env = &p.env, .changes = false}, &p.err);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(s->type->write(s, probe_batch(&p, 3, cells), &p.err));
        assert_false(s->type->flush(s, &p.err));
        assert_int_equal(p.err.code, ERR_CANCEL);
        p.fd_out.fd = 1; /* would work */
    }
    s->type->close(s);
    close(ends[1]);
    probe_end(&p);
}

/* What only writes cannot be read, and the other way round. */
static void directions_are_checked(void **unused) {
    (void)unused;
    struct probe p;
    bool bounded;
    begin(&p, "print");
    assert_false(connector_check_source(&p.def, NULL, &bounded, &p.err));
    assert_string_equal(p.err.sqlstate, "0A000");
    probe_option(&p, "connector", "stdin");
    assert_false(connector_check_sink(&p.def, false, &p.err));
    assert_string_equal(p.err.sqlstate, "0A000");
    probe_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stdout_writes_json_lines),
        cmocka_unit_test(changes_carry_their_kind),
        cmocka_unit_test(print_is_flinks),
        cmocka_unit_test(print_knows_all_types),
        cmocka_unit_test(blackhole_takes_everything),
        cmocka_unit_test(a_full_disk_is_told_as_such),
        cmocka_unit_test(a_reader_that_has_gone_ends_it),
        cmocka_unit_test(directions_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
