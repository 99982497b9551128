/* log_private.h: what the log's files share: its state, who may change what, and its parts.
 *
 * One thread at a time holds the pen (`writing`): only it writes to files, and it does so without
 * the mutex. Whoever waits for a record takes the pen if it is free, writes what was gathered, and
 * hands it on; the writer thread takes it for what nobody waits for. All else is under the mutex.
 *
 * Uses: log_format.h, log_dir.h.    Used by: storage/log*.c
 */
#ifndef STORAGE_LOG_PRIVATE_H
#define STORAGE_LOG_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "storage/log_dir.h"
#include "storage/log_format.h"

/* A group: records are gathered in one while the other is written. */
struct log_buffer {
    char *at; /* [capacity] aligned to LOG_BLOCK_BYTES; NULL: nothing yet */
    size_t capacity;
    struct log_group_head head; /* lsn, used_bytes, count hold while it is gathered */
    pthread_cond_t done;        /* it was written, or shall be by who waits for it */
    uint32_t waiters;
};

struct log_segment {
    uint64_t first, bytes;
};

struct log_segments {
    struct log_segment *at; /* [count] oldest first; the last one is written to */
    uint32_t count, capacity;
    uint64_t spare_bytes[LOG_SPARES_MAX]; /* of spare-<i>.seg; 0: there is none */
    struct file *file;                    /* the last segment; the pen's */
    bool direct;                          /* what was written to it is durable */
};

/* The end of what was written, and what the next group says. */
struct log_tail {
    uint64_t before;  /* LSN of the last group; LOG_LSN_NONE */
    uint64_t written; /* end of the last group written */
    uint64_t synced;  /* all before it is durable */
    uint64_t checkpoint, needed;
    int64_t time_us;
    bool closed; /* the last group is a closing one */
};

enum log_thread_state { LOG_THREAD_NONE, LOG_THREAD_IDLE, LOG_THREAD_AWAKE, LOG_THREAD_FILLING };

struct log {
    struct log_options o;
    char *directory;
    struct file *lock;
    uint64_t salt;

    pthread_mutex_t mutex;
    pthread_cond_t work;  /* the thread has something to do */
    pthread_cond_t quiet; /* the pen is free, or a segment was made ready */
    bool prepared;        /* the three above are there */
    bool writing, filling, ends;
    uint32_t quiet_waiters;
    enum log_thread_state thread_state;
    pthread_t thread;

    struct err failed; /* of a write or a sync: for good */
    struct log_buffer buffer[2];
    uint32_t open; /* index of the one that records are added to */
    struct log_segments segments;
    struct log_tail tail;
    _Atomic uint64_t acknowledged, end, oldest;
};

/* log.c: until the record at `place` is in its file. */
bool log_write_out(struct log *l, uint64_t place, struct err *e) MUST_USE;

/* log_recover.c: makes the directories; finds the segments, their end and the newest checkpoint;
 * cuts a torn end. */
bool log_folder_make(struct log *l, struct err *e) MUST_USE;
bool log_recover(struct log *l, struct err *e) MUST_USE;

/* log_segment.c */
static inline struct log_segment *log_active(struct log *l) {
    return &l->segments.at[l->segments.count - 1];
}
/* Room in the list for one more. */
bool log_segment_reserve(struct log *l, struct err *e) MUST_USE;
void log_segment_add(struct log *l, uint64_t first, uint64_t bytes);
/* How long the next segment is, when `bytes` must have room in it. */
uint64_t log_segment_next_bytes(struct log *l, uint64_t bytes);

/* A segment on its way from a spare to the one that is written to. */
struct log_made {
    struct log_segment_head head;
    uint32_t spare; /* number of the spare it is made of; LOG_SPARES_MAX: none, it is new */
    struct file *file;
    bool direct;
};
/* With the pen, without the mutex: durable with its head and name, and m->file open. False with
 * 53100 or ERR_LIMIT: nothing has changed. */
bool log_segment_make(struct log *l, struct log_made *m, struct err *e) MUST_USE;
/* Opens a segment, or a spare, to write on. */
struct file *log_file_open(const struct log *l, const char *path, bool *direct_out,
                           struct err *e) MUST_USE;
/* Writes a file of zeros and makes it spare-<number>.seg; gives up when the log ends. */
bool log_spare_fill(struct log *l, uint32_t number, uint64_t bytes, struct err *e) MUST_USE;
/* With the pen and the mutex: lets go of the segments that lie wholly before `needed`. */
void log_segments_release(struct log *l, uint64_t needed);

/* log_writer.c; all with the mutex. */
bool log_pen_take(struct log *l); /* false: another has it */
void log_pen_release(struct log *l);
void log_quiet_wait(struct log *l); /* for the pen, or for a segment being filled */
/* With the pen: writes the open group, with `flags`. false: l->failed. */
bool log_group_write(struct log *l, uint32_t flags, struct err *e) MUST_USE;
/* With the pen, the open group being empty: goes on in a new segment with room for `bytes`. */
bool log_roll(struct log *l, uint64_t bytes, struct err *e) MUST_USE;
/* With the pen: all that was written is durable. */
bool log_sync(struct log *l, struct err *e) MUST_USE;
bool log_thread_start(struct log *l, struct err *e) MUST_USE;
void log_thread_stop(struct log *l); /* without the mutex */
/* Nothing is acknowledged any more. Returns false. */
bool log_fail(struct log *l, const struct err *e);

static inline struct log_buffer *log_open_buffer(struct log *l) {
    return &l->buffer[l->open];
}
void log_buffer_begin(struct log_buffer *b, uint64_t lsn);

#endif
