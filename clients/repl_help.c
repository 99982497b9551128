/* repl_help.c: \h: how the statements are written, a row each. */
#include "clients/repl.h"

struct topic {
    const char *name, *syntax;
};

static const struct topic topics[] = {
    {"SELECT",
     "[WITH name AS (query), ...]\n"
     "SELECT [DISTINCT] expression [[AS] name], ...\n"
     "FROM name | (query) [AS] name | TABLE(kept_stream) | window\n"
     "[WHERE condition] [GROUP BY expression, ...] [HAVING condition]\n"
     "[UNION [ALL] | INTERSECT | EXCEPT query]\n"
     "[ORDER BY expression [ASC | DESC] [NULLS FIRST | LAST], ...]\n"
     "[LIMIT count [OFFSET count]] [EMIT CHANGES | EMIT FINAL];\n"
     "window: TUMBLE(TABLE t, DESCRIPTOR(ts), size) | HOP(TABLE t, DESCRIPTOR(ts), slide, size)\n"
     "      | CUMULATE(TABLE t, DESCRIPTOR(ts), step, size)\n"
     "      | SESSION(TABLE t [PARTITION BY column], DESCRIPTOR(ts), gap)"},
    {"VALUES", "VALUES (expression, ...), ...;"},
    {"INSERT", "INSERT INTO target [(column, ...)] query | VALUES (expression, ...), ...;"},
    {"CREATE STREAM",
     "CREATE STREAM [IF NOT EXISTS] name (\n"
     "  column type [NOT NULL], ...,\n"
     "  column AS expression, ...,\n"
     "  WATERMARK FOR column AS expression\n"
     ") [PARTITIONED BY (column, ...)] [WITH ('connector' = '...', 'option' = 'value', ...)];"},
    {"CREATE TABLE",
     "CREATE TABLE name (...) WITH ('connector' = '...', ...); -- as CREATE STREAM"},
    {"CREATE VIEW", "CREATE [OR REPLACE] VIEW [IF NOT EXISTS] name [(column, ...)] AS query;"},
    {"CREATE QUERY", "CREATE QUERY [IF NOT EXISTS] name AS INSERT INTO target query;"},
    {"CREATE FUNCTION", "CREATE [OR REPLACE] FUNCTION [IF NOT EXISTS] name(argument type, ...)\n"
                        "RETURNS type AS expression;"},
    {"CREATE MODEL", "CREATE [OR REPLACE] MODEL [IF NOT EXISTS] name [INPUT (column type, ...)]\n"
                     "[OUTPUT (column type, ...)] WITH ('provider' = 'onnx' | 'train', ...);"},
    {"INSERT INTO MODEL", "INSERT INTO MODEL name query; -- its inputs, then its targets"},
    {"EXPORT MODEL", "EXPORT MODEL name TO 'file.onnx';"},
    {"DROP", "DROP STREAM | TABLE | VIEW | QUERY | MODEL | FUNCTION [IF EXISTS] name;"},
    {"DESCRIBE", "DESCRIBE name;"},
    {"EXPLAIN", "EXPLAIN [ANALYZE] query;\nEXPLAIN INSERT INTO target query;"},
    {"SHOW", "SHOW STREAMS | TABLES | VIEWS | QUERIES | FUNCTIONS | MODELS | CONNECTORS | USERS\n"
             "  [LIKE 'pattern'];\n"
             "SHOW ALL; SHOW setting; SHOW CREATE name;"},
    {"SET", "SET 'name' = 'value'; RESET 'name'; RESET;"},
    {"DEFINE", "DEFINE [IF NOT EXISTS] name = 'value'; -- what ${name} stands for from here on"},
    {"EXECUTE STATEMENT SET", "EXECUTE STATEMENT SET BEGIN INSERT ...; INSERT ...; END;"},
};

static bool begins_with(struct text name, struct text prefix) {
    name.bytes = name.bytes < prefix.bytes ? name.bytes : prefix.bytes;
    return text_equal_fold(name, prefix);
}

static void list_topics(struct repl *r) {
    for (size_t i = 0; i < COUNT_OF(topics); i++) buf_addf(&r->out.buf, "  %s\n", topics[i].name);
    buf_add_str(&r->out.buf, "\\h NAME shows how it is written; SHOW FUNCTIONS lists functions.\n");
}

void repl_help_sql(struct repl *r, struct text argument) {
    bool found = argument.bytes == 0;
    if (found) list_topics(r);
    for (size_t i = 0; i < COUNT_OF(topics) && argument.bytes > 0; i++) {
        if (!begins_with(text_of(topics[i].name), argument)) continue;
        buf_addf(&r->out.buf, "%s\n", topics[i].syntax);
        found = true;
    }
    out_flush(&r->out);
    if (!found) repl_say(r, "\\h: there is no statement %.*s; \\h lists them", TEXT_ARG(argument));
}
