/* compress.c: see compress.h.
 *
 * One loop serves both formats: while the caller's buffer has room, give the decoder what was read
 * and see what it wrote; read from the file only when nothing was written yet. An error is kept:
 * bytes decoded before it are given first, and then the error at every call, so that what comes
 * out does not depend on how large the caller's buffer is.
 *
 * gzip: behind a member another may follow, or zeros (tapes pad with them) to the end.
 */
#include "engine/base/compress.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    IN_BYTES = 128 * 1024,
    GZIP_WINDOW = 15 + 16, /* zlib: 32 KiB window, gzip header and trailer */
};

struct compress_reader {
    struct file *file;
    const char *name;
    enum compress_kind kind;
    bool inside; /* a member or frame has begun and not ended */
    bool jumped; /* the file's own position is not where we are */
    bool failed; /* every further read gives `error` */
    struct err error;
    uint64_t taken, given; /* bytes from the file, to the caller */
    size_t in_at, in_bytes;
    ZSTD_DStream *zstd;
    z_stream gzip;
    bool gzip_open;
    unsigned char in[IN_BYTES];
};

/* Where the decoder writes. */
struct target {
    char *at;
    size_t bytes, done;
};

struct compress_reader *compress_reader_open(struct file *f, const char *name, struct arena *a,
                                             struct err *e) {
    assert(f && name);
    struct compress_reader *r = arena_alloc(a, sizeof *r);
    if (!r) {
        err_memory(e);
        return NULL;
    }
    memset(r, 0, offsetof(struct compress_reader, in));
    r->file = f;
    r->name = name;
    return r;
}

void compress_reader_close(struct compress_reader *r) {
    if (!r) return;
    if (r->gzip_open) inflateEnd(&r->gzip);
    ZSTD_freeDStream(r->zstd);
    r->gzip_open = false;
    r->zstd = NULL;
}

enum compress_kind compress_reader_kind(const struct compress_reader *r) {
    return r->kind;
}

uint64_t compress_reader_offset(const struct compress_reader *r) {
    return r->taken - (r->in_bytes - r->in_at);
}

uint64_t compress_reader_given(const struct compress_reader *r) {
    return r->given;
}

/* From where we are in the file. */
static bool read_on(struct compress_reader *r, void *to, size_t bytes, size_t *got_out,
                    struct err *e) {
    return r->jumped ? file_read_at(r->file, r->taken, to, bytes, got_out, e)
                     : file_read(r->file, to, bytes, got_out, e);
}

/* Reads on behind what is in the buffer; *got_out 0: the end of the file. */
static bool fill(struct compress_reader *r, size_t *got_out, struct err *e) {
    if (r->in_at == r->in_bytes) r->in_at = r->in_bytes = 0;
    assert(r->in_bytes < IN_BYTES);
    size_t got = 0;
    if (!read_on(r, r->in + r->in_bytes, IN_BYTES - r->in_bytes, &got, e)) return false;
    r->in_bytes += got;
    r->taken += got;
    *got_out = got;
    return true;
}

static bool fail_corrupt(struct compress_reader *r, const char *why, struct err *e) {
    err_set(e, ERR_CORRUPT, "XX001", "%s is damaged at byte %llu: %s", r->name,
            (unsigned long long)compress_reader_offset(r), why);
    e->offset = compress_reader_offset(r);
    return false;
}

/* The kind that bytes beginning so have; UNKNOWN: they are too few to tell. */
static enum compress_kind kind_of(const unsigned char *at, size_t bytes) {
    static const unsigned char gzip[] = {0x1F, 0x8B, 0x08};
    static const unsigned char zstd[] = {0x28, 0xB5, 0x2F, 0xFD};
    static const unsigned char skip[] = {0x2A, 0x4D, 0x18}; /* behind 0x50..0x5F */
    if (bytes == 0) return COMPRESS_UNKNOWN;

