/* log.c: weir log: shows the records of a data directory's log, verifies and salvages it.
 *
 * It takes no lock, so it can look at the log of an engine that runs.
 */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "clients/command.h"
#include "clients/error_print.h"
#include "clients/log_print.h"
#include "clients/out.h"
#include "engine/base/number.h"
#include "storage/log_verify.h"

struct log_command {
    const struct process *process;
    const char *directory, *salvage;
    uint64_t from, limit;
    bool verify, ndjson, some; /* some: --from or --limit was given */
    struct out out, err;
    struct log_hole first; /* hole; unlike NULL: none */
    uint64_t holes;
};

static bool print_records(struct log_command *c, struct err *e) {
    struct log_reader *r = log_reader_open(c->process->fs, c->directory, c->from, e);
    if (!r) return false;
    bool ok = true, got = true;
    for (uint64_t count = 0; ok && got && count < c->limit && !*c->process->stop; count++) {
        struct log_record record;
        ok = log_reader_next(r, &record, &got, e);
        if (!ok || !got) break;
        log_print_record(&c->out.buf, &record, c->ndjson);
        if (!out_maybe_flush(&c->out)) break;
    }
    log_reader_close(r);
    return ok;
}

static bool hole_told(void *context, const struct log_hole *h, struct err *e) {
    struct log_command *c = context;
    (void)e;
    if (c->holes++ == 0) c->first = *h;
    buf_addf(&c->err.buf,
             "damage: segment %016" PRIx64 ".seg, offset %" PRIu64 ", %" PRIu64 " bytes: %s\n",
             h->segment, h->lsn - h->segment, h->bytes, h->unlike);
    return true;
}

/* All of the log: how much is sound; with --salvage a copy of it. */
static bool judge(struct log_command *c, struct err *e) {
    struct file_system *fs = c->process->fs;
    const struct log_visit visit = {.context = c, .hole = hole_told};
    struct log_verdict v;
    bool ok = c->salvage ? log_salvage(fs, c->directory, c->salvage, &visit, &v, e)
                         : log_verify(fs, c->directory, &visit, &v, e);
    if (!ok) return false;
    log_print_verdict(&c->out.buf, &v, c->ndjson);
    return c->holes == 0 || log_hole_err(c->directory, &c->first, e);
}

static enum exit_status finish(struct log_command *c, bool ok, struct err *e) {
    enum exit_status status = EXIT_OK;
    out_flush(&c->out);
    if (ok && !out_check(&c->out, e)) {
        if (e->code == ERR_CANCEL) return EXIT_OK; /* whoever read has read enough */
        ok = false;
    }
    if (!ok) {
        error_print(&c->err.buf, NULL, e);
        status = EXIT_RUN;
    }
    return status;
}

static const struct option long_options[] = {
    {"verify", no_argument, NULL, 'v'},
    {"from", required_argument, NULL, 'f'},
    {"limit", required_argument, NULL, 'l'},
    {"salvage", required_argument, NULL, 's'},
    {"format", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* A number of --from or --limit. */
static bool number_of(const char *text, uint64_t *out) {
    int64_t n;
    if (i64_parse(text_of(text), &n) != PARSE_OK || n < 0) return false;
    *out = (uint64_t)n;
    return true;
}

/* false: what is wrong with it stands in *why. */
static bool take_option(struct log_command *c, int letter, const char **why) {
    bool table = optarg && strcmp(optarg, "table") == 0;
    switch (letter) {
    case 'v': c->verify = true; return true;
    case 's': c->salvage = optarg; return true;
    case 'f':
        c->some = true;
        *why = "--from wants an LSN, as a number";
        return number_of(optarg, &c->from);
    case 'l':
        c->some = true;
        *why = "--limit wants a number of records";
        return number_of(optarg, &c->limit);
    case 'o':
        c->ndjson = !table;
        *why = "--format is table or ndjson";
        return table || strcmp(optarg, "ndjson") == 0;
    default: *why = "unknown option or missing value"; return false;
    }
}

static enum exit_status run_arguments(struct log_command *c, int argc, char **argv) {
    const struct process *p = c->process;
    struct err e = {0};
    optind = 1;
    opterr = 0;
    for (int letter; (letter = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        const char *why = NULL;
        if (letter == 'h') return command_help(p, &command_log);
        if (!take_option(c, letter, &why)) {
            return command_usage(p, &command_log, "%s: '%s'", why, argv[optind - 1]);
        }
    }
    if (argc - optind != 1) {
        return command_usage(p, &command_log, "give one data directory");
    }
    if (c->some && (c->verify || c->salvage)) {
        return command_usage(p, &command_log,
                             "--verify and --salvage look at all of the log, without --from and "
                             "--limit");
    }
    c->directory = argv[optind];
    bool ok = c->verify || c->salvage ? judge(c, &e) : print_records(c, &e);
    return finish(c, ok, &e);
}

static enum exit_status command_log_main(const struct process *p, int argc, char **argv) {
    struct log_command c = {.process = p, .limit = UINT64_MAX};
    out_init(&c.out, p->stdout_fd);
    out_init(&c.err, p->stderr_fd);
    enum exit_status status = run_arguments(&c, argc, argv);
    out_done(&c.out);
    out_say(&c.err);
    out_done(&c.err);
    return status;
}

const struct command command_log = {
    .name = "log",
    .usage = "[OPTIONS] DIR",
    .doc = "read the log of a data directory, verify it, salvage what is sound",
    .help = "\n"
            "  --from LSN        begin with the first record at or behind LSN\n"
            "  --limit N         print at most N records\n"
            "  --format FORMAT   table or ndjson\n"
            "  --verify          print no records: check all of it, say how much is sound\n"
            "  --salvage OUT     --verify, and copy what is sound into the directory OUT\n"
            "\n"
            "A line a record: LSN, time, kind, object, bytes, and how it begins. A running engine\n"
            "is not disturbed.\n"
            "\n"
            "exit status: 0 all well, 2 wrong usage, 3 damage, or I/O\n",
    .run = command_log_main,
};
