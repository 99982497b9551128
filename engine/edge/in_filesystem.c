/* in_filesystem.c: the filesystem connector: its options, and files as a source of bytes.
 *
 * Files are read one after another, whole, through engine/base/compress.h. With 'follow' the last
 * one is asked again after its end: by inode, so that a file that was renamed is read to its end
 * before the one that took its name is begun. Of a folder or glob that is followed, files are
 * taken up as they appear: what a look at it finds that the look before did not, in byte order.
 *
 * A pipe is opened whether or not someone writes to it, and is waited for in the loop of the
 * runner, which can be interrupted. It ends when its writers have left, or never with 'follow'.
 */
#include "engine/edge/in_filesystem.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/base/compress.h"
#include "engine/base/option.h"
#include "engine/edge/in_bytes.h"
#include "engine/edge/partition.h"
#include "engine/edge/path.h"

static const struct option_row options[] = {
    {"path", "a path",
     "A file, a folder, or a glob such as 'dir/*.json'; read in byte order of the paths, .gz and "
     ".zst as what they hold. For writing: a folder that gets part files when the path ends in '/' "
     "or has no extension, or with PARTITIONED BY or a rolling policy; else one file, to which "
     "lines are added as they come, and so what is there and no folder: a pipe has a reader then. "
     "Nothing is compressed when it is written: no name in .gz."},
    {"follow", "true | false",
     "Wait for more at the end, and for the file that takes its name. Of a folder or glob: for new "
     "files. They are read in the order in which they appear, those that are there at the start "
     "and those that appear together in byte order of their paths; a file is left at its end when "
     "there is a next one."},
    {"on-truncate", "'fail' | 'restart'", "What a followed file that became shorter does."},
    {"timestamp.start", "timestamp",
     "Event time of the first row, for the formats raw (of files) and idx."},
    {"timestamp.step", "duration", "How much later each next row is."},
    {"max-file-size", "bytes", "A larger file of 'format' = 'raw' is a bad row; 256 MiB."},
    {"sink.rolling-policy.file-size", "bytes", "A part file of this size is closed; 128 MiB."},
    {"sink.rolling-policy.rollover-interval", "duration",
     "A part file this old is closed; 30 min."},
    {"sink.rolling-policy.check-interval", "duration", "How often ages are looked at; 1 min."},
    {"sink.partition-commit.trigger", "'process-time' | 'partition-time'",
     "What tells that a folder of a partition is complete: the clock or the watermark."},
    {"sink.partition-commit.delay", "duration", "How long after its time it is complete."},
    {"sink.partition-commit.policy.kind", "'success-file'", "Mark complete folders by a file."},
    {"sink.partition-commit.success-file.name", "a file name", "The name of that file; _SUCCESS."},
    {"sink.partition-commit.watermark-time-zone", "'UTC'", "Times are UTC."},
    {"partition.time-extractor.kind", "'default'", "How a partition tells its time."},
    {"partition.time-extractor.timestamp-pattern", "a pattern",
     "The time of a partition put together from its columns: '$dt $hm:00'; the first of them."},
    {"partition.time-extractor.timestamp-formatter", "a pattern",
     "How that time is written, by letters of Java: yMdHmsS, 'quoted' text; yyyy-MM-dd HH:mm:ss."},
    {"partition.default-name", "a name", "The folder of NULL; __HIVE_DEFAULT_PARTITION__."},
    {"sink.shuffle-by-partition.enable", "true | false", "No effect: there is one writer."},
    {"sink.parallelism", "integer", "No effect: there is one writer."},
    {NULL, NULL, NULL},
};

struct file_source {
    struct byte_source base;
    const struct edge_env *env;
    struct arena arena;         /* of the reader */
    struct arena file_arena;    /* of the open file */
    struct arena look_arena[2]; /* of the last look, and of the one before */
    uint32_t look;              /* which of them is the last */
    const char *path;           /* as given */
    struct path_list found;     /* by the last look, in byte order */
    struct path_list list;      /* those of them to read */
    uint32_t next;              /* in list */
    bool follow, restart, looked;
    bool finishing; /* the path names another file by now: read this one to its end */

