/* connector.h: connectors: how rows come in and go out, a table row each.
 *
 * A connector is chosen by WITH ('connector' = 'name'). Its row declares its options; a key that no
 * row of the connector or its format knows is an error that names it.
 *
 * Used by: engine/edge, clients (SHOW CONNECTORS).    Tested by: tests/unit/edge, tests/cases
 */
#ifndef ENGINE_EDGE_CONNECTOR_H
#define ENGINE_EDGE_CONNECTOR_H

#include <poll.h>

#include "engine/base/batch.h"
#include "engine/base/file.h"
#include "engine/edge/codec.h"
#include "engine/edge/fd.h"
#include "engine/stream_def.h"

struct journal; /* journal.h */

/* What the edge is given of the outside world. */
struct edge_env {
    struct file_system *fs;
    int stdin_fd;
    struct fd_buffer *out, *err; /* stdout and stderr, for all who print there */
    uint32_t batch_rows;         /* 1..BATCH_ROWS */
    size_t record_bytes_max;     /* a longer line is a bad row (54000) */
    int64_t (*clock_us)(void);   /* PROCTIME(); called once a batch */
    uint64_t image_pixels_max;   /* as struct fn_env's */
    size_t table_bytes_max;      /* what a stored table may hold that is made now; 0: no limit */
    uint32_t turn_batches;       /* that a job may take before the next one's turn; 0: 8 */
    struct journal *journal;     /* what cannot be read twice is written there; NULL: nowhere */
    bool durable;                /* there are checkpoints: sinks that can wait for them */
    uint64_t salt;               /* of the data directory; tells names in its files from others' */
};

/* What the functions of computed columns may use. */
static inline struct fn_env edge_fn_env(const struct edge_env *env) {
    return (struct fn_env){.fs = env->fs, .image_pixels_max = env->image_pixels_max};
}

enum read_status {
    READ_ROWS, /* *out holds rows */
    READ_WAIT, /* nothing now: poll reader_poll(), or ask again later */
    READ_END,  /* no row will ever come */
    READ_FAIL, /* *e */
};

struct reader; /* one open reading of a stream, by one connector */

/* A row that the declaration did not take; kept for x$errors. offset and raw as in codec.h. */
struct reader_options {
    const struct stream_def *def;
    struct options hint; /* of the query */
    const bool *used;    /* [def->schema->cols] */
    const struct edge_env *env;
    struct text saved; /* go on there: what save() of the type wrote; at NULL: from the start */
    const uint64_t *arrived; /* place in the journal to begin at; NULL: its end */
    void *context;
    bool (*bad)(void *context, const struct decode_bad *b, struct err *e); /* false: stop */
};

struct sink_options {
    const struct stream_def *def;
    const struct edge_env *env;
    bool changes;       /* the rows carry change kinds */
    bool resumed;       /* it goes on: what stands at the start was written */
    struct text owner;  /* rows appear only by commit(); a plain name that no other sink of this
                          data directory has; at NULL: they appear as they come */
    struct text record; /* resumed, with an owner: what prepare() wrote last */
};

struct connector {
    const char *name;
    const char *alias; /* or NULL */
    const char *doc;
    const struct option_row *option; /* ends with a NULL key */
    bool needs_format;
    bool rereadable;    /* can be read twice: a file, a generator; not stdin, socket */
    bool transactional; /* with checkpoints its sink gives what they cover, and once */
    bool unordered;     /* the order of what is written to it cannot be seen */
    bool partitions;    /* PARTITIONED BY is for it: it makes folders, or nothing of the rows */

    /* SOURCE; NULL: is none. Options are checked here, before anything is opened. */
    bool (*source_check)(const struct stream_def *def, const struct options *o, bool *bounded_out,
                         struct err *e);
    struct reader *(*reader_open)(const struct reader_options *o, struct err *e);

