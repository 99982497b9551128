/* log_format.h: the bytes of the log: heads of segments, groups and records.
 *
 * A head is written from a struct and read back into one; what is read is sound, or it is refused.
 * Checksums begin with the salt of the log and the LSN, so that what another log, or an earlier
 * life of the same block, left behind is never taken for a group of this one.
 *
 * Uses: crc.h.    Used by: storage/log*.c.    Tested by: tests/unit/storage/log_format_test.c
 */
#ifndef STORAGE_LOG_FORMAT_H
#define STORAGE_LOG_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/attr.h"
#include "storage/log.h"

enum {
    LOG_VERSION = 1,
    LOG_BLOCK_BYTES = 4096, /* the head of a segment; groups are whole blocks */
    LOG_GROUP_HEAD_BYTES = 96,
    LOG_RECORD_HEAD_BYTES = 32,
    LOG_GROUP_BYTES_MAX = 1 << 30,
};

struct log_segment_head {
    uint64_t first;      /* LSN of this head */
    uint64_t bytes;      /* of the file */
    uint64_t salt;       /* of the log */
    uint64_t before;     /* first LSN of the segment before; LOG_LSN_NONE */
    uint64_t last_group; /* LSN of the last group before this segment; LOG_LSN_NONE */
    uint64_t checkpoint; /* as log_checkpoint() when it was made */
    uint64_t needed;     /* segments wholly before it are not */
    int64_t time_us;     /* log time */
};

enum log_group_flag {
    LOG_GROUP_CLOSING = 1, /* the log was closed in order: no records */
    LOG_GROUP_VOID = 2,    /* stands where salvage found damage: no records */
};

struct log_group_head {
    uint64_t salt;
    uint64_t lsn;        /* where it stands */
    uint64_t before;     /* LSN of the group before; LOG_LSN_NONE: the log's first */
    uint64_t durable;    /* all before it was durable when this group was written */
    uint64_t checkpoint; /* place of the newest checkpoint; LOG_LSN_NONE */
    uint64_t needed;     /* segments wholly before it are not */
    int64_t time_us;     /* log time */
    uint32_t bytes;      /* whole blocks */
    uint32_t used_bytes; /* with the head; zeros follow */
    uint32_t count;      /* records */
    uint32_t flags;
};

struct log_record_head {
    uint64_t place;
    uint64_t first_lsn; /* == place, or it is carried forward */
    int64_t time_us;
    uint32_t body_bytes;
    uint32_t object;
    uint16_t kind;
};

enum log_segment_state { LOG_HEAD_SOUND, LOG_HEAD_DAMAGED, LOG_HEAD_OTHER_VERSION };

/* block [LOG_BLOCK_BYTES] */
void log_segment_encode(const struct log_segment_head *h, char *block);
/* As a program of another version would. */
void log_segment_encode_version(const struct log_segment_head *h, uint32_t version, char *block);
enum log_segment_state log_segment_decode(const char *block, struct log_segment_head *out,
                                          uint32_t *version_out);

/* The group at `group` [h->bytes], head and checksums; records and zeros are there already. */
void log_group_encode(const struct log_group_head *h, char *group);
/* The head alone [LOG_GROUP_HEAD_BYTES]; false: no group of the log `salt` stands at `lsn`. */
bool log_group_decode(const char *at, uint64_t salt, uint64_t lsn,
                      struct log_group_head *out) MUST_USE;
/* The salt in a group's head, for a log whose own is lost, and the LSN; to be believed when the
 * head is sound with them. */
uint64_t log_group_salt(const char *at);
uint64_t log_group_lsn(const char *at);
/* Do the bytes behind the head agree with it? */
bool log_group_check(const struct log_group_head *h, const char *group) MUST_USE;

/* A record's place in its group, head and body, to a multiple of 8. */
static inline uint64_t log_record_bytes(uint64_t body_bytes) {
    return (LOG_RECORD_HEAD_BYTES + body_bytes + 7) & ~UINT64_C(7);
}

static inline uint64_t log_blocks_bytes(uint64_t bytes) {
    return (bytes + LOG_BLOCK_BYTES - 1) / LOG_BLOCK_BYTES * LOG_BLOCK_BYTES;
}

/* The head before a body that stands at `at` + LOG_RECORD_HEAD_BYTES, all but its time if it is
 * new, and its checksum: these log_record_seal() adds, when the group's time is known. */
void log_record_put(const struct log_record_head *h, char *at);
/* Returns log_record_bytes(). */
uint64_t log_record_seal(char *at, uint64_t place, uint64_t salt, int64_t time_us);
/* Of `bytes` bytes that are there; the body's length is judged first: false: it is not there, or
 * not what was written. */
bool log_record_decode(const char *at, uint64_t bytes, uint64_t salt,
                       struct log_record_head *h) MUST_USE;
/* How long the body claims to be, before anything is believed. */
uint32_t log_record_body_bytes(const char *at);

#endif
