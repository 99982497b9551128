/* out_filesystem.c: the filesystem connector as a sink: one file, or a folder of part files.
 *
 * One file: where 'path' names a file (a name with an extension), nothing is PARTITIONED BY and no
 * rolling is asked for. Lines are added to it as they come, behind what it held before.
 *
 * A folder: rows go to the part of their partition (out_part.h), which is the folder itself
 * without PARTITIONED BY. Part files are closed by size, by age, when their partition is complete,
 * and at the end. A complete partition ('sink.partition-commit.*') gets a success file: complete by
 * the watermark that the rows carry, or by the clock.
 */
#include "engine/edge/out_filesystem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/option.h"
#include "engine/base/time.h"
#include "engine/edge/partition.h"
#include "engine/edge/path.h"
#include "engine/edge/time_pattern.h"

enum { GATHER_BYTES = 64 * 1024, NONE = PARTS_NO_ROW };

/* From the point in the last name of a path on; NULL: it has none. */
static const char *extension_of(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? dot : NULL;
}

/* Is 'path' the name of a file? `there`: something that is no folder is called so. */
static bool names_file(const struct stream_def *def, const struct options *o, const char *path,
                       bool there) {
    const char *dot = extension_of(path);
    if ((!there && (!dot || !dot[1])) || def->partitions > 0) return false;
    return !option_find(o, "sink.rolling-policy.file-size") &&
           !option_find(o, "sink.rolling-policy.rollover-interval") &&
           !option_find(o, "sink.rolling-policy.check-interval");
}

/* --- one file --- */

bool filesystem_single_flush(struct filesystem_sink *s, struct err *e) {
    if (s->buf.bytes == 0) return true;
    bool ok = single_write(&s->single, buf_text(&s->buf), e);
    buf_reset(&s->buf);
    return ok;
}

static bool single_begin(struct filesystem_sink *s, const struct sink_options *o, const char *path,
                         struct err *e) {
    const struct single_options single = {
        .fs = s->env->fs,
        .path = path,
        .owner = o->owner,
        .resumed = o->resumed,
        .record = o->record,
    };
    bool fresh = false, broken_off;
    if (!single_open(&s->single, &single, &fresh, e)) return false;
    if (fresh) return line_writer_begin(&s->writer, &s->buf, e);
    if (o->resumed) return true;
    if (!single_is_broken_off(&s->single, &broken_off, e)) return false;
    if (broken_off) buf_add_char(&s->buf, '\n'); /* no row of ours goes on with it */
    return !s->buf.failed || err_memory(e);
}

static bool single_add(struct filesystem_sink *s, const struct batch *b, struct err *e) {
    if (!line_writer_add(&s->writer, b, &s->buf, e)) return false;
    return s->buf.bytes < GATHER_BYTES || filesystem_single_flush(s, e);
}

/* --- parts --- */

/* The folder's name for row `row`. */
static bool make_key(struct filesystem_sink *s, const struct batch *b, uint32_t row,
                     struct err *e) {
    const struct stream_def *def = s->def;
    buf_reset(&s->key);
    for (uint32_t i = 0; i < def->partitions; i++) {
        uint32_t p = 0;
        while (def->physical_col[p] != def->partition_col[i]) p++;
        if (i > 0) buf_add_char(&s->key, '/');
        partition_escape(&s->key, def->physical->col[p].name);
        buf_add_char(&s->key, '=');
        partition_value(&s->key, &b->col[sink_column(def, b, p)], row, s->null_name);
    }
    return !s->key.failed || err_memory(e);
}

/* When the partition is complete, by the watermark. */
static int64_t complete_time(const struct filesystem_sink *s, const struct part *p) {
    struct buf text;
    int64_t us = 0, days = 0;
    if (!s->commits || !s->by_watermark) return TIME_END_US;
    buf_init(&text);
    if (s->pattern.bytes > 0) {
        partition_pattern(&text, s->pattern, p->key);
    } else { /* the first value, as in Flink */
        partition_unescape(&text, partition_first(p->key));
    }
    bool by_format = s->formatter.bytes > 0;
    bool ok = by_format ? time_pattern_read(s->formatter, buf_text(&text), &us)
                        : timestamp_parse(buf_text(&text), &us) == PARSE_OK;
    if (!ok && !by_format && date_parse(buf_text(&text), &days) == PARSE_OK) {
        us = days * DAY_US;
        ok = true;
    }
    buf_done(&text);
    return ok && !__builtin_add_overflow(us, s->delay_us, &us) ? us : TIME_END_US;
}

