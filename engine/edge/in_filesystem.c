/* in_filesystem.c: the filesystem connector: its options, and which reader or sink serves them. */
#include "engine/edge/in_filesystem.h"

#include "engine/base/option.h"
#include "engine/edge/in_bytes.h"
#include "engine/edge/in_decoding.h"
#include "engine/edge/partition.h"

static const struct option_row options[] = {
    {"path", "a path",
     "A file, a folder, or a glob such as 'dir/*.json'; read in byte order of the paths, .gz and "
     ".zst as what they hold. For writing: a folder that gets part files when the path ends in '/' "
     "or has no extension, or with PARTITIONED BY or a rolling policy; else one file, to which "
     "lines are added as they come, behind those that it holds: a second run adds to it. So is "
     "what is there and no folder: a pipe has a reader then. Part files are always new ones, also "
     "of two programs at once. Nothing is compressed when it is written: no name in .gz."},
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

static struct reader *filesystem_open(const struct reader_options *o, struct err *e) {
    if (files_format(o->def, &o->def->options)) return files_reader_open(o, e);
    if (idx_format(&o->def->options)) return idx_reader_open(o, e);
    struct byte_source *s = file_source_open(o, e);
    return s ? byte_reader_open(o, s, e) : NULL;
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
    *bounded_out = !follow;
    if (files_format(def, o)) return files_check(def, o, e);
    if (idx_format(o)) return idx_check(def, o, e);
    return decoding_check(def, o, e);
}

const struct connector connector_filesystem = {
    .name = "filesystem",
    .alias = "file",
    .doc = "Files of this machine: one, a folder, or those that a glob matches.",
    .option = options,
    .needs_format = true,
    .rereadable = true,
    .transactional = true,
    .partitions = true,
    .source_check = filesystem_check,
    .reader_open = filesystem_open,
    .sink_check = filesystem_sink_check,
    .sink_open = filesystem_sink_open,
    .sink_publish = filesystem_sink_publish,
};
