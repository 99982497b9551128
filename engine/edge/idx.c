/* idx.c: see idx.h. */
#include "engine/edge/idx.h"

#include <assert.h>
#include <string.h>

static const struct {
    uint8_t code, bytes;
} types[] = {
#define X(ID, code, bytes) [IDX_##ID] = {code, bytes},
    IDX_TYPE_LIST(X)
#undef X
};

static bool corrupt(const struct idx *x, const char *what, struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "%s %s", x->path, what);
}

/* Exactly `bytes` bytes. */
static bool read_whole(struct idx *x, char *to, size_t bytes, struct err *e) {
    size_t have = 0, got = 1;
    while (have < bytes && got > 0) {
        if (!compress_reader_read(x->bytes, to + have, bytes - have, &got, e)) return false;
        have += got;
    }
    return have == bytes || corrupt(x, "ends early: it is cut", e);
}

static uint32_t u32_big(const char *at) {
    const uint8_t *b = (const uint8_t *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool type_find(struct idx *x, uint8_t code, struct err *e) {
    for (uint32_t t = 0; t < COUNT_OF(types); t++) {
        x->type = (enum idx_type)t;
        if (types[t].code == code) return true;
    }
    return corrupt(x, "is no IDX file: its third byte is no type", e);
}

static bool sizes_read(struct idx *x, const char *sizes, struct err *e) {
    uint64_t values = 1;
    x->rows = u32_big(sizes);
    for (uint32_t d = 0; d < x->dims; d++) {
        x->dim[d] = u32_big(sizes + 4 + (size_t)d * 4);
        values *= x->dim[d];
        if (values == 0) return corrupt(x, "is an IDX file with a dimension of 0", e);
        if (values * types[x->type].bytes > IDX_ROW_BYTES_MAX) {
            return corrupt(x, "is an IDX file with rows above 256 MiB", e);
        }
    }
    x->row_values = (uint32_t)values;
    x->row_bytes = (uint32_t)values * types[x->type].bytes;
    return true;
}

bool idx_open(struct idx *x, struct file_system *fs, const char *path, struct arena *a,
              struct err *e) {
    char head[4], sizes[4 * IDX_DIMS_MAX];
    *x = (struct idx){.path = path};
    x->file = file_open(fs, path, FILE_READ, e);
    if (!x->file) return false;
    x->bytes = compress_reader_open(x->file, path, a, e);
    if (!x->bytes || !read_whole(x, head, sizeof head, e)) return false;
    uint8_t dims = (uint8_t)head[3];
    if (head[0] != 0 || head[1] != 0 || dims < 1 || dims > IDX_DIMS_MAX) {
        return corrupt(x, "is no IDX file", e);
    }
    x->dims = dims - 1u;
    return type_find(x, (uint8_t)head[2], e) && read_whole(x, sizes, 4 * (size_t)dims, e) &&
           sizes_read(x, sizes, e);
}

void idx_close(struct idx *x) {
    compress_reader_close(x->bytes);
    file_close(x->file);
    *x = (struct idx){.path = NULL};
}

bool idx_read(struct idx *x, char *row, struct err *e) {
    assert(x->next < x->rows);
    if (!read_whole(x, row, x->row_bytes, e)) return false;
    x->next++;
    return true;
}

double idx_value(enum idx_type type, const char *row, uint32_t i) {
    const char *at = row + (size_t)i * types[type].bytes;
    uint64_t bits = 0;
    for (uint32_t b = 0; b < types[type].bytes; b++) bits = bits << 8 | (uint8_t)at[b];
    uint32_t low = (uint32_t)bits;
    float f;
    double d;
    switch (type) {
    case IDX_U8: return (double)bits;
    case IDX_I8: return (int8_t)low;
    case IDX_I16: return (int16_t)low;
    case IDX_I32: return (int32_t)low;
    case IDX_F32: memcpy(&f, &low, sizeof f); return (double)f;
    case IDX_F64: memcpy(&d, &bits, sizeof d); return d;
    case IDX_TYPE_COUNT: break;
    }
    return 0;
}
