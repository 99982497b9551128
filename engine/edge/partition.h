/* partition.h: partitions: the folders that PARTITIONED BY makes, name=value/name=value.
 *
 * A value is written so that reading the folder's name gives it back: percent-escaped as Hive and
 * Flink do, a BLOB as base64, NULL as 'partition.default-name'. A text that reads like that name
 * has its first character escaped, so that it stays a text; an empty text is an empty value.
 *
 * Used by: out_filesystem, in_filesystem, in_decoding, connector.
 * Tested by: tests/unit/edge/sink_filesystem_test.c
 */
#ifndef ENGINE_EDGE_PARTITION_H
#define ENGINE_EDGE_PARTITION_H

#include "engine/base/batch.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/stream_def.h"

/* The folder of NULL, when 'partition.default-name' does not say. */
#define PARTITION_NULL_NAME "__HIVE_DEFAULT_PARTITION__"

/* At CREATE: does each column of PARTITIONED BY name folders that can be read back, and is there
 * another column to write? `where` is the connector's name, NULL: none; `takes`: it makes folders.
 * 0A000, 42804 or 42701 naming the column. */
bool partition_check(const struct stream_def *def, const char *where, bool takes,
                     struct err *e) MUST_USE;

/* Is this column of def->physical in PARTITIONED BY? Such stand in folder names, not in files. */
bool partition_has(const struct stream_def *def, uint32_t physical_col);

/* 'partition.default-name', or what stands for it; 22023 where it is no plain name. */
bool partition_null_name(const struct options *o, struct text *out, struct err *e) MUST_USE;

/* Adds a name or value, escaped. */
void partition_escape(struct buf *out, struct text t);

/* Adds the value of a row, escaped. Without memory out->failed. */
void partition_value(struct buf *out, const struct column *c, uint32_t row, struct text null_name);

/* A value as it stands in a folder's name; at NULL: there is none. */
struct text partition_find(const char *path, struct text name);

/* Adds the value without its escapes. */
void partition_unescape(struct buf *out, struct text t);

/* The value in the first of the folders `key`. */
struct text partition_first(const char *key);

/* Is each $name of `pattern` a column of PARTITIONED BY? *name_out: else one that is not. */
bool partition_pattern_check(const struct stream_def *def, struct text pattern,
                             struct text *name_out);

/* Adds `pattern` with each $name replaced by the value that the folders `key` have for it. */
void partition_pattern(struct buf *out, struct text pattern, const char *key);

#endif
