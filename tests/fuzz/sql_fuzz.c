/* sql_fuzz.c: libFuzzer target: any bytes are a script. Each statement parses or has an error; what
 * parses is unparsed to a text that parses to the same. The shell's view of the text and its key
 * are taken too.
 *
 * The first byte says whether ${name} is replaced.
 */
#include <stdlib.h>

#include "sql/parse.h"
#include "sql/unparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool true_always) {
    if (!true_always) __builtin_trap();
}

static void unparse_twice(const struct ast_statement *s) {
    struct buf once, twice;
    buf_init(&once);
    buf_init(&twice);
    unparse_statement(s, &once);

    struct arena a;
    arena_init(&a, 0);
    struct ast_statement *again;
    struct err e;
    if (sql_parse_one(buf_text(&once), &a, &again, &e)) {
        unparse_statement(again, &twice);
        must(text_equal(buf_text(&once), buf_text(&twice)));
    } else {
        must(e.sqlstate[0] == '5'); /* a limit: the canonical text has more parentheses */
    }
    arena_done(&a);
    buf_done(&once);
    buf_done(&twice);
}

static void run_script(struct text text, const struct defines *d) {
    struct arena a;
    arena_init(&a, 0);
    struct sql_script script;
    sql_script_init(&script, text, d);
    struct err e;
    for (;;) {
        struct ast_statement *s;
        if (!sql_parse_next(&script, &a, &s, &e)) {
            must(e.offset <= text.bytes);
            continue;
        }
        if (!s) break;
        must(s->start <= s->end && s->end <= s->source->text.bytes);
        if (s->kind != AST_REFUSED_STATEMENT) unparse_twice(s);
        arena_reset(&a);
    }
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > 1 << 16) return 0;
    struct text text = {.at = (const char *)data + 1, .bytes = (uint32_t)size - 1};

    struct arena a;
    arena_init(&a, 0);
    struct defines d;
    defines_init(&d, &a);
    struct err e;
    must(defines_set(&d, TEXT_LITERAL("a"), TEXT_LITERAL("b ' ; \" c"), &e));
    must(defines_set(&d, TEXT_LITERAL("b"), TEXT_LITERAL(""), &e));
    run_script(text, data[0] & 1 ? &d : NULL);
    arena_done(&a);

    struct buf key;
    buf_init(&key);
    sql_text_key(text, &key);
    buf_done(&key);
    uint32_t ready;
    must(sql_input_state(text, &ready) <= SQL_INPUT_COMMENT);
    must(ready <= text.bytes);
    return 0;
}
