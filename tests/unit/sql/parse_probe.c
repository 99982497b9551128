/* parse_probe.c: see parse_probe.h. */
#include "tests/unit/sql/parse_probe.h"

#include "sql/unparse.h"

void parse_probe_init(struct parse_probe *p) {
    *p = (struct parse_probe){0};
    arena_init(&p->arena, 0);
    buf_init(&p->out);
}

void parse_probe_done(struct parse_probe *p) {
    buf_done(&p->out);
    arena_done(&p->arena);
}

static const char *wrong(struct parse_probe *p) {
    buf_addf(&p->out, "%s %u:%u %s", p->e.sqlstate, p->e.line, p->e.column, p->e.message);
    if (p->e.hint[0]) buf_addf(&p->out, " | %s", p->e.hint);
    return p->out.at;
}

const char *parse_probe(struct parse_probe *p, const char *sql) {
    arena_reset(&p->arena);
    buf_reset(&p->out);
    buf_add_str(&p->out, "");
    struct ast_statement *s;
    if (!sql_parse_one(text_of(sql), &p->arena, &s, &p->e)) return wrong(p);
    unparse_statement(s, &p->out);
    return p->out.at;
}

const char *parse_probe_script(struct parse_probe *p, const char *sql, const struct defines *d) {
    arena_reset(&p->arena);
    buf_reset(&p->out);
    buf_add_str(&p->out, "");
    struct sql_script script;
    sql_script_init(&script, text_of(sql), d);
    for (;;) {
        struct ast_statement *s;
        if (!sql_parse_next(&script, &p->arena, &s, &p->e)) return wrong(p);
        if (!s) return p->out.at;
        unparse_statement(s, &p->out);
        buf_add_char(&p->out, ';');
    }
}
