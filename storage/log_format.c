/* log_format.c: see log_format.h. Version 1. All numbers are little-endian; CRC is CRC32C.
 *
 * Segment, DIR/log/<first LSN, 16 hex digits>.seg: one block of head, then groups.
 *
 *   offset bytes
 *        0     8  "weir log"
 *        8     4  version
 *       12     4  zero
 *       16     8  LSN of this block
 *       24     8  bytes of the file
 *       32     8  salt of the log
 *       40     8  first LSN of the segment before; all ones: none
 *       48     8  LSN of the last group before this segment; all ones: none
 *       56     8  place of the newest checkpoint; all ones: none
 *       64     8  LSN from which on segments are needed
 *       72     8  log time, us since 1970 UTC
 *       80  4012  zeros
 *     4092     4  CRC of the bytes before; magic, version and CRC stand here in every version
 *
 * Group, at a multiple of 4096:
 *
 *        0     4  "WGRP"
 *        4     4  CRC of the salt, the LSN and bytes 8 to 95
 *        8     4  bytes of the group, a multiple of 4096
 *       12     4  CRC of the salt, the LSN and all bytes from 96 on
 *       16     8  salt of the log
 *       24     8  LSN of this byte's group (of its offset 0)
 *       32     8  LSN of the group before; all ones: none
 *       40     8  LSN before which all was durable
 *       48     8  place of the newest checkpoint; all ones: none
 *       56     8  LSN from which on segments are needed
 *       64     8  log time
 *       72     4  bytes used: head and records; zeros follow
 *       76     4  records
 *       80     4  flags: 1 closing, 2 void
 *       84    12  zeros
 *       96        records
 *
 * Record, at a multiple of 8; its place is the LSN of its first byte:
 *
 *        0     4  CRC of the salt, the place, bytes 4 to 31 and the body
 *        4     4  bytes of the body
 *        8     8  LSN: the place where it was first written
 *       16     8  log time of its first group
 *       24     4  object
 *       28     2  kind
 *       30     2  zero
 *       32        body, zeros to a multiple of 8
 */
#include "storage/log_format.h"

#include <assert.h>
#include <string.h>

#include "storage/crc.h"

enum { SEGMENT_CRC_AT = LOG_BLOCK_BYTES - 4, GROUP_SUMMED_AT = 8, RECORD_SUMMED_AT = 4 };

static const char segment_magic[8] = {'w', 'e', 'i', 'r', ' ', 'l', 'o', 'g'};
static const char group_magic[4] = {'W', 'G', 'R', 'P'};

static void put16(char *at, uint16_t v) {
    at[0] = (char)v;
    at[1] = (char)(v >> 8);
}

static void put32(char *at, uint32_t v) {
    put16(at, (uint16_t)v);
    put16(at + 2, (uint16_t)(v >> 16));
}

static void put64(char *at, uint64_t v) {
    put32(at, (uint32_t)v);
    put32(at + 4, (uint32_t)(v >> 32));
}

static uint16_t get16(const char *at) {
    return (uint16_t)((uint8_t)at[0] | (uint8_t)at[1] << 8);
}

static uint32_t get32(const char *at) {
    return (uint32_t)get16(at) | (uint32_t)get16(at + 2) << 16;
}

static uint64_t get64(const char *at) {
    return (uint64_t)get32(at) | (uint64_t)get32(at + 4) << 32;
}

/* Where a checksum of the log `salt` begins, for bytes at `lsn`. */
static uint32_t seed(uint64_t salt, uint64_t lsn) {
    char place[16];
    put64(place, salt);
    put64(place + 8, lsn);
    return crc32c(0, place, sizeof place);
}

/* What a head names lies before it. */
static bool is_before(uint64_t lsn, uint64_t end) {
    return lsn == LOG_LSN_NONE || lsn < end;
}

void log_segment_encode_version(const struct log_segment_head *h, uint32_t version, char *block) {
    assert(h->bytes % LOG_BLOCK_BYTES == 0 && h->bytes >= LOG_BLOCK_BYTES);
    memset(block, 0, LOG_BLOCK_BYTES);
    memcpy(block, segment_magic, sizeof segment_magic);
    put32(block + 8, version);
    put64(block + 16, h->first);
    put64(block + 24, h->bytes);
    put64(block + 32, h->salt);
    put64(block + 40, h->before);
    put64(block + 48, h->last_group);
    put64(block + 56, h->checkpoint);
    put64(block + 64, h->needed);
    put64(block + 72, (uint64_t)h->time_us);
    put32(block + SEGMENT_CRC_AT, crc32c(0, block, SEGMENT_CRC_AT));
}

void log_segment_encode(const struct log_segment_head *h, char *block) {
    log_segment_encode_version(h, LOG_VERSION, block);
}

enum log_segment_state log_segment_decode(const char *block, struct log_segment_head *out,
                                          uint32_t *version_out) {
    if (memcmp(block, segment_magic, sizeof segment_magic) != 0) return LOG_HEAD_DAMAGED;
    if (get32(block + SEGMENT_CRC_AT) != crc32c(0, block, SEGMENT_CRC_AT)) return LOG_HEAD_DAMAGED;
    *version_out = get32(block + 8);
    if (*version_out != LOG_VERSION) return LOG_HEAD_OTHER_VERSION;

    struct log_segment_head h = {
        .first = get64(block + 16),
        .bytes = get64(block + 24),
        .salt = get64(block + 32),
        .before = get64(block + 40),
        .last_group = get64(block + 48),
        .checkpoint = get64(block + 56),
        .needed = get64(block + 64),
        .time_us = (int64_t)get64(block + 72),
    };
    if (h.bytes % LOG_BLOCK_BYTES != 0 || h.bytes < LOG_BLOCK_BYTES) return LOG_HEAD_DAMAGED;
    if (!is_before(h.before, h.first) || !is_before(h.last_group, h.first) ||
        !is_before(h.checkpoint, h.first) || h.needed > h.first) {
        return LOG_HEAD_DAMAGED;
    }
    *out = h;
    return LOG_HEAD_SOUND;
}

