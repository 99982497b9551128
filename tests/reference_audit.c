/* reference_audit.c: what every row of the function and aggregate tables must be: named in small
 * letters, once for each signature, signed as its name says, documented by a sentence, and shown by
 * a case file. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/signature.h"
#include "tests/reference.h"
#include "udf/aggregate.h"
#include "udf/table.h"

enum { PATH_BYTES_MAX = 1024 };

/* One row of either kind. */
struct row {
    const char *name, *sig, *doc;
};

const char *function_case_name(const char *name) {
    static const struct {
        const char *operator, * word;
    } words[] = {
        {"+", "add"},          {"-", "subtract"},
        {"*", "multiply"},     {"/", "divide"},
        {"%", "remainder"},    {"&", "bit_and"},
        {"|", "bit_or"},       {"~", "bit_not"},
        {"<<", "shift_left"},  {">>", "shift_right"},
        {"=", "equal"},        {"<>", "not_equal"},
        {"<", "less"},         {"<=", "less_or_equal"},
        {">", "greater"},      {">=", "greater_or_equal"},
        {"||", "join"},        {"->", "arrow"},
        {"->>", "arrow_text"}, {"[]", "index"},
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(words[i].operator, name) == 0) return words[i].word;
    }
    return isalpha((unsigned char)name[0]) ? name : NULL;
}

static uint32_t complain(struct buf *out, const struct row *r, const char *sentence) {
    buf_addf(out, "%s: %s\n", r->sig ? r->sig : r->name, sentence);
    return 1;
}

static uint32_t audit_case(const char *root, const struct row *r, struct buf *out) {
    char path[PATH_BYTES_MAX];
    const char *file = function_case_name(r->name);
    if (!file) return complain(out, r, "the operator has no word for its case file");
    int n = snprintf(path, sizeof path, "%s/tests/cases/function/%s.case", root, file);
    assert(n > 0 && (size_t)n < sizeof path);
    if (access(path, R_OK) == 0) return 0;
    buf_addf(out, "%s: there is no tests/cases/function/%s.case\n", r->sig, file);
    return 1;
}

static uint32_t audit_signature(const struct row *r, struct buf *out) {
    struct arena a;
    struct signature sig;
    size_t bytes = strlen(r->name);
    arena_init(&a, 0);
    bool good = strncmp(r->sig, r->name, bytes) == 0 && r->sig[bytes] == '(' &&
                signature_parse(r->sig, &a, &sig);
    arena_done(&a);
    return good ? 0 : complain(out, r, "the signature is not one of this name");
}

static uint32_t audit_row(const char *root, const struct row *r, struct buf *out) {
    uint32_t wrong = 0;
    for (const char *c = r->name; *c; c++) {
        if (isupper((unsigned char)*c))
            wrong += complain(out, r, "the name is not in small letters");
    }
    if (!r->doc || !*r->doc) wrong += complain(out, r, "there is no sentence");
    return wrong + audit_signature(r, out) + audit_case(root, r, out);
}

uint32_t audit_functions(const char *root, struct buf *out) {
    uint32_t wrong = 0;
    for (uint32_t t = 0; t < fn_table_count; t++) {
        if (!topic_title(t)) wrong++;
        if (!topic_title(t)) buf_addf(out, "table %u of udf/table.h has no heading\n", t);
        for (uint32_t i = 0; i < fn_tables[t]->count; i++) {
            const struct fn *f = &fn_tables[t]->fn[i];
            const struct row r = {f->name, f->sig, f->doc};
            wrong += audit_row(root, &r, out);
            if (fn_listed(f) && !f->example) wrong += complain(out, &r, "there is no example");
        }
    }
    return wrong;
}

uint32_t audit_aggregates(const char *root, struct buf *out) {
    struct agg_table table[UDF_AGGREGATE_TABLES];
    uint32_t wrong = 0;
    udf_aggregates(table);
    for (uint32_t t = 0; t < UDF_AGGREGATE_TABLES; t++) {
        for (uint32_t i = 0; i < table[t].count; i++) {
            const struct aggregate *a = &table[t].agg[i];
            const struct row r = {a->name, a->sig, a->doc};
            wrong += audit_row(root, &r, out);
            if (!a->example || !strstr(a->example, " FROM ("))
                wrong += complain(out, &r, "there is no example of it FROM some rows");
            else if (strncmp(a->example, a->name, strlen(a->name)) != 0)
                wrong += complain(out, &r, "the example does not begin with its name");
        }
    }
    return wrong;
}
