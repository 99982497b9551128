/* arrivals.c: what comes by stdin or a socket counts once, whenever the process is killed.
 *
 * A client sends rows to `weir run --data` until that is killed at a random moment; it looks into
 * the log for how much of them arrived, starts the program again with the same script, and sends
 * what did not. In the end all that the queries made must be as after a run that nobody disturbed:
 * windows, a stored table, files, what a model was taught and what it foretold meanwhile.
 *
 *   arrivals WEIR      WEIR_SEED, WEIR_ROUNDS: unit/base/random.h
 */
#include <assert.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "tests/arrivals_client.h"
#include "tests/case_run.h"
#include "tests/tree.h"
#include "tests/unit/base/random.h"

enum { ROWS = 20000, KILLS = 8, PATH_BYTES_MAX = 1024 };

static const char columns[] =
    "CREATE STREAM s (n BIGINT, x DOUBLE, y BOOLEAN, at TIMESTAMP(3), WATERMARK FOR at AS at)\n";

static const char queries[] =
    "CREATE STREAM win (w TIMESTAMP(3), rows BIGINT, total BIGINT);\n"
    "CREATE STREAM sink (n BIGINT, at TIMESTAMP(3)) WITH ('connector' = 'filesystem',\n"
    "  'path' = 'made', 'format' = 'json', 'sink.rolling-policy.file-size' = '32 kb');\n"
    "CREATE TABLE totals (k BIGINT PRIMARY KEY, rows BIGINT, total BIGINT);\n"
    "CREATE STREAM guess (n BIGINT, p DOUBLE, v BIGINT);\n"
    "CREATE MODEL m INPUT (x DOUBLE) OUTPUT (p DOUBLE) WITH ('provider' = 'train',\n"
    "  'type' = 'logistic', 'batch' = '10', 'publish-rows' = '100', 'shuffle' = '50');\n"
    "INSERT INTO win SELECT window_start, COUNT(*), SUM(n)\n"
    "  FROM TUMBLE(TABLE s, DESCRIPTOR(at), INTERVAL '10' SECOND)\n"
    "  GROUP BY window_start, window_end;\n"
    "INSERT INTO totals SELECT n % 10, COUNT(*), SUM(n) FROM s GROUP BY n % 10;\n"
    "INSERT INTO sink SELECT n, at FROM s;\n"
    "INSERT INTO MODEL m SELECT x, y FROM s;\n"
    "INSERT INTO guess SELECT n, predict(MODEL m, x), model_version(MODEL m) FROM s;\n";

static const char questions[] = "SELECT * FROM TABLE(win);\n"
                                "SELECT * FROM TABLE(totals) ORDER BY k;\n"
                                "SELECT * FROM TABLE(guess);\n"
                                "SELECT rows, loss, accuracy, learning_rate, version\n"
                                "  FROM TABLE(m$training);\n"
                                "DESCRIBE MODEL m;\n"
                                "EXPORT MODEL m TO 'm.onnx';\n";

static void write_file(const char *folder, const char *name, struct text bytes) {
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert(f);
    size_t written = fwrite(bytes.at, 1, bytes.bytes, f);
    assert(written == bytes.bytes);
    fclose(f);
}

static void make_rows(struct buf *out) {
    for (uint32_t n = 0; n < ROWS; n++) {
        uint32_t x = n * 7919 % 1000, second = n / 20;
        buf_addf(out, "{\"n\":%u,\"x\":0.%03u,\"y\":%s,\"at\":\"2024-01-01 00:%02u:%02u.%02u\"}\n",
                 n, x, x + n * 31 % 100 > 550 ? "true" : "false", second / 60, second % 60,
                 n % 20 * 5);
    }
    assert(!out->failed);
}

/* A folder with the scripts; the source as the options say. */
static void prepare(const char *folder, const char *source) {
    struct buf script;
    buf_init(&script);
    int made = mkdir(folder, 0777);
    assert(made == 0);
    buf_addf(&script, "%s  WITH (%s);\n%s", columns, source, queries);
    write_file(folder, "s.sql", buf_text(&script));
    write_file(folder, "r.sql", text_of(questions));
    buf_done(&script);
}

/* The file in progress, which has the rows behind those of the finished ones. */
static void gather_open(const char *folder, struct tree *t, struct buf *out) {
    char pattern[PATH_BYTES_MAX + 30];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/made/.part-*.inprogress", folder);
    if (glob(pattern, 0, NULL, &found) != 0) return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        buf_add_text(out, tree_read(t, "/", found.gl_pathv[i]));
    globfree(&found);
}

/* All that was made: the answers, the model, the rows in the sink's files by name. */
static void gather(const char *folder, bool files_only, struct buf *out) {
    struct tree t;
    tree_init(&t);
    tree_add(&t, folder, "made", ".json");
    tree_sort(&t);
    for (size_t i = 0; i < t.count; i++) buf_add_text(out, tree_read(&t, folder, t.path[i]));
    gather_open(folder, &t, out);
    if (!files_only) {
        buf_add_text(out, tree_read(&t, folder, "result"));
        buf_add_text(out, tree_read(&t, folder, "m.onnx"));
    }
    assert(!out->failed);
    tree_done(&t);
}