void log_group_encode(const struct log_group_head *h, char *group) {
    assert(h->bytes % LOG_BLOCK_BYTES == 0 && h->used_bytes <= h->bytes);
    assert(h->used_bytes >= LOG_GROUP_HEAD_BYTES);
    uint32_t start = seed(h->salt, h->lsn);
    memset(group, 0, LOG_GROUP_HEAD_BYTES);
    memcpy(group, group_magic, sizeof group_magic);
    put32(group + 8, h->bytes);
    put32(group + 12, crc32c(start, group + LOG_GROUP_HEAD_BYTES, h->bytes - LOG_GROUP_HEAD_BYTES));
    put64(group + 16, h->salt);
    put64(group + 24, h->lsn);
    put64(group + 32, h->before);
    put64(group + 40, h->durable);
    put64(group + 48, h->checkpoint);
    put64(group + 56, h->needed);
    put64(group + 64, (uint64_t)h->time_us);
    put32(group + 72, h->used_bytes);
    put32(group + 76, h->count);
    put32(group + 80, h->flags);
    put32(group + 4,
          crc32c(start, group + GROUP_SUMMED_AT, LOG_GROUP_HEAD_BYTES - GROUP_SUMMED_AT));
}

bool log_group_decode(const char *at, uint64_t salt, uint64_t lsn, struct log_group_head *out) {
    if (memcmp(at, group_magic, sizeof group_magic) != 0) return false;
    if (get64(at + 16) != salt || get64(at + 24) != lsn) return false;
    uint32_t sum =
        crc32c(seed(salt, lsn), at + GROUP_SUMMED_AT, LOG_GROUP_HEAD_BYTES - GROUP_SUMMED_AT);
    if (get32(at + 4) != sum) return false;

    struct log_group_head h = {
        .salt = salt,
        .lsn = lsn,
        .before = get64(at + 32),
        .durable = get64(at + 40),
        .checkpoint = get64(at + 48),
        .needed = get64(at + 56),
        .time_us = (int64_t)get64(at + 64),
        .bytes = get32(at + 8),
        .used_bytes = get32(at + 72),
        .count = get32(at + 76),
        .flags = get32(at + 80),
    };
    if (h.bytes % LOG_BLOCK_BYTES != 0 || h.bytes > LOG_GROUP_BYTES_MAX) return false;
    if (h.used_bytes < LOG_GROUP_HEAD_BYTES || h.used_bytes > h.bytes) return false;
    if (!is_before(h.before, lsn) || !is_before(h.checkpoint, lsn + h.bytes)) return false;
    if (h.durable > lsn || h.needed > lsn + h.bytes) return false;
    *out = h;
    return true;
}

uint64_t log_group_salt(const char *at) {
    return get64(at + 16);
}

uint64_t log_group_lsn(const char *at) {
    return get64(at + 24);
}

bool log_group_check(const struct log_group_head *h, const char *group) {
    uint32_t sum = crc32c(seed(h->salt, h->lsn), group + LOG_GROUP_HEAD_BYTES,
                          h->bytes - LOG_GROUP_HEAD_BYTES);
    return sum == get32(group + 12);
}

static uint32_t record_sum(uint64_t salt, uint64_t place, const char *at, uint64_t body_bytes) {
    return crc32c(seed(salt, place), at + RECORD_SUMMED_AT,
                  LOG_RECORD_HEAD_BYTES - RECORD_SUMMED_AT + body_bytes);
}

void log_record_put(const struct log_record_head *h, char *at) {
    assert(h->place % 8 == 0 && h->first_lsn <= h->place);
    put32(at, 0);
    put32(at + 4, h->body_bytes);
    put64(at + 8, h->first_lsn);
    put64(at + 16, (uint64_t)h->time_us);
    put32(at + 24, h->object);
    put16(at + 28, h->kind);
    put16(at + 30, 0);
}

uint64_t log_record_seal(char *at, uint64_t place, uint64_t salt, int64_t time_us) {
    uint64_t body_bytes = get32(at + 4);
    assert(get32(at) == 0);
    if (get64(at + 8) == place) put64(at + 16, (uint64_t)time_us);
    put32(at, record_sum(salt, place, at, body_bytes));
    return log_record_bytes(body_bytes);
}

uint32_t log_record_body_bytes(const char *at) {
    return get32(at + 4);
}

bool log_record_decode(const char *at, uint64_t bytes, uint64_t salt, struct log_record_head *h) {
    if (bytes < LOG_RECORD_HEAD_BYTES) return false;
    uint64_t body_bytes = log_record_body_bytes(at);
    if (body_bytes > bytes - LOG_RECORD_HEAD_BYTES) return false;
    if (get32(at) != record_sum(salt, h->place, at, body_bytes)) return false;

    uint64_t first_lsn = get64(at + 8);
    if (first_lsn > h->place) return false;
    h->body_bytes = (uint32_t)body_bytes;
    h->first_lsn = first_lsn;
    h->time_us = (int64_t)get64(at + 16);
    h->object = get32(at + 24);
    h->kind = get16(at + 28);
    return true;
}
