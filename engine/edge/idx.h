/* idx.h: idx: one IDX file: an array of numbers, read row by row.
 *
 * The format of the MNIST data (LeCun, Cortes and Burges): all big-endian,
 *
 *     0   2   zero
 *     2   1   type: 8 uint8, 9 int8, 11 int16, 12 int32, 13 float, 14 double
 *     3   1   dimensions, 1 to IDX_DIMS_MAX
 *     4   4n  their sizes; the first is the number of rows
 *     …       the values, row-major
 *
 * Compressed files are read as what they hold.
 *
 * Errors: ERR_CORRUPT XX001 naming the file where it is no IDX file or ends early; 58030; 53200.
 *
 * Used by: in_idx.c.    Tested by: tests/unit/edge/reader_idx_test.c
 */
#ifndef ENGINE_EDGE_IDX_H
#define ENGINE_EDGE_IDX_H

#include "engine/base/compress.h"
#include "engine/base/file.h"
#include "engine/base/text.h"

enum { IDX_DIMS_MAX = 8, IDX_ROW_BYTES_MAX = 256 << 20 };

/* Types of a value:  id   code  bytes */
#define IDX_TYPE_LIST(X)                                                                           \
    X(U8, 8, 1)                                                                                    \
    X(I8, 9, 1)                                                                                    \
    X(I16, 11, 2)                                                                                  \
    X(I32, 12, 4)                                                                                  \
    X(F32, 13, 4)                                                                                  \
    X(F64, 14, 8)

#define X(ID, code, bytes) IDX_##ID,
enum idx_type { IDX_TYPE_LIST(X) IDX_TYPE_COUNT };
#undef X

struct idx {
    const char *path; /* borrowed */
    struct file *file;
    struct compress_reader *bytes;
    enum idx_type type;
    uint32_t dims; /* of a row: the file's without the first */
    uint32_t dim[IDX_DIMS_MAX];
    uint32_t rows;
    uint32_t next;       /* row */
    uint32_t row_values; /* in a row */
    uint32_t row_bytes;
};

/* `a` and `path` outlive it. idx_close() also after failure. */
bool idx_open(struct idx *x, struct file_system *fs, const char *path, struct arena *a,
              struct err *e) MUST_USE;
void idx_close(struct idx *x); /* accepts a zeroed one */

/* The bytes of the next row, which there is (next < rows), as they stand in the file. */
bool idx_read(struct idx *x, char *row, struct err *e) MUST_USE;

/* Value `i` of a row's bytes. */
double idx_value(enum idx_type type, const char *row, uint32_t i);

#endif