    size_t gzip_bytes = bytes < sizeof gzip ? bytes : sizeof gzip;
    size_t zstd_bytes = bytes < sizeof zstd ? bytes : sizeof zstd;
    if (memcmp(at, gzip, gzip_bytes) == 0)
        return gzip_bytes == sizeof gzip ? COMPRESS_GZIP : COMPRESS_UNKNOWN;
    bool skippable = (at[0] & 0xF0) == 0x50 && memcmp(at + 1, skip, zstd_bytes - 1) == 0;
    if (memcmp(at, zstd, zstd_bytes) == 0 || skippable)
        return zstd_bytes == sizeof zstd ? COMPRESS_ZSTD : COMPRESS_UNKNOWN;
    return COMPRESS_PLAIN;
}

static bool decoder_open(struct compress_reader *r, struct err *e) {
    if (r->kind == COMPRESS_GZIP) {
        if (inflateInit2(&r->gzip, GZIP_WINDOW) != Z_OK) return err_memory(e);
        r->gzip_open = true;
    }
    if (r->kind == COMPRESS_ZSTD) {
        r->zstd = ZSTD_createDStream();
        if (!r->zstd) return err_memory(e);
    }
    return true;
}

/* Reads until the kind is known; an empty file stays UNKNOWN. */
static bool detect(struct compress_reader *r, struct err *e) {
    enum compress_kind kind = COMPRESS_UNKNOWN;
    size_t got = 1;
    while (kind == COMPRESS_UNKNOWN && got > 0) {
        if (!fill(r, &got, e)) return false;
        kind = kind_of(r->in, r->in_bytes);
    }
    if (kind == COMPRESS_UNKNOWN && r->in_bytes > 0) kind = COMPRESS_PLAIN;
    r->kind = kind;
    return decoder_open(r, e);
}

static bool read_plain(struct compress_reader *r, struct target *t, struct err *e) {
    size_t held = r->in_bytes - r->in_at;
    if (held == 0) {
        if (!read_on(r, t->at, t->bytes, &t->done, e)) return false;
        r->taken += t->done;
        return true;
    }
    t->done = held < t->bytes ? held : t->bytes;
    memcpy(t->at, r->in + r->in_at, t->done);
    r->in_at += t->done;
    return true;
}

static bool fail_gzip(struct compress_reader *r, int code, struct err *e) {
    if (code == Z_MEM_ERROR) return err_memory(e);
    const char *why = code == Z_NEED_DICT ? "it needs a dictionary" : r->gzip.msg;
    return fail_corrupt(r, why ? why : "not a gzip stream", e);
}

/* Between members: zeros are padding; false: something that is no member follows. */
static bool member_begin(struct compress_reader *r, struct err *e) {
    bool padded = false;
    for (; r->in_at < r->in_bytes && r->in[r->in_at] == 0; r->in_at++) padded = true;
    if (r->in_at == r->in_bytes) return true;
    if (padded || r->in[r->in_at] != 0x1F)
        return fail_corrupt(r, "bytes behind the end of the gzip stream", e);
    r->inside = true;
    return inflateReset(&r->gzip) == Z_OK || fail_corrupt(r, "not a gzip stream", e);
}

static bool step_gzip(struct compress_reader *r, struct target *t, struct err *e) {
    if (!r->inside && !member_begin(r, e)) return false;
    if (!r->inside) return true;

    size_t room = t->bytes - t->done;
    uInt out = room < UINT_MAX ? (uInt)room : UINT_MAX;
    r->gzip.next_in = r->in + r->in_at;
    r->gzip.avail_in = (uInt)(r->in_bytes - r->in_at);
    r->gzip.next_out = (Bytef *)t->at + t->done;
    r->gzip.avail_out = out;
    int code = inflate(&r->gzip, Z_NO_FLUSH);
    r->in_at = r->in_bytes - r->gzip.avail_in;
    t->done += out - r->gzip.avail_out;
    if (code == Z_STREAM_END) r->inside = false;
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) return true;
    return fail_gzip(r, code, e);
}