/* Writes rows; a file that is full is closed, and the next row begins another. */
static bool write_rows(struct filesystem_sink *s, struct part *p, struct batch *rows,
                       int64_t now_us, struct err *e) {
    uint32_t left = rows->live, offered = left, took = 0;
    while (left > 0) {
        rows->live = offered < left ? offered : left;
        if (!parts_write(&s->parts, p, rows, now_us, &took, e)) return false;
        rows->sel += took;
        left -= took;
        if (!part_full(p, &s->parts.env)) continue;
        if (!parts_publish(&s->parts, p, e)) return false;
        offered = 2 * took; /* the next file will hold about as many */
    }
    return true;
}

/* Writes the rows of the part's list. */
static bool write_part(struct filesystem_sink *s, struct part *p, const struct batch *b,
                       int64_t now_us, struct err *e) {
    uint16_t sel[BATCH_ROWS];
    struct batch mine = *b;
    mine.live = 0;
    for (uint16_t row = p->first; row != NONE; row = s->next[row]) sel[mine.live++] = row;
    mine.sel = sel;
    p->used = s->uses + p->last;
    p->first = p->last = NONE;
    return write_rows(s, p, &mine, now_us, e);
}

/* Does row `y` of the batch belong where row `x` does? Saves making the key. */
static bool same_partition(const struct filesystem_sink *s, const struct batch *b, uint32_t x,
                           uint32_t y) {
    for (uint32_t i = 0; i < s->def->partitions; i++) {
        uint32_t p = 0;
        while (s->def->physical_col[p] != s->def->partition_col[i]) p++;
        const struct column *c = &b->col[sink_column(s->def, b, p)];
        if (!column_same(c, x, c, y)) return false;
    }
    return true;
}

static struct part *part_of_row(struct filesystem_sink *s, const struct batch *b, uint32_t row,
                                struct err *e) {
    if (!make_key(s, b, row, e)) return NULL;
    struct part *p = parts_find(&s->parts, buf_text(&s->key));
    if (p) return p;
    p = parts_add(&s->parts, buf_text(&s->key), e);
    if (!p) return NULL;
    p->created_us = s->env->clock_us();
    p->complete_us = complete_time(s, p);
    if (p->complete_us < s->next_complete_us) s->next_complete_us = p->complete_us;
    return p;
}

static void list_row(struct filesystem_sink *s, struct part *p, uint32_t row) {
    if (p->first == NONE) p->first = (uint16_t)row;
    if (p->last != NONE) s->next[p->last] = (uint16_t)row;
    p->last = (uint16_t)row;
    s->next[row] = NONE;
}

/* Gives every row to its part's list. */
static bool sort_rows(struct filesystem_sink *s, const struct batch *b, struct err *e) {
    struct part *p = NULL;
    uint32_t before = 0;
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        if (!p || !same_partition(s, b, before, row)) p = part_of_row(s, b, row, e);
        if (!p) return false;
        before = row;
        list_row(s, p, row);
    }
    return true;
}

static bool is_complete(const struct filesystem_sink *s, const struct part *p, int64_t watermark_us,
                        int64_t now_us) {
    if (watermark_us == TIME_END_US) return true;
    if (!s->commits) return false;
    return s->by_watermark ? watermark_us >= p->complete_us : now_us - p->created_us >= s->delay_us;
}

/* Ends partitions that are complete; forgets those that nothing is known of any more. */
static bool complete_all(struct filesystem_sink *s, int64_t watermark_us, int64_t now_us,
                         struct err *e) {
    s->next_complete_us = TIME_END_US;
    for (struct part **link = &s->parts.first; *link;) {
        struct part *p = *link;
        bool complete = is_complete(s, p, watermark_us, now_us);
        if (complete && !parts_publish(&s->parts, p, e)) return false;
        if (complete && s->commits && !part_mark(p, &s->parts.env, s->success_name, e)) {
            return false;
        }
        if (!complete && (part_begun(p) || s->commits)) {
            if (p->complete_us < s->next_complete_us) s->next_complete_us = p->complete_us;
            link = &p->next;
            continue;
        }
        parts_drop(&s->parts, link);
    }
    return true;
}

/* Without partitions to complete, a folder whose file is closed is nothing to remember. */
static void forget_closed(struct filesystem_sink *s) {
    for (struct part **link = &s->parts.first; *link && !s->commits;) {
        struct part *p = *link;
        if (part_begun(p)) {
            link = &p->next;
        } else {
            parts_drop(&s->parts, link);
        }
    }
}

/* How many rows from live row `from` on go to one partition, under one watermark. */
static uint32_t run_rows(const struct filesystem_sink *s, const struct batch *b, uint32_t from) {
    uint32_t first = batch_row(b, from), i = from + 1;
    int64_t watermark_us = batch_watermark(b, first);
    while (i < b->live && same_partition(s, b, first, batch_row(b, i)) &&
           batch_watermark(b, batch_row(b, i)) == watermark_us) {
        i++;
    }
    return i - from;
}

