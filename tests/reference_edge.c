/* reference_edge.c: the pages of connectors, formats and settings. */
#include "tests/reference.h"

#include <assert.h>
#include <inttypes.h>

#include "clients/settings.h"
#include "engine/base/option.h"
#include "engine/base/time.h"
#include "engine/edge/connector.h"

void page_options(struct buf *out, const struct option_row *row) {
    if (!row->key) return;
    buf_add_str(out, "\n| option | value | |\n|---|---|---|\n");
    for (; row->key; row++) {
        buf_add_str(out, "| ");
        page_code(out, row->key);
        buf_add_str(out, " | ");
        page_cell(out, row->value);
        buf_add_str(out, " | ");
        page_cell(out, row->doc);
        buf_add_str(out, " |\n");
    }
}

static void add_connector(struct buf *out, const struct connector *c) {
    buf_addf(out, "\n## %s\n\n%s\n", c->name, c->doc);
    const char *ways = c->reader_open && c->sink_open ? "Reads and writes."
                       : c->reader_open               ? "Reads."
                                                      : "Writes.";
    buf_addf(out, "%s", ways);
    if (c->alias) buf_addf(out, " Also called `%s`.", c->alias);
    if (c->needs_format) buf_add_str(out, " Needs `'format'`.");
    if (c->reader_open) {
        buf_add_str(out, c->rereadable
                             ? " Each query may read it from its start."
                             : " It is read once, by all the queries that started together.");
    }
    buf_add_char(out, '\n');
    page_options(out, c->option);
}

void page_connectors(struct buf *out) {
    page_begin(out, "Connectors",
               "A connector is chosen by `WITH ('connector' = 'name', ...)`. Durations are "
               "written `'10 s'`, `'500 ms'`,\n`'1 min'`; bytes `'64 mb'`, `'200b'`. An option "
               "that is not listed, or has another value, is an error.");
    for (const struct connector *const *c = connectors; *c; c++) add_connector(out, *c);
    buf_add_str(out, "\n## Options of every connector\n");
    page_options(out, stream_options);
    buf_add_str(out, "\n## Options of a stream without a connector\n");
    page_options(out, kept_options);
    buf_add_str(out, "\n## Options of a stored table, and of a materialized view\n");
    page_options(out, table_options);
}

/* The k-th of the words that 'format' allows: "'json' | 'csv' | 'raw'". */
static struct text format_word(uint32_t k) {
    const struct option_row *row = option_row(stream_options, TEXT_LITERAL("format"), NULL);
    assert(row);
    const char *at = row->value;
    for (;; k--) {
        at = strchr(at, '\'');
        if (!at) return (struct text){.at = NULL};
        const char *end = strchr(at + 1, '\'');
        assert(end);
        if (k == 0) return (struct text){.at = at + 1, .bytes = (uint32_t)(end - at - 1)};
        at = end + 1;
    }
}

void page_formats(struct buf *out) {
    page_begin(out, "Formats",
               "A format is chosen by `'format' = 'name'`. Its options may be written with its "
               "name before them:\n`'csv.header'`.");
    for (uint32_t k = 0; format_word(k).at; k++) {
        const struct codec *c = codec_find(format_word(k));
        assert(c);
        const char *ways = !c->encode  ? "Read" /* idx has a reader, and no decoder */
                           : c->decode ? "Read and written"
                                       : "Written";
        buf_addf(out, "\n## %s\n\n%s: %s.\n", c->name, ways, c->doc);
        page_options(out, c->option);
    }
}

static void add_allowed(struct buf *out, const struct setting *row) {
    if (row->kind == SETTING_DURATION) {
        char min[DURATION_TEXT_MAX], max[DURATION_TEXT_MAX];
        buf_add(out, min, duration_print(min, row->min));
        buf_add_str(out, " to ");
        buf_add(out, max, duration_print(max, row->max));
        return;
    }
    if (row->kind != SETTING_WORD) {
        buf_addf(out, "%" PRId64 " to ", row->min);
        if (row->max == INT64_MAX) {
            buf_add_str(out, "2^63 − 1");
        } else {
            buf_addf(out, "%" PRId64, row->max);
        }
        if (row->kind == SETTING_BYTES) buf_add_str(out, " bytes, also `64 mb`");
        return;
    }
    for (uint32_t i = 0; row->word[i]; i++) {
        buf_addf(out, "%s`%s`", i > 0 ? ", " : "", row->word[i]);
    }
}

void page_settings(struct buf *out) {
    struct settings initial;
    settings_init(&initial);
    page_begin(out, "Settings",
               "`SET 'name' = 'value';` in a script, `--set name=value` on the command line; "
               "`RESET name;` goes back,\n`SHOW ALL;` lists them.");
    buf_add_str(out, "\n| setting | at the start | allowed | |\n|---|---|---|---|\n");
    for (uint32_t i = 0; i < setting_count; i++) {
        const struct setting *row = &setting_table[i];
        buf_addf(out, "| `%s`", row->name);
        if (row->alias) buf_addf(out, ", also `%s`", row->alias);
        buf_add_str(out, " | ");
        setting_print(out, &initial, row);
        buf_add_str(out, " | ");
        add_allowed(out, row);
        buf_add_str(out, " | ");
        page_cell(out, row->doc);
        buf_add_str(out, " |\n");
    }
}

static uint32_t audit_rows(const char *of, const struct option_row *row, struct buf *out) {
    uint32_t wrong = 0;
    for (const struct option_row *r = row; r->key; r++) {
        bool said = r->value && *r->value && r->doc && *r->doc;
        if (!said) buf_addf(out, "%s: option %s is not documented\n", of, r->key);
        wrong += !said;
        for (const struct option_row *before = row; before < r; before++) {
            if (strcmp(before->key, r->key) != 0) continue;
            buf_addf(out, "%s: option %s stands twice\n", of, r->key);
            wrong++;
        }
    }
    return wrong;
}

static uint32_t audit_doc(const char *of, const char *doc, struct buf *out) {
    if (doc && *doc) return 0;
    buf_addf(out, "%s has no documentation\n", of);
    return 1;
}

uint32_t audit_options(struct buf *out) {
    uint32_t wrong = audit_rows("streams", stream_options, out);
    wrong += audit_rows("kept streams", kept_options, out);
    wrong += audit_rows("stored tables", table_options, out);
    for (const struct connector *const *c = connectors; *c; c++) {
        wrong += audit_doc((*c)->name, (*c)->doc, out);
        wrong += audit_rows((*c)->name, (*c)->option, out);
    }
    for (uint32_t k = 0; format_word(k).at; k++) {
        const struct codec *c = codec_find(format_word(k));
        if (!c) {
            buf_addf(out, "there is no format '%.*s'\n", TEXT_ARG(format_word(k)));
            wrong++;
            continue;
        }
        wrong += audit_doc(c->name, c->doc, out) + audit_rows(c->name, c->option, out);
    }
    for (uint32_t i = 0; i < setting_count; i++) {
        wrong += audit_doc(setting_table[i].name, setting_table[i].doc, out);
    }
    return wrong;
}
