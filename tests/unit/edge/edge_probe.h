/* edge_probe.h: streams made by hand, read and written for real, as text.
 *
 * probe_read() gives one line a row, the watermark that held before it and the row as JSON, and a
 * line "bad <sqlstate> <offset> <raw>" for each bad record, in the order in which they came.
 */
#ifndef TESTS_UNIT_EDGE_EDGE_PROBE_H
#define TESTS_UNIT_EDGE_EDGE_PROBE_H

#include "engine/base/buf.h"
#include "engine/edge/connector.h"

enum { PROBE_COLS = 16, PROBE_OPTIONS = 24 };

struct probe {
    struct arena arena;
    struct edge_env env;
    struct fd_buffer fd_out, fd_err;         /* of env */
    struct field field[PROBE_COLS];          /* all columns */
    struct field physical_field[PROBE_COLS]; /* those that are not computed */
    const struct expr *computed[PROBE_COLS];
    uint32_t physical_col[PROBE_COLS];
    uint32_t partition_col[PROBE_COLS];
    struct schema schema, physical;
    struct option option[PROBE_OPTIONS];
    struct expr time; /* WATERMARK FOR c AS c */
    struct stream_def def;
    bool used[PROBE_COLS];
    char folder[64]; /* an empty one of its own */
    struct buf out;
    struct err err; /* of what failed */
};

void probe_begin(struct probe *p);
void probe_end(struct probe *p); /* removes the folder */

/* The clock of the tests: it is what was set last, and never moves by itself. */
void probe_set_clock(int64_t us);

void probe_column(struct probe *p, const char *name, const struct type *t);
/* `name` is the text of column `from` as a BIGINT: it fails where that is no number. */
void probe_computed(struct probe *p, const char *name, uint32_t from);
void probe_watermark(struct probe *p, uint32_t col);
void probe_option(struct probe *p, const char *key, const char *value);

/* A path in the folder, in the arena. */
const char *probe_path(struct probe *p, const char *name);
void probe_write_file(struct probe *p, const char *name, const char *text);
void probe_append_file(struct probe *p, const char *name, const char *text);
/* All of a file; "(none)" where there is none. */
const char *probe_file(struct probe *p, const char *name);
/* The names below the folder, whole paths from it, sorted, each with a line feed. */
const char *probe_list(struct probe *p);

/* NULL: p->err. */
struct reader *probe_open(struct probe *p);
/* One that goes on where its save() said. */
struct reader *probe_open_saved(struct probe *p, struct text saved);
/* One batch. */
enum read_status probe_read_batch(struct probe *p, struct reader *r);
/* Reads on until there is nothing now (READ_WAIT), the end, or a failure (p->err); adds to p->out.
 * Waits for a descriptor up to a second, as long as fewer than `rows` rows came. */
enum read_status probe_read(struct probe *p, struct reader *r, uint32_t rows);
/* Opens, reads to the end, closes; returns p->out. */
const char *probe_read_all(struct probe *p);

/* A batch of `rows` rows for a sink: column c of row i is text[i * cols + c], read as CSV; NULL
 * pointers are NULLs. In the arena. */
const struct batch *probe_batch(struct probe *p, uint32_t rows, const char *const *text);

#endif