    struct file *file;     /* NULL: none open */
    char *name;            /* malloc'ed */
    struct file_info info; /* of `file` when opened */
    struct compress_reader *bytes;
};

static void file_end(struct file_source *s) {
    compress_reader_close(s->bytes);
    file_close(s->file);
    arena_reset(&s->file_arena);
    s->bytes = NULL;
    s->file = NULL;
    s->finishing = false;
}

static bool file_begin(struct file_source *s, const char *path, struct err *e) {
    assert(!s->file);
    char *name = strdup(path);
    if (!name) return err_memory(e);
    free(s->name);
    s->name = name;
    s->file = file_open(s->env->fs, name, FILE_READ | FILE_PATIENT, e);
    if (!s->file || !file_info(s->file, &s->info, e)) return false;
    s->bytes = compress_reader_open(s->file, name, &s->file_arena, e);
    return s->bytes != NULL;
}

/* The files that are there. A folder that is followed may be taken away and come back. */
static bool find_files(const struct file_source *s, struct arena *a, struct path_list *out,
                       struct err *e) {
    struct file_info info;
    struct err missing;
    bool again = s->follow && s->looked;
    *out = (struct path_list){.many = s->list.many};
    if (again && s->list.many && !file_stat(s->env->fs, s->path, &info, &missing)) {
        if (!strpbrk(s->path, "*?[")) return true;
    }
    return path_list_find(s->env->fs, s->path, s->follow, a, out, e);
}

/* Looks at the folder: `list` becomes what was not found before. */
static bool look(struct file_source *s, struct err *e) {
    struct arena *a = &s->look_arena[1 - s->look];
    struct path_list found, fresh = {.many = s->list.many};
    arena_reset(a);
    if (!find_files(s, a, &found, e)) return false;
    s->looked = true;
    fresh.path = ARENA_ARRAY(a, fresh.path, (size_t)found.count + 1);
    if (!fresh.path) return err_memory(e);
    for (uint32_t i = 0, k = 0; i < found.count; i++) {
        while (k < s->found.count && strcmp(s->found.path[k], found.path[i]) < 0) k++;
        bool known = k < s->found.count && strcmp(s->found.path[k], found.path[i]) == 0;
        if (!known) fresh.path[fresh.count++] = found.path[i];
    }
    fresh.many = found.many;
    s->found = found;
    s->list = fresh;
    s->next = 0;
    s->look = 1 - s->look;
    return true;
}

/* Of a folder that is followed: was the file taken away before its turn came? */
static bool is_gone(struct file_source *s, const char *path) {
    struct file_info info;
    struct err missing;
    if (!s->follow || !s->list.many || s->file) return false;
    return !file_stat(s->env->fs, path, &info, &missing);
}

static enum byte_status truncated(struct file_source *s, struct err *e) {
    if (!s->restart) {
        err_set(e, ERR_IO, "58030", "%s became shorter while it was read", s->name);
        err_hint(e, "'on-truncate' = 'restart' reads it again from its start.");
        return BYTES_FAIL;
    }
    file_end(s);
    return file_begin(s, s->name, e) ? BYTES_FILE_END : BYTES_FAIL;
}

/* The end of a followed file: has it been cut, renamed, or is there a next one? */
static enum byte_status at_end(struct file_source *s, struct err *e) {
    struct file_info now, other;
    struct err missing;
    if (!file_info(s->file, &now, e)) return BYTES_FAIL;
    if (now.is_regular && now.size_bytes < compress_reader_offset(s->bytes)) {
        return truncated(s, e);
    }
    if (s->list.many) {
        if (s->next >= s->list.count && !look(s, e)) return BYTES_FAIL;
        if (s->next >= s->list.count) return BYTES_WAIT;
    } else {
        if (!file_stat(s->env->fs, s->name, &other, &missing)) return BYTES_WAIT;
        if (other.inode == now.inode && other.device == now.device) return BYTES_WAIT;
        s->next = 0;
    }
    if (!s->finishing) {
        s->finishing = true; /* what was written before the other came is read first */
        return BYTES_SOME;
    }
    file_end(s);
    return BYTES_FILE_END;
}