static int fail(const struct client *c, const char *what) {
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "cat '%s/said' >&2", c->folder);
    fprintf(stderr, "%s; it said:\n", what);
    return system(path) == 0 ? 1 : 2;
}

/* A life that ends in the middle. */
static bool live_and_die(struct client *c, struct random *r) {
    uint64_t pieces = random_below(r, 40), most = c->rows.bytes / (random_rounds(KILLS) * 12);
    bool well = true;
    client_start(c);
    for (uint64_t i = 0; well && i < pieces; i++) {
        well = client_send(c, 1 + random_below(r, most));
        if (random_below(r, 2) == 0) client_wait((int)random_below(r, 20));
    }
    client_wait((int)random_below(r, 40));
    client_kill(c);
    return well;
}

/* Who listens does not end by itself: waits until a checkpoint has covered all rows. */
static void wait_for_files(const struct client *c, const struct buf *expected) {
    struct buf now;
    buf_init(&now);
    for (int i = 0; i < 2000 && now.bytes != expected->bytes; i++) {
        client_wait(5);
        buf_reset(&now);
        gather(c->folder, true, &now);
    }
    buf_done(&now);
}

static int compare(const struct client *c, const struct buf *got, const struct buf *expected) {
    size_t same = 0;
    while (same < got->bytes && same < expected->bytes && got->at[same] == expected->at[same]) {
        same++;
    }
    if (same == got->bytes && same == expected->bytes) return 0;
    size_t from = same > 200 ? same - 200 : 0;
    size_t bytes = got->bytes - from < 400 ? got->bytes - from : 400;
    fprintf(stderr, "differs at byte %zu of %zu (expected %zu): %.*s\n", same, got->bytes,
            expected->bytes, (int)bytes, got->at + from);
    return fail(c, "not as undisturbed");
}

static int disturbed(struct client *c, struct random *r, const struct buf *expected) {
    bool files_only = c->port > 0;
    for (uint32_t i = 0; i < random_rounds(KILLS); i++) {
        if (!live_and_die(c, r)) return fail(c, "the program ended by itself");
    }
    client_start(c);
    if (c->port > 0) client_send_all(c);
    if (c->port > 0) wait_for_files(c, expected);
    if (client_finish(c) != 0 && c->port == 0) return fail(c, "the last run failed");
    if (!files_only && client_ask(c) != 0) return fail(c, "what was made cannot be read");
    struct buf got;
    buf_init(&got);
    gather(c->folder, files_only, &got);
    int status = compare(c, &got, expected);
    buf_done(&got);
    return status;
}

/* A model that takes the place of one that has learnt is the one that is there from now on. */
static int replaced(const struct client *c) {
    struct tree t;
    write_file(c->folder, "r.sql",
               TEXT_LITERAL("CREATE OR REPLACE MODEL m INPUT (x DOUBLE) OUTPUT (p DOUBLE)\n"
                            "  WITH ('provider' = 'train', 'type' = 'linear');\n"));
    if (client_ask(c) != 0) return fail(c, "a model cannot be replaced");
    write_file(c->folder, "r.sql", TEXT_LITERAL("DESCRIBE MODEL m;\n"));
    if (client_ask(c) != 0) return fail(c, "a replaced model cannot be read");
    tree_init(&t);
    const char *said = tree_read(&t, c->folder, "result").at;
    bool new = said &&strstr(said, "\"linear\"") && strstr(said, "rows learnt\",\"value\":\"0\"");
    tree_done(&t);
    return new ? 0 : fail(c, "the replaced model is back");
}

int main(int argc, char **argv) {
    char scratch[] = "/tmp/weir-arrivals-XXXXXX", folder[3][PATH_BYTES_MAX], source[200];
    struct buf rows, all, files;
    struct random r = random_start("arrivals");
    char weir[PATH_MAX];
    if (argc != 2 || !realpath(argv[1], weir) || !mkdtemp(scratch)) return 2;
    for (int i = 0; i < 3; i++) snprintf(folder[i], PATH_BYTES_MAX, "%s/%d", scratch, i);
    buf_init(&rows);
    buf_init(&all);
    buf_init(&files);
    make_rows(&rows);
    struct client c = {.weir = weir, .folder = folder[0], .rows = buf_text(&rows)};
    prepare(folder[0], "'connector' = 'stdin'");
    client_start(&c);
    int status = client_finish(&c) == 0 && client_ask(&c) == 0 ? 0 : fail(&c, "the first run");
    gather(folder[0], false, &all);
    gather(folder[0], true, &files);
    assert(status != 0 || files.bytes > ROWS * 20);

    c.folder = folder[1];
    prepare(folder[1], "'connector' = 'stdin'");
    if (status == 0) status = disturbed(&c, &r, &all);
    if (status == 0) status = replaced(&c);

    c.folder = folder[2];
    c.port = client_free_port();
    snprintf(source, sizeof source,
             "'connector' = 'socket', 'listen' = 'true', 'hostname' = '127.0.0.1', 'port' = '%u'",
             c.port);
    prepare(folder[2], source);
    if (status == 0) status = disturbed(&c, &r, &files);

    if (status == 0) case_remove_folder(scratch);
    buf_done(&rows);
    buf_done(&all);
    buf_done(&files);
    return status;
}
