/* reference_errors.c: the page of errors, and the law that it and the sources name the same
 * SQLSTATEs. In the sources one is a text of five characters, a digit or XX first, or begins one
 * ("42703: there is no column ..."). */
#include <assert.h>
#include <ctype.h>

#include "tests/reference.h"
#include "tests/tree.h"

static const struct {
    const char *sqlstate, *doc;
} errors[] = {
    {"0A000", "Not supported; the sentence says what is."},
    {"22000", "A value of the data is wrong in another way; the sentence says how."},
    {"22003", "A number, date or time is out of the range of its type."},
    {"22004",
     "NULL where a value has to be: an event time, an element of a TENSOR, the size of a window."},
    {"22021", "Text that is not valid UTF-8, or a lone surrogate in JSON."},
    {"22023", "An option or a setting has a name or a value that is not allowed."},
    {"22P02", "A record or a text that cannot be read as what it should be."},
    {"22P03", "An image that is none, is cut, or of which something would have to be made up."},
    {"23502", "NULL for a column that is NOT NULL."},
    {"23505", "A table has a row with that key already."},
    {"2BP01", "An object cannot be dropped while another uses it."},
    {"42601", "Syntax."},
    {"42622", "A name is too long."},
    {"42701", "Two columns of one name."},
    {"42702", "A name that could be either of two columns."},
    {"42703", "There is no such column."},
    {"42704", "There is no such connector, setting or provider of models."},
    {"42803", "A column is neither grouped nor aggregated, or an aggregate stands where none can."},
    {"42804", "Types that do not go together."},
    {"42809", "An object of another kind than the statement wants."},
    {"42883", "There is no such function, or none for these arguments."},
    {"42P01", "There is no such stream, view, query or model, or it has no rows of its own."},
    {"42P07", "An object of that name is there already."},
    {"53000", "The machine gives no more threads."},
    {"53100", "The disk is full."},
    {"53200", "No memory."},
    {"54000", "A limit was reached: of state, nesting, or the length of a record."},
    {"55000", "What is asked for is not kept any more, or not there yet."},
    {"55006", "It is in use: a model by another INSERT, a data directory by another process."},
    {"57014", "Nobody waits for the result any more."},
    {"58030", "A file or a socket failed."},
    {"XX000", "A fault of the program itself."},
    {"XX001", "Data that is corrupt."},
};

static bool errors_has(struct text sqlstate) {
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        if (text_equal(sqlstate, text_of(errors[i].sqlstate))) return true;
    }
    return false;
}

bool error_known(struct text sqlstate) {
    return errors_has(sqlstate);
}

struct text error_at(uint32_t i) {
    return i < COUNT_OF(errors) ? text_of(errors[i].sqlstate) : (struct text){.at = NULL};
}

void page_errors(struct buf *out) {
    page_begin(out, "Errors",
               "An error has an SQLSTATE of five characters for programs and a sentence for "
               "people; one about SQL text\nsays where, and often what was meant. The first two "
               "characters are the class: 22 and 23 are about data\nand make a bad row when a "
               "row is at fault, 42 about the statement, 53 to 58 about the machine.");
    buf_add_str(out, "\n| SQLSTATE | |\n|---|---|\n");
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        buf_addf(out, "| `%s` | %s |\n", errors[i].sqlstate, errors[i].doc);
    }
}

/* Behind a quote: five characters of an SQLSTATE and their end? */
static bool looks_like(const char *at) {
    bool class = isdigit((unsigned char)at[0]) || (at[0] == 'X' && at[1] == 'X');
    for (int i = 0; class && i < 5; i++) {
        class = isdigit((unsigned char)at[i]) || isupper((unsigned char)at[i]);
    }
    return class && (at[5] == '"' || (at[5] == ':' && at[6] == ' '));
}

/* Marks those of `source` in found[], and complains of those that the page lacks. */
static uint32_t scan_source(const char *path, struct text source, bool *found, struct buf *out) {
    uint32_t wrong = 0;
    for (uint32_t i = 0; i + 8 < source.bytes; i++) {
        const char *at = source.at + i + 1;
        if (source.at[i] != '"' || !looks_like(at)) continue;
        struct text sqlstate = {.at = at, .bytes = 5};
        for (size_t k = 0; k < COUNT_OF(errors); k++) {
            if (text_equal(sqlstate, text_of(errors[k].sqlstate))) found[k] = true;
        }
        if (errors_has(sqlstate)) continue;
        buf_addf(out, "%s: %.*s is not explained in tests/reference_errors.c\n", path,
                 TEXT_ARG(sqlstate));
        wrong++;
    }
    return wrong;
}

uint32_t audit_errors(const char *root, struct buf *out) {
    static const char *const folders[] = {"engine", "storage", "udf", "sql", "clients"};
    bool found[COUNT_OF(errors)] = {false};
    struct tree tree;
    uint32_t wrong = 0;
    tree_init(&tree);
    for (size_t i = 0; i < COUNT_OF(folders); i++) tree_add(&tree, root, folders[i], ".c .h .y");
    tree_sort(&tree);
    for (size_t i = 0; i < tree.count; i++) {
        wrong += scan_source(tree.path[i], tree_read(&tree, root, tree.path[i]), found, out);
    }
    tree_done(&tree);
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        if (found[i]) continue;
        buf_addf(out, "%s is explained, but never given\n", errors[i].sqlstate);
        wrong++;
    }
    return wrong;
}
