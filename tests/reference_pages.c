/* reference_pages.c: the pages of functions and aggregates. Rows of one name that say the same
 * stand together. */
#include "tests/reference.h"

#include <assert.h>
#include <ctype.h>

#include "sql/bind.h"
#include "udf/aggregate.h"
#include "udf/table.h"

void page_begin(struct buf *out, const char *title, const char *sentence) {
    buf_addf(
        out,
        "# %s\n\n<!-- Made from the program's tables by build/tests/reference; a test compares "
        "it. -->\n\n%s\n",
        title, sentence);
}

void page_cell(struct buf *out, const char *text) {
    for (; *text; text++) {
        if (*text == '|') buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
}

void page_code(struct buf *out, const char *text) {
    buf_add_char(out, '`');
    page_cell(out, text);
    buf_add_char(out, '`');
}

const char *topic_title(uint32_t table) {
    static const struct {
        const struct fn_table *table;
        const char *title;
    } titles[] = {
        {&fn_arith, "Arithmetic"},
        {&fn_arith_decimal, "Arithmetic of DECIMAL"},
        {&fn_compare, "Comparison"},
        {&fn_in, "Membership"},
        {&fn_match, "Patterns"},
        {&fn_regexp, "Regular expressions"},
        {&fn_text, "Text"},
        {&fn_text_find, "Finding and joining text"},
        {&fn_math, "Mathematics"},
        {&fn_round, "Rounding"},
        {&fn_random, "Chance"},
        {&fn_time_arith, "Arithmetic of times"},
        {&fn_time_part, "Parts of a time"},
        {&fn_time_unit, "Units of time"},
        {&fn_time_text, "Times as text, and the clock"},
        {&fn_json, "JSON"},
        {&fn_array, "Arrays, maps and rows"},
        {&fn_vector, "Vectors"},
        {&fn_image_codec, "Images as files"},
        {&fn_image_shape, "Images: size and place"},
        {&fn_image_tone, "Images: brightness and numbers"},
        {&fn_image_filter, "Images: filters"},
        {&fn_image_draw, "Images: drawing"},
        {&fn_image_feature, "Images: features"},
        {&fn_sqlite, "SQLite's own, evaluated by SQLite"},
        {&fn_misc, "Others"},
    };
    assert(table < fn_table_count);
    for (size_t i = 0; i < COUNT_OF(titles); i++) {
        if (titles[i].table == fn_tables[table]) return titles[i].title;
    }
    return NULL;
}

bool fn_listed(const struct fn *f) {
    return !(f->flags & FN_HIDDEN) && isalpha((unsigned char)f->name[0]);
}

/* How many rows from i on have the name and the sentence of row i. */
static uint32_t alike(const struct fn_table *t, uint32_t i, bool listed) {
    uint32_t n = 1;
    while (i + n < t->count && strcmp(t->fn[i + n].name, t->fn[i].name) == 0 &&
           strcmp(t->fn[i + n].doc, t->fn[i].doc) == 0 && fn_listed(&t->fn[i + n]) == listed) {
        n++;
    }
    return n;
}

/* "+(BIGINT, DOUBLE) DOUBLE" of an operator as "BIGINT, DOUBLE → DOUBLE". */
static void add_operand_types(struct buf *out, const char *sig) {
    const char *open = strchr(sig, '('), *close = strrchr(sig, ')');
    assert(open && close && close > open);
    struct buf plain;
    buf_init(&plain);
    buf_add(&plain, open + 1, (size_t)(close - open - 1));
    buf_addf(&plain, " →%s", close + 1);
    buf_add_char(&plain, '\0');
    page_code(out, plain.at);
    buf_done(&plain);
}

static void add_function(struct buf *out, const struct fn *f, uint32_t rows, bool listed) {
    buf_add_str(out, "| ");
    for (uint32_t i = 0; i < rows; i++) {
        if (i > 0) buf_add_str(out, "<br>");
        if (listed) {
            page_code(out, f[i].sig);
        } else {
            add_operand_types(out, f[i].sig);
        }
    }
    buf_add_str(out, " | ");
    page_cell(out, f->doc);
    buf_add_str(out, " | ");
    for (uint32_t i = 0, said = 0; i < rows; i++) {
        if (!f[i].example) continue;
        if (said++ > 0) buf_add_str(out, "<br>");
        page_code(out, f[i].example);
    }
    buf_add_str(out, " |\n");
}

/* The rows of one topic that are listed as functions, or the others: operators and forms. */
static void add_topic(struct buf *out, uint32_t table, bool listed) {
    const struct fn_table *t = fn_tables[table];
    const char *title = topic_title(table);
    bool begun = false;

    for (uint32_t i = 0, rows; i < t->count; i += rows) {
        bool this_listed = fn_listed(&t->fn[i]);
        rows = alike(t, i, this_listed);
        if (this_listed != listed) continue;
        if (!begun) {
            buf_addf(out, "\n### %s\n\n| %s | | example |\n|---|---|---|\n", title ? title : "?",
                     listed ? "function" : "operands → result");
        }
        begun = true;
        add_function(out, &t->fn[i], rows, listed);
    }
}

/* What is asked of models, which are no rows of the tables of functions. */
static void add_model_forms(struct buf *out) {
    struct model_form_text form;
    buf_add_str(out, "\n### Models\n\n[vision.md](../vision.md#asking) has their examples.\n\n"
                     "| function | |\n|---|---|\n");
    for (uint32_t i = 0; bind_model_form(i, &form); i++) {
        buf_add_str(out, "| ");
        page_code(out, form.sig);
        buf_add_str(out, " | ");
        page_cell(out, form.doc);
        buf_add_str(out, " |\n");
    }
}

void page_functions(struct buf *out) {
    page_begin(out, "Functions",
               "Each example is true, and run by a test. `T`, `K`, `V` stand for any type, the "
               "same at each place,\n`ANY` for any; `...` repeats the last argument, brackets "
               "hold one that may be left out. Numbers\nwiden from BOOLEAN to BIGINT to DECIMAL "
               "to DOUBLE; NULL in gives NULL out unless the sentence says\notherwise. "
               "`SHOW FUNCTIONS LIKE 'json%'` says the same at the prompt.");
    buf_add_str(out, "\n## Functions\n");
    for (uint32_t i = 0; i < fn_table_count; i++) add_topic(out, i, true);
    add_model_forms(out);
    buf_add_str(out, "\n## Operators and forms\n");
    for (uint32_t i = 0; i < fn_table_count; i++) add_topic(out, i, false);
}

static void add_aggregate(struct buf *out, const struct aggregate *a, uint32_t rows) {
    buf_add_str(out, "| ");
    for (uint32_t i = 0; i < rows; i++) {
        if (i > 0) buf_add_str(out, "<br>");
        page_code(out, a[i].sig);
    }
    buf_add_str(out, " | ");
    page_cell(out, a->doc);
    buf_add_str(out, " | ");
    page_code(out, a->example);
    buf_addf(out, " | %s | %s |\n", a->remove ? "by subtracting" : "from kept rows",
             a->flags & AGG_ORDERED ? "yes" : "");
}

void page_aggregates(struct buf *out) {
    struct agg_table table[UDF_AGGREGATE_TABLES];
    udf_aggregates(table);
    page_begin(out, "Aggregates",
               "Each example is true, and run by a test. All take `DISTINCT` and `FILTER (WHERE "
               "…)`, and all can take back a row: by "
               "subtracting it, or by\ncomputing anew from the rows that the query keeps for "
               "that.");
    buf_add_str(out, "\n| aggregate | | example | takes back a row | goes by row order |\n"
                     "|---|---|---|---|---|\n");
    for (uint32_t t = 0; t < UDF_AGGREGATE_TABLES; t++) {
        const struct aggregate *a = table[t].agg;
        for (uint32_t i = 0, rows; i < table[t].count; i += rows) {
            rows = 1;
            while (i + rows < table[t].count && strcmp(a[i + rows].name, a[i].name) == 0 &&
                   strcmp(a[i + rows].doc, a[i].doc) == 0 && !a[i + rows].remove == !a[i].remove) {
                rows++;
            }
            add_aggregate(out, &a[i], rows);
        }
    }
}
