/* in_bytes_private.h: what the files of the reader of bytes share.
 *
 * in_bytes.c       the buffer, decoding, making rows whole
 * in_bytes_save.c  where it stands, as bytes
 */
#ifndef ENGINE_EDGE_IN_BYTES_PRIVATE_H
#define ENGINE_EDGE_IN_BYTES_PRIVATE_H

#include "engine/edge/bad_list.h"
#include "engine/edge/in_bytes.h"
#include "engine/edge/in_decoding.h"
#include "engine/edge/journal.h"

enum { FIRST_RECORD_MAX = 64 * 1024 };

/* What was decoded last. */
struct decoded {
    const char *at;
    size_t bytes;
    uint64_t offset;    /* of at[0] in its file */
    struct mark before; /* the mark before its rows */
};

/* Bytes that are not decoded yet, from begin to end. */
struct input {
    char *buffer;
    size_t capacity; /* without the pad */
    size_t begin, end;
    uint64_t offset; /* of buffer[begin] in its file */
    bool file_end;   /* what is in the buffer ends its file, or ends with a record */
    bool restart;    /* then the next bytes begin a new file */
    bool ended;
    bool starved; /* the decoder wants more bytes */
    char *first;  /* the first record of the file: NULL when not kept */
    size_t first_bytes;
    char tail[BYTES_TAIL]; /* the last bytes of the file that were decoded */
    uint32_t tail_bytes;
};

/* What came of a source that cannot be read twice. */
struct arrivals {
    struct journal *journal; /* NULL: it is not written down */
    uint64_t at;             /* bytes that came, in all */
    int64_t came_us;         /* when the last of them did */
    bool again;              /* those that come now were written down before */
};

/* The bad record that stops the reading. */
struct stop {
    struct err why; /* ERR_NONE: none did */
    uint64_t offset;
    struct batch cut;  /* the rows before it */
    struct mark after; /* what holds after them */
};

struct byte_reader {
    struct reader base;
    struct reader_options o;
    struct byte_source *source;
    const struct codec *codec;
    struct options options; /* merged */
    struct arena arena;     /* of the reader */
    struct arena batch_arena;
    struct arena whole_arena;
    struct decoding main;
    struct decoding whole; /* decoder NULL: not needed yet */
    struct input in;
    uint64_t *row_offset; /* [batch_rows] */
    uint32_t rows;        /* decoded for the batch being made */
    struct decoded last;
    bool again;          /* it is decoded once more: its bad records were told */
    struct bad_list bad; /* of the batch being made */
    struct stop stop;
    struct arrivals arrivals;
};

/* A decoder that starts in the middle of a file is shown the file's first record. */
bool byte_reader_show_first(struct byte_reader *r, struct decoding *d, struct err *e) MUST_USE;

/* For the reader's type. */
bool byte_reader_save(struct reader *base, struct buf *out, struct err *e);
/* Begins where the journal ends, or where r->o.arrived says. */
bool byte_reader_begin(struct byte_reader *r, struct err *e) MUST_USE;
/* Goes on where r->o.saved says. */
bool byte_reader_resume(struct byte_reader *r, struct err *e) MUST_USE;

/* What comes next, from the journal first; written to it before anyone sees it. */
enum byte_status byte_reader_arrive(struct byte_reader *r, void *to, size_t bytes, size_t *got_out,
                                    struct err *e);

#endif
