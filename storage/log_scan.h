/* log_scan.h: the groups of one segment file, read and checked one after the other.
 *
 * Nothing that a file says is believed before its checksum is; nothing is held beyond the largest
 * group. Bytes that were read a while ago are read anew before they are called unsound, since a
 * running engine may have written them meanwhile.
 *
 * Lifetime: log_scan_open .. log_scan_close; groups given until the next call.
 *
 * Uses: log_format.h, log_dir.h.    Used by: storage/log*.c.
 */
#ifndef STORAGE_LOG_SCAN_H
#define STORAGE_LOG_SCAN_H

#include "storage/log_dir.h"
#include "storage/log_format.h"

struct log_scan {
    struct file *file;
    uint64_t first, bytes; /* of the segment: LSN, and the file's length in whole blocks */
    uint64_t salt;
    char *window; /* [window_bytes] what was read at offset window_at */
    size_t window_capacity, window_bytes;
    uint64_t window_at;
};

/* What stands at an LSN. */
struct log_found {
    bool sound;         /* a whole group, as it was written */
    const char *unlike; /* not sound: what is wrong */
    struct log_group_head head;
    const char *group; /* [head.bytes] */
};

/* What is wrong with a segment as a file, and where. */
struct log_head_flaw {
    const char *unlike; /* NULL: nothing */
    uint64_t offset;    /* 0: the head cannot be used */
    uint64_t bytes;     /* of the file */
};
/* Reads the head of a segment and judges it. 0A000: another version. */
bool log_segment_judge_head(struct file_system *fs, const char *directory, uint64_t first,
                            struct log_segment_head *out, struct log_head_flaw *flaw_out,
                            struct err *e) MUST_USE;
/* The same where a flaw is an error: XX001. */
bool log_segment_read_head(struct file_system *fs, const char *directory, uint64_t first,
                           struct log_segment_head *out, struct err *e) MUST_USE;

/* XX001, with the segment's name and the offset in it. Returns false. */
bool log_damage(struct err *e, const char *directory, uint64_t first, uint64_t lsn,
                const char *unlike);

/* For a segment whose head need not be sound. After a failure, too, it may be closed. */
bool log_scan_open(struct log_scan *s, struct file_system *fs, const char *directory,
                   uint64_t first, struct err *e) MUST_USE;
void log_scan_close(struct log_scan *s);

/* Looks for a group at `lsn`. false: reading failed, or there is no memory. */
bool log_scan_group(struct log_scan *s, uint64_t lsn, struct log_found *out,
                    struct err *e) MUST_USE;
/* The same without the bytes behind the head: group is NULL. */
bool log_scan_head(struct log_scan *s, uint64_t lsn, struct log_found *out, struct err *e) MUST_USE;
/* The first group's head that is sound, from `lsn` on to the segment's end. */
bool log_scan_next(struct log_scan *s, uint64_t lsn, struct log_found *out, struct err *e) MUST_USE;

/* At `end` stands no sound group. Does anything behind it in the segment prove that the log went
 * on: a group that says that all before it was durable, or one of a later place, as a file has that
 * was copied while it was used again? */
bool log_scan_proof(struct log_scan *s, uint64_t end, bool *proof_out, struct err *e) MUST_USE;

/* Steps through the records of a sound group: *at starts at 0; false: there is none any more. */
bool log_scan_record(const struct log_found *g, uint32_t *at, struct log_record_head *head_out,
                     struct text *body_out) MUST_USE;
/* Are there as many sound records as the head says? */
bool log_scan_records_sound(const struct log_found *g) MUST_USE;

#endif
