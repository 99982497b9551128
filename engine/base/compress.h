/* compress.h: compress_reader: the bytes of a file, decompressed when it is compressed.
 *
 * The first bytes tell: gzip (RFC 1952, any number of members), zstd (RFC 8878, any number of
 * frames, skippable ones too), else the bytes as they are. A plain file may be read on after its
 * end was met (it grows); a compressed one that ends inside a member or frame is an error.
 *
 * Errors: XX001 ERR_CORRUPT for damaged or truncated data, e->offset being the place in the
 * compressed file; 58030 from the file; 53200.
 *
 * Lifetime: open .. close; the file and the arena are the caller's and outlive the reader.
 *
 * Used by: engine/edge.    Tested by: tests/unit/base/compress_test.c
 */
#ifndef ENGINE_BASE_COMPRESS_H
#define ENGINE_BASE_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/file.h"

enum compress_kind {
    COMPRESS_UNKNOWN, /* nothing read yet */
    COMPRESS_PLAIN,
    COMPRESS_GZIP,
    COMPRESS_ZSTD,
};

struct compress_reader;

/* Reads from the file's position on. `name` (borrowed) is for messages. NULL: see *e. */
struct compress_reader *compress_reader_open(struct file *f, const char *name, struct arena *a,
                                             struct err *e) MUST_USE;

/* Fills up to `bytes` bytes; as many as are there without waiting for more of the file than one
 * read. *got_out 0: the end. */
bool compress_reader_read(struct compress_reader *r, void *to, size_t bytes, size_t *got_out,
                          struct err *e) MUST_USE;

/* Goes forward over `bytes` bytes of what it gives; the file is a regular one. 58030 where it is
 * shorter. */
bool compress_reader_skip(struct compress_reader *r, uint64_t bytes, struct err *e) MUST_USE;

enum compress_kind compress_reader_kind(const struct compress_reader *r);
/* Bytes of the file taken so far. */
uint64_t compress_reader_offset(const struct compress_reader *r);
/* Bytes given so far. */
uint64_t compress_reader_given(const struct compress_reader *r);

/* Accepts NULL. Does not close the file. */
void compress_reader_close(struct compress_reader *r);

#endif