static enum byte_status file_source_read(struct byte_source *base, void *to, size_t bytes,
                                         size_t *got_out, struct err *e) {
    struct file_source *s = (struct file_source *)base;
    for (;;) {
        if (!s->file) {
            if (s->next >= s->list.count && s->follow && !look(s, e)) return BYTES_FAIL;
            if (s->next >= s->list.count) return s->follow ? BYTES_WAIT : BYTES_END;
            const char *path = s->list.path[s->next++];
            if (!file_begin(s, path, e)) {
                if (!is_gone(s, path)) return BYTES_FAIL;
                continue;
            }
        }
        if (!s->info.is_regular && !file_ready(s->file)) return BYTES_WAIT;
        if (!compress_reader_read(s->bytes, to, bytes, got_out, e)) return BYTES_FAIL;
        if (*got_out > 0) return BYTES_SOME;
        bool last = s->next >= s->list.count;
        if (!s->follow || (!last && s->list.many)) {
            file_end(s);
            return BYTES_FILE_END;
        }
        enum byte_status status = at_end(s, e);
        if (status != BYTES_SOME) return status;
    }
}

static void file_source_poll(const struct byte_source *base, struct pollfd *out) {
    (void)base;
    *out = (struct pollfd){.fd = -1};
}

static const char *file_source_path(const struct byte_source *base) {
    return ((const struct file_source *)base)->name;
}

static void file_source_close(struct byte_source *base) {
    struct file_source *s = (struct file_source *)base;
    file_end(s);
    free(s->name);
    arena_done(&s->file_arena);
    for (uint32_t i = 0; i < COUNT_OF(s->look_arena); i++) arena_done(&s->look_arena[i]);
    arena_done(&s->arena);
    free(s);
}

static const struct byte_source_type file_source_type = {
    .read = file_source_read,
    .poll = file_source_poll,
    .path = file_source_path,
    .close = file_source_close,
};

static bool file_source_init(struct file_source *s, const struct reader_options *o, struct err *e) {
    struct options merged;
    if (!options_merge(&s->arena, &o->def->options, &o->hint, &merged, e)) return false;
    if (!option_bool(&merged, "follow", &s->follow, e)) return false;
    s->restart = option_is(&merged, "on-truncate", "restart");
    s->path = path_plain(&s->arena, option_text(&merged, "path"));
    if (!s->path) return err_memory(e);
    return look(s, e);
}

static struct reader *filesystem_open(const struct reader_options *o, struct err *e) {
    if (files_format(o->def, &o->def->options)) return files_reader_open(o, e);
    if (idx_format(&o->def->options)) return idx_reader_open(o, e);
    struct file_source *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->base.type = &file_source_type;
    s->env = o->env;
    arena_init(&s->arena, 0);
    arena_init(&s->file_arena, 0);
    for (uint32_t i = 0; i < COUNT_OF(s->look_arena); i++) arena_init(&s->look_arena[i], 0);
    if (file_source_init(s, o, e)) return byte_reader_open(o, &s->base, e);
    file_source_close(&s->base);
    return NULL;
}

static bool filesystem_check(const struct stream_def *def, const struct options *o,
                             bool *bounded_out, struct err *e) {
    bool follow = false;
    struct text path = option_text(o, "path");
    if (path.bytes == 0) {
        return err_set(e, ERR_SQL, "22023", "connector 'filesystem' needs the option 'path'");
    }
    struct text null_name;
    if (!option_bool(o, "follow", &follow, e)) return false;
    if (!partition_null_name(o, &null_name, e)) return false;
    if (!filesystem_partitions_check(def, e)) return false;
    if (files_format(def, o) && !files_check(def, o, e)) return false;
    if (idx_format(o) && !idx_check(def, o, e)) return false;
    *bounded_out = !follow;
    return true;
}

const struct connector connector_filesystem = {
    .name = "filesystem",
    .alias = "file",
    .doc = "Files of this machine: one, a folder, or those that a glob matches.",
    .option = options,
    .needs_format = true,
    .rereadable = true,
    .partitions = true,
    .source_check = filesystem_check,
    .reader_open = filesystem_open,
    .sink_check = filesystem_sink_check,
    .sink_open = filesystem_sink_open,
};