/* Row after row, as if each were a batch: what is closed in between is so at its row. */
static bool write_in_order(struct filesystem_sink *s, const struct batch *b, int64_t now_us,
                           struct err *e) {
    for (uint32_t i = 0, rows = 0; i < b->live; i += rows) {
        uint32_t row = batch_row(b, i);
        rows = run_rows(s, b, i);
        struct part *p = part_of_row(s, b, row, e);
        if (!p) return false;
        for (uint32_t k = 0; k < rows; k++) list_row(s, p, batch_row(b, i + k));
        if (!write_part(s, p, b, now_us, e)) return false;
        int64_t watermark_us = batch_watermark(b, row);
        bool due = s->commits && s->by_watermark && watermark_us != TIME_END_US &&
                   watermark_us >= s->next_complete_us;
        if (due && !complete_all(s, watermark_us, now_us, e)) return false;
    }
    return true;
}

static bool write_lists(struct filesystem_sink *s, const struct batch *b, int64_t now_us,
                        struct err *e) {
    for (struct part *p = s->parts.first; p; p = p->next) {
        if (p->first != NONE && !write_part(s, p, b, now_us, e)) return false;
    }
    return true;
}

static bool folder_write(struct filesystem_sink *s, const struct batch *b, struct err *e) {
    if (b->live == 0) return true;
    int64_t now_us = s->env->clock_us();
    bool ok = s->commits && s->by_watermark ? write_in_order(s, b, now_us, e)
                                            : sort_rows(s, b, e) && write_lists(s, b, now_us, e);
    s->uses += BATCH_ROWS;
    if (ok) forget_closed(s);
    return ok && parts_relieve(&s->parts, e);
}

static bool folder_flush(struct filesystem_sink *s, struct err *e) {
    int64_t now_us = s->env->clock_us();
    bool check = now_us - s->checked_us >= s->check_us;
    if (check) s->checked_us = now_us;
    if (!parts_flush(&s->parts, e)) return false;
    for (struct part *p = s->parts.first; p; p = p->next) {
        bool old = check && part_begun(p) && now_us - p->opened_us >= s->roll_us;
        if (old && !parts_publish(&s->parts, p, e)) return false;
    }
    return !s->commits || s->by_watermark || complete_all(s, TIME_MIN_US, now_us, e);
}

/* --- the sink --- */

static bool filesystem_write(struct sink *base, const struct batch *b, struct err *e) {
    struct filesystem_sink *s = (struct filesystem_sink *)base;
    return is_single(s) ? single_add(s, b, e) : folder_write(s, b, e);
}

static bool filesystem_flush(struct sink *base, struct err *e) {
    struct filesystem_sink *s = (struct filesystem_sink *)base;
    return is_single(s) ? filesystem_single_flush(s, e) : folder_flush(s, e);
}

static bool filesystem_finish(struct sink *base, struct err *e) {
    struct filesystem_sink *s = (struct filesystem_sink *)base;
    if (is_single(s)) return filesystem_single_flush(s, e);
    return complete_all(s, TIME_END_US, s->env->clock_us(), e);
}

static void filesystem_close(struct sink *base) {
    if (!base) return;
    struct filesystem_sink *s = (struct filesystem_sink *)base;
    parts_done(&s->parts);
    single_close(&s->single);
    line_writer_done(&s->writer);
    buf_done(&s->buf);
    buf_done(&s->key);
    arena_done(&s->arena);
    free(s);
}

static const struct sink_type filesystem_sink_type = {
    .write = filesystem_write,
    .flush = filesystem_flush,
    .finish = filesystem_finish,
    .close = filesystem_close,
    .prepare = filesystem_prepare,
    .commit = filesystem_commit,
};

static bool read_options(struct filesystem_sink *s, struct err *e) {
    const struct options *o = &s->writer.options;
    s->parts.env.bytes_max = UINT64_C(128) << 20;
    s->roll_us = 30 * MINUTE_US;
    s->check_us = MINUTE_US;
    if (!option_bytes(o, "sink.rolling-policy.file-size", &s->parts.env.bytes_max, e) ||
        !option_duration(o, "sink.rolling-policy.rollover-interval", &s->roll_us, e) ||
        !option_duration(o, "sink.rolling-policy.check-interval", &s->check_us, e) ||
        !option_duration(o, "sink.partition-commit.delay", &s->delay_us, e)) {
        return false;
    }
    s->commits =
        s->def->partitions > 0 && option_is(o, "sink.partition-commit.policy.kind", "success-file");
    s->by_watermark = option_is(o, "sink.partition-commit.trigger", "partition-time");
    s->pattern = option_text(o, "partition.time-extractor.timestamp-pattern");
    s->formatter = option_text(o, "partition.time-extractor.timestamp-formatter");
    s->next_complete_us = TIME_END_US;
    if (!partition_null_name(o, &s->null_name, e)) return false;
    struct text success = option_text(o, "sink.partition-commit.success-file.name");
    if (success.bytes == 0) success = TEXT_LITERAL("_SUCCESS");
    s->success_name = arena_copy(&s->arena, success.at, success.bytes);
    return s->success_name || err_memory(e);
}