    /* SINK; NULL: is none. `changes`: the rows carry change kinds; 0A000 where it cannot. */
    bool (*sink_check)(const struct stream_def *def, bool changes, struct err *e);
    struct sink *(*sink_open)(const struct sink_options *o, struct err *e);
    /* Makes what a record of prepare() covers appear, though the sink is not open; does nothing
     * where that was done. NULL: there are no records. */
    bool (*sink_publish)(const struct edge_env *env, struct text record, struct err *e);
    /* Where it prints together with others; NULL: it writes where nobody else does. */
    struct fd_buffer *(*sink_to)(const struct stream_def *def, const struct edge_env *env);
};

/* What every reader and sink begin with; connectors embed these as their first member. */
struct reader {
    const struct reader_type *type;
    uint64_t bytes; /* read so far */
};
struct reader_type {
    /* A batch with def->schema, columns in `used` filled (computed ones too), each row with its
     * stream's watermark and proctime; valid until the next call. */
    enum read_status (*read)(struct reader *r, const struct batch **out, struct err *e);
    /* The mark after the rows so far. */
    void (*mark)(const struct reader *r, struct mark *out);
    /* What to poll while READ_WAIT; fd -1: nothing, ask again after a while. */
    void (*poll)(const struct reader *r, struct pollfd *out);
    /* Makes a bare row of the batch last read whole again, all declared columns, as a one-row
     * batch (late rows are kept whole); NULL: the batch has all of them. */
    bool (*whole_row)(struct reader *r, uint32_t row, const struct batch **out, struct err *e);
    /* From now on these columns are used, more than before; `again`: the batch last read is given
     * once more, with them. NULL: all columns are always given, or the source can be read again. */
    bool (*widen)(struct reader *r, const bool *used, bool again, struct err *e);
    /* Where the next row stands and what it is read by. */
    bool (*save)(struct reader *r, struct buf *out, struct err *e);
    void (*close)(struct reader *r);
};

struct sink {
    const struct sink_type *type;
};
struct sink_type {
    bool (*write)(struct sink *s, const struct batch *b, struct err *e);
    bool (*flush)(struct sink *s, struct err *e);  /* what was written may be seen */
    bool (*finish)(struct sink *s, struct err *e); /* no more rows: publish what is in progress */
    void (*close)(struct sink *s);                 /* accepts an unfinished one */

    /* Of sinks that can have an owner; else NULL. Writes what was given so far to its place, hidden
     * and durable, and a record of it; when that is durable, too, commit() makes what the newest
     * record covers appear. */
    bool (*prepare)(struct sink *s, struct buf *record, struct err *e);
    bool (*commit)(struct sink *s, struct err *e);
};

extern const struct connector connector_filesystem, connector_stdin, connector_stdout,
    connector_socket, connector_print, connector_blackhole, connector_datagen, connector_nexmark;
extern const struct connector *const connectors[]; /* NULL-terminated; in connector.c */

/* Options of every stream, of one that is kept (without a connector), and of a stored table, which
 * has none besides; end with a NULL key. */
extern const struct option_row stream_options[], kept_options[], table_options[];

/* The connector of def's options ('connector' or 'connector.type'); 42704 with a hint where there
 * is none of that name; NULL with e->code ERR_NONE where the stream has no connector. */
const struct connector *connector_of(const struct stream_def *def, struct err *e);

/* At CREATE: every key is known to the connector or its format, every value is one that its row
 * allows, the format exists (22023 naming the option, with a hint), and PARTITIONED BY is for it
 * (partition.h). Errors of these three functions that are about an option have e->offset at its
 * key in the script, e->line 0. */
bool connector_check(const struct stream_def *def, struct err *e) MUST_USE;

/* Calls `tell` for each option of the stream that is taken and has no effect; `why`: a sentence. */
void connector_tell_idle(const struct stream_def *def, void *context,
                         void (*tell)(void *context, struct text key, const char *why));

/* As connector_check() with `hint`, and that it can be read so; *bounded_out: it ends. */
bool connector_check_source(const struct stream_def *def, const struct options *hint,
                            bool *bounded_out, struct err *e) MUST_USE;
bool connector_check_sink(const struct stream_def *def, bool changes, struct err *e) MUST_USE;

#endif