static bool fail_zstd(struct compress_reader *r, size_t code, struct err *e) {
    ZSTD_ErrorCode what = ZSTD_getErrorCode(code);
    if (what == ZSTD_error_memory_allocation) return err_memory(e);
    if (what == ZSTD_error_frameParameter_windowTooLarge) {
        return err_set(e, ERR_LIMIT, "54000", "%s: the zstd window is too large", r->name);
    }
    return fail_corrupt(r, ZSTD_getErrorName(code), e);
}

static bool step_zstd(struct compress_reader *r, struct target *t, struct err *e) {
    ZSTD_inBuffer in = {r->in, r->in_bytes, r->in_at};
    ZSTD_outBuffer out = {t->at, t->bytes, t->done};
    size_t code = ZSTD_decompressStream(r->zstd, &out, &in);
    r->in_at = in.pos;
    t->done = out.pos;
    if (ZSTD_isError(code)) return fail_zstd(r, code, e);
    r->inside = code != 0;
    return true;
}

/* A decoder may hold decoded bytes back when the buffer was full: ask it before the file. */
static bool step(struct compress_reader *r, struct target *t, struct err *e) {
    return r->kind == COMPRESS_GZIP ? step_gzip(r, t, e) : step_zstd(r, t, e);
}

static bool read_compressed(struct compress_reader *r, struct target *t, struct err *e) {
    while (t->done < t->bytes) {
        size_t before = t->done, held = r->in_bytes - r->in_at;
        if ((held > 0 || r->inside) && !step(r, t, e)) return false;
        if (t->done > before || r->in_bytes - r->in_at < held) continue;
        if (t->done > 0) return true;
        if (r->in_at < r->in_bytes) return fail_corrupt(r, "the decoder makes no progress", e);

        size_t got = 0;
        if (!fill(r, &got, e)) return false;
        if (got == 0 && r->inside) return fail_corrupt(r, "it ends in the middle", e);
        if (got == 0) return true;
    }
    return true;
}

bool compress_reader_read(struct compress_reader *r, void *to, size_t bytes, size_t *got_out,
                          struct err *e) {
    assert(to && bytes > 0);
    struct target t = {.at = to, .bytes = bytes};
    bool ok = !r->failed;
    if (ok && r->kind == COMPRESS_UNKNOWN) ok = detect(r, &r->error);
    if (ok && r->kind == COMPRESS_PLAIN) ok = read_plain(r, &t, &r->error);
    if (ok && (r->kind == COMPRESS_GZIP || r->kind == COMPRESS_ZSTD))
        ok = read_compressed(r, &t, &r->error);

    if (!ok) r->failed = true;
    if (!ok && t.done == 0) {
        *e = r->error;
        return false;
    }
    r->given += t.done;
    *got_out = t.done;
    return true;
}

static bool fail_short(const struct compress_reader *r, struct err *e) {
    return err_set(e, ERR_IO, "58030", "%s is shorter than what was read of it", r->name);
}

/* Over bytes of a plain file: those in the buffer, or by a jump. */
static bool skip_plain(struct compress_reader *r, uint64_t bytes, struct err *e) {
    struct file_info info;
    if (!file_info(r->file, &info, e)) return false;
    size_t held = r->in_bytes - r->in_at;
    uint64_t at = r->taken - held;
    if (info.size_bytes < at || info.size_bytes - at < bytes) return fail_short(r, e);
    r->given += bytes;
    if (bytes <= held) {
        r->in_at += (size_t)bytes;
        return true;
    }
    r->taken += bytes - held;
    r->in_at = r->in_bytes = 0;
    r->jumped = true;
    return true;
}

bool compress_reader_skip(struct compress_reader *r, uint64_t bytes, struct err *e) {
    char over[4096];
    if (r->kind == COMPRESS_UNKNOWN && !detect(r, e)) return false;
    if (r->kind == COMPRESS_PLAIN) return skip_plain(r, bytes, e);
    while (bytes > 0) {
        size_t got = 0, want = bytes < sizeof over ? (size_t)bytes : sizeof over;
        if (!compress_reader_read(r, over, want, &got, e)) return false;
        if (got == 0) return fail_short(r, e);
        bytes -= got;
    }
    return true;
}
