/* in_bytes.h: the reader of all sources that are bytes: fetches them, decodes them, takes them in.
 *
 * A byte_source says only where bytes come from; the reader owns the buffer (read(2) writes
 * straight into it, only an unfinished record at its end is ever moved), the decoder of the
 * stream's format, and the intake.
 *
 * Lifetime: byte_reader_open takes the source: it is closed with the reader, also when opening
 * fails.
 *
 * Used by: in_filesystem, in_stdin, in_socket.    Tested by: tests/unit/edge/reader_test.c
 */
#ifndef ENGINE_EDGE_IN_BYTES_H
#define ENGINE_EDGE_IN_BYTES_H

#include "engine/edge/connector.h"

enum byte_status {
    BYTES_SOME,     /* *got_out > 0 bytes were written */
    BYTES_RECORDS,  /* likewise, and they end where a record ends */
    BYTES_ROOM,     /* a record does not fit: ask again with room for twice as many bytes */
    BYTES_WAIT,     /* nothing now */
    BYTES_FILE_END, /* what comes next begins a new file */
    BYTES_END,      /* nothing comes any more */
    BYTES_FAIL,     /* *e */
};

/* Sources embed it as their first member. */
struct byte_source {
    const struct byte_source_type *type;
};

enum { BYTES_TAIL = 64 };

/* A place in a file, and what stands before it there, to know the file by. */
struct byte_place {
    uint64_t offset;
    struct text tail; /* at most BYTES_TAIL bytes */
};

struct byte_source_type {
    enum byte_status (*read)(struct byte_source *s, void *to, size_t bytes, size_t *got_out,
                             struct err *e);
    void (*poll)(const struct byte_source *s, struct pollfd *out);
    const char *(*path)(const struct byte_source *s); /* of the file being read; NULL: no files */
    void (*close)(struct byte_source *s);
    bool once; /* what was read is gone: it is written to the journal, where there is one */

    /* Of sources that can be read again. Which file it reads, and which come. */
    bool (*save)(const struct byte_source *s, struct buf *out, struct err *e);
    /* What is read now cannot be read again: a pipe. */
    bool (*is_gone)(const struct byte_source *s);
    /* Goes to the place in the file that it read when it was saved. *again_out: that file became
     * shorter, and is read again from its start. */
    bool (*seek)(struct byte_source *s, const struct byte_place *to, bool *again_out,
                 struct err *e);
};

/* What the source's save() wrote, in o->saved; at NULL: nothing was. */
struct text byte_source_saved(const struct reader_options *o);

/* NULL: see *e. */
struct reader *byte_reader_open(const struct reader_options *o, struct byte_source *source,
                                struct err *e) MUST_USE;

#endif
