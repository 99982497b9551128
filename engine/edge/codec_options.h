/* codec_options.h: codec_option: reading the options of a format.
 *
 * A key of a codec's table is accepted bare ('delimiter') and with the format's name before it
 * ('csv.delimiter'); where both are given the longer one counts. A '#' in a key of the table
 * stands for any name: "tensor.#" is every key that begins with "tensor.".
 *
 * Errors: ERR_SQL 22023, naming the option, with the allowed values as hint.
 *
 * Used by: codecs, connectors (checks).    Tested by: tests/unit/edge/codec_options_test.c
 */
#ifndef ENGINE_EDGE_CODEC_OPTIONS_H
#define ENGINE_EDGE_CODEC_OPTIONS_H

#include "engine/edge/codec.h"

/* What is asked: a codec's table, and what was given. */
struct codec_ask {
    const char *format;
    const struct option_row *row; /* ends with a NULL key */
    const struct options *given;  /* NULL: none */
};

/* Is `key`, bare or prefixed, an option of the codec? */
bool codec_option_known(const char *format, const struct option_row *row, struct text key);

/* Every given key that begins with the format's name and a point is known. */
bool codec_option_check(const struct codec_ask *ask, struct err *e) MUST_USE;

/* The option that gives `key`, or NULL. */
const struct option *codec_option_find(const struct codec_ask *ask, const char *key);

/* Each leaves *out alone where the key was not given. */
bool codec_option_bool(const struct codec_ask *ask, const char *key, bool *out,
                       struct err *e) MUST_USE;
/* One byte; the text \t is a tab. */
bool codec_option_char(const struct codec_ask *ask, const char *key, char *out,
                       struct err *e) MUST_USE;
/* The index of the value in words[], which ends with NULL. */
bool codec_option_word(const struct codec_ask *ask, const char *key, const char *const *words,
                       uint32_t *out, struct err *e) MUST_USE;

/* "'key' = 'value' is not allowed", with the table's words as hint; returns false. */
bool codec_option_wrong(const struct codec_ask *ask, const struct option *o, struct err *e);

/* How numbers stand for times: 'timestamp-unit'. */
enum time_number { TIME_NUMBER_NONE, TIME_NUMBER_S, TIME_NUMBER_MS, TIME_NUMBER_US };

bool codec_option_time_number(const struct codec_ask *ask, enum time_number *out,
                              struct err *e) MUST_USE;

#endif