static bool folder_begin(struct filesystem_sink *s, const struct sink_options *o, char *path,
                         struct err *e) {
    size_t bytes = strlen(path);
    while (bytes > 1 && path[bytes - 1] == '/') path[--bytes] = '\0';
    s->parts.env.fs = s->env->fs;
    s->parts.env.folder = path;
    s->parts.env.extension = s->writer.codec->name;
    s->parts.env.writer = &s->writer;
    s->checked_us = s->env->clock_us();
    if (!file_make_directory(s->env->fs, path, e)) return false;
    if (!o->owner.at) return true;
    struct finished *f = &s->parts.env.finished;
    f->fs = s->env->fs;
    f->folder = path;
    f->owner = arena_copy(&s->arena, o->owner.at, o->owner.bytes);
    return f->owner ? filesystem_folder_resume(s, o->record, e) : err_memory(e);
}

static bool sink_init(struct filesystem_sink *s, const struct sink_options *o, struct err *e) {
    if (!line_writer_init(&s->writer, s->def, o->changes, e) || !read_options(s, e)) return false;
    char *path = path_plain(&s->arena, option_text(&s->writer.options, "path"));
    if (!path) return err_memory(e);
    struct file_info info;
    struct err missing;
    bool there = file_stat(s->env->fs, path, &info, &missing);
    bool folder = there && info.is_directory;
    if (!folder && names_file(s->def, &s->writer.options, path, there)) {
        struct sink_options single = *o;
        if (o->record.bytes > 0)
            single.record = (struct text){o->record.at + 1, o->record.bytes - 1};
        return single_begin(s, &single, path, e);
    }
    return folder_begin(s, o, path, e);
}

struct sink *filesystem_sink_open(const struct sink_options *o, struct err *e) {
    struct filesystem_sink *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->base.type = &filesystem_sink_type;
    s->env = o->env;
    s->def = o->def;
    arena_init(&s->arena, 0);
    buf_init(&s->buf);
    buf_init(&s->key);
    if (sink_init(s, o, e)) return &s->base;
    filesystem_close(&s->base);
    return NULL;
}

/* Nothing is compressed, so no name may say so. */
static bool check_name(const struct stream_def *def, const char *path, struct err *e) {
    static const char *const packed[] = {".gz", ".zst", ".bz2", ".xz", ".lz4", ".zip"};
    const char *dot = extension_of(path);
    if (!dot || !names_file(def, &def->options, path, false)) return true;
    for (size_t i = 0; i < COUNT_OF(packed); i++) {
        if (!text_equal_fold(text_of(dot), text_of(packed[i]))) continue;
        err_set(e, ERR_SQL, "0A000",
                "%s would hold plain text: files are not compressed when "
                "they are written",
                path);
        return err_hint(e, "Take a name without %s.", packed[i]);
    }
    return true;
}

/* Every $name of the pattern is a column of PARTITIONED BY, and the formatter is one. */
bool filesystem_partitions_check(const struct stream_def *def, struct err *e) {
    const struct option *pattern =
        option_find(&def->options, "partition.time-extractor.timestamp-pattern");
    const struct option *formatter =
        option_find(&def->options, "partition.time-extractor.timestamp-formatter");
    struct text name;
    char letter;
    if (pattern && !partition_pattern_check(def, pattern->value, &name)) {
        return option_error(pattern, e, "$%.*s is no column of PARTITIONED BY", TEXT_ARG(name));
    }
    if (!formatter || time_pattern_check(formatter->value, &letter)) return true;
    option_error(formatter, e,
                 letter == '\'' ? "a quote (%c) is not closed" : "the letter %c is not supported",
                 letter);
    return err_hint(e, "y, M, d, H, m, s and S are, as in 'yyyy-MM-dd HH:mm:ss'.");
}

bool filesystem_sink_check(const struct stream_def *def, bool changes, struct err *e) {
    struct text path = option_text(&def->options, "path");
    struct arena a;
    if (path.bytes == 0) {
        return err_set(e, ERR_SQL, "22023", "connector 'filesystem' needs the option 'path'");
    }
    arena_init(&a, 0);
    char *plain = path_plain(&a, path);
    bool ok = plain ? check_name(def, plain, e) : err_memory(e);
    arena_done(&a);
    return ok && filesystem_partitions_check(def, e) && sink_check_changes(def, changes, e);
}
