/* in_filesystem.h: what the parts of the filesystem connector share.
 *
 * Used by: in_filesystem, in_files, in_idx, out_filesystem.
 */
#ifndef ENGINE_EDGE_IN_FILESYSTEM_H
#define ENGINE_EDGE_IN_FILESYSTEM_H

#include "engine/edge/connector.h"
#include "engine/edge/in_bytes.h"

/* Bytes of files, one after another. */
struct byte_source *file_source_open(const struct reader_options *o, struct err *e) MUST_USE;

/* 'format' = 'raw' over columns of which one is a BLOB or IMAGE called bytes: a row a file. */
bool files_format(const struct stream_def *def, const struct options *o);
bool files_check(const struct stream_def *def, const struct options *o, struct err *e) MUST_USE;
struct reader *files_reader_open(const struct reader_options *o, struct err *e) MUST_USE;

/* 'format' = 'idx': arrays, and labels beside them. */
bool idx_format(const struct options *o);
bool idx_check(const struct stream_def *def, const struct options *o, struct err *e) MUST_USE;
struct reader *idx_reader_open(const struct reader_options *o, struct err *e) MUST_USE;

/* What the options say of partitions; judged at CREATE. */
bool filesystem_partitions_check(const struct stream_def *def, struct err *e) MUST_USE;

/* The sink, for the connector's row. */
bool filesystem_sink_check(const struct stream_def *def, bool changes, struct err *e);
struct sink *filesystem_sink_open(const struct sink_options *o, struct err *e);

bool filesystem_sink_publish(const struct edge_env *env, struct text record, struct err *e);

#endif
