/* repl_meta.c: the backslash commands of the repl, a row each. */
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "clients/repl.h"
#include "engine/base/number.h"

enum { INCLUDE_BYTES_MAX = 64 << 20, INCLUDE_DEPTH_MAX = 20 };

struct meta {
    const char *name;
    const char *argument; /* as \? shows it; "" for none */
    const char *doc;
    void (*run)(struct repl *r, struct text argument);
};

static void execute_text(struct repl *r, const struct buf *sql) {
    if (sql->failed)
        repl_say(r, "out of memory");
    else
        repl_execute_hidden(r, buf_text(sql));
}

/* A name as the user wrote it, be it quoted or not. */
static void add_name(struct buf *sql, struct text name) {
    bool quoted = name.at[0] == '"' || name.at[0] == '`';
    if (!quoted) buf_add_char(sql, '"');
    for (uint32_t i = 0; i < name.bytes; i++) {
        if (!quoted && name.at[i] == '"') buf_add_char(sql, '"');
        buf_add_char(sql, name.at[i]);
    }
    if (!quoted) buf_add_char(sql, '"');
}

/* SHOW what [LIKE 'pattern']; * stands for any characters, as in psql. */
static void show_like(struct repl *r, const char *what, struct text pattern) {
    struct buf sql;
    buf_init(&sql);
    buf_addf(&sql, "SHOW %s", what);
    if (pattern.bytes > 0) buf_add_str(&sql, " LIKE '");
    for (uint32_t i = 0; i < pattern.bytes; i++) {
        char c = pattern.at[i] == '*' ? '%' : pattern.at[i];
        if (c == '\'') buf_add_char(&sql, c);
        buf_add_char(&sql, c);
    }
    buf_add_str(&sql, pattern.bytes > 0 ? "';" : ";");
    execute_text(r, &sql);
    buf_done(&sql);
}

static void meta_quit(struct repl *r, struct text argument) {
    (void)argument;
    r->quit = true;
}

/* \d: everything; \d NAME: its columns. */
static void meta_describe(struct repl *r, struct text argument) {
    if (argument.bytes == 0) {
        repl_execute_hidden(r, TEXT_LITERAL("SHOW STREAMS; SHOW VIEWS; SHOW QUERIES;"));
        return;
    }
    struct buf sql;
    buf_init(&sql);
    buf_add_str(&sql, "DESCRIBE ");
    add_name(&sql, argument);
    buf_add_char(&sql, ';');
    execute_text(r, &sql);
    buf_done(&sql);
}

static void meta_tables(struct repl *r, struct text argument) {
    show_like(r, "STREAMS", argument);
}

static void meta_functions(struct repl *r, struct text argument) {
    show_like(r, "FUNCTIONS", argument);
}

static void meta_models(struct repl *r, struct text argument) {
    show_like(r, "MODELS", argument);
}

/* \x, \timing: the other way round, or as said; false: neither on nor off was said. */
static bool set_switch(struct repl *r, const char *name, struct text argument, bool *on) {
    if (argument.bytes == 0)
        *on = !*on;
    else if (text_equal_fold(argument, TEXT_LITERAL("on")))
        *on = true;
    else if (text_equal_fold(argument, TEXT_LITERAL("off")))
        *on = false;
    else
        repl_say(r, "%s: on or off, not '%.*s'", name, TEXT_ARG(argument));
    return *on;
}

static void meta_expanded(struct repl *r, struct text argument) {
    bool on = set_switch(r, "\\x", argument, &r->presenter.style.expanded);
    repl_say(r, "Expanded display is %s.", on ? "on" : "off");
}

static void meta_timing(struct repl *r, struct text argument) {
    bool on = set_switch(r, "\\timing", argument, &r->timing);
    repl_say(r, "Timing is %s.", on ? "on" : "off");
}

static void meta_include(struct repl *r, struct text argument) {
    if (argument.bytes == 0) {
        repl_say(r, "\\i: which file?");
        return;
    }
    if (r->include_depth >= INCLUDE_DEPTH_MAX) {
        repl_say(r, "\\i: files include each other too deeply");
        return;
    }
    struct arena arena;
    struct err e;
    arena_init(&arena, 0);
    char *path = arena_copy(&arena, argument.at, argument.bytes);
    struct script script = {.name = argument};
    r->include_depth++;
    if (!path) {
        repl_say(r, "out of memory");
    } else if (file_read_all(r->process->fs, path, INCLUDE_BYTES_MAX, &arena, &script.text, &e)) {
        repl_execute(r, &script);
    } else {
        repl_say(r, "%s", e.message);
    }
    r->include_depth--;
    arena_done(&arena);
}

static void results_to(struct repl *r, struct out *out) {
    r->results = out;
    r->presenter.out = out;
    r->presenter.table.out = out;
}

void repl_close_output(struct repl *r) {
    if (!r->output) return;
    out_done(&r->file);
    file_close(r->output);
    r->output = NULL;
    results_to(r, &r->out);
}

/* \o FILE: results go there; \o: to the terminal again. */
static void meta_output(struct repl *r, struct text argument) {
    repl_close_output(r);
    if (argument.bytes == 0) return;
    struct err e = {.message = "out of memory"};
    char *path = arena_copy(&r->settings, argument.at, argument.bytes);
    uint32_t flags = FILE_WRITE | FILE_CREATE | FILE_TRUNCATE;
    if (path) r->output = file_open(r->process->fs, path, flags, &e);
    if (!r->output) {
        repl_say(r, "%s", e.message);
        return;
    }
    out_init_file(&r->file, r->output);
    results_to(r, &r->file);
}

/* \watch N: the last statement again every N seconds (2), until Ctrl-C. */
static void meta_watch(struct repl *r, struct text argument) {
    double seconds = 2;
    if (argument.bytes > 0 && (f64_parse(argument, &seconds) != PARSE_OK || seconds <= 0)) {
        repl_say(r, "\\watch: '%.*s' is no number of seconds", TEXT_ARG(argument));
        return;
    }
    if (r->last.bytes == 0) {
        repl_say(r, "\\watch: there is no statement to repeat");
        return;
    }
    struct script script = {.text = buf_text(&r->last)};
    int wait_ms = seconds > 86400 ? 86400000 : (int)(seconds * 1000);
    while (repl_execute(r, &script) && poll(NULL, 0, wait_ms) == 0) continue;
    if (*r->process->stop != 0) repl_give_up_line(r);
}

/* 'a b' is a b. */
static struct text unquote(struct text t) {
    bool quoted = t.bytes >= 2 && t.at[0] == '\'' && t.at[t.bytes - 1] == '\'';
    return quoted ? (struct text){.at = t.at + 1, .bytes = t.bytes - 2} : t;
}

static void set_null(struct repl *r, struct text value) {
    char *copy = arena_copy(&r->settings, value.at, value.bytes);
    if (!copy) {
        repl_say(r, "out of memory");
        return;
    }
    r->presenter.style.null = (struct text){.at = copy, .bytes = value.bytes};
    repl_say(r, "Null display is \"%s\".", copy);
}

static void set_format(struct repl *r, struct text value) {
    char name[16] = "";
    if (value.bytes < sizeof name) memcpy(name, value.at, value.bytes);
    if (present_format_find(name, &r->presenter.format))
        repl_say(r, "Output format is %s.", name);
    else
        repl_say(r, "\\pset format: table, csv or ndjson, not '%.*s'", TEXT_ARG(value));
}

/* \pset null TEXT, \pset format NAME; \pset alone shows both. */
static void meta_pset(struct repl *r, struct text argument) {
    static const char *const formats[] = {"table", "csv", "ndjson"};
    struct text key = argument, value = {.at = ""};
    const char *space = argument.bytes > 0 ? memchr(argument.at, ' ', argument.bytes) : NULL;
    if (space) {
        key.bytes = (uint32_t)(space - argument.at);
        value = (struct text){.at = space + 1, .bytes = argument.bytes - key.bytes - 1};
    }
    while (value.bytes > 0 && value.at[0] == ' ') {
        value.at++;
        value.bytes--;
    }
    if (text_equal_fold(key, TEXT_LITERAL("null"))) {
        set_null(r, unquote(value));
    } else if (text_equal_fold(key, TEXT_LITERAL("format"))) {
        set_format(r, unquote(value));
    } else if (key.bytes == 0) {
        repl_say(r, "format %s, null \"%.*s\", expanded %s", formats[r->presenter.format],
                 TEXT_ARG(r->presenter.style.null), r->presenter.style.expanded ? "on" : "off");
    } else {
        repl_say(r, "\\pset: there are null and format, no '%.*s'", TEXT_ARG(key));
    }
}

static void meta_help(struct repl *r, struct text argument);

static const struct meta metas[] = {
    {"\\q", "", "leave (also quit, exit, Ctrl-D)", meta_quit},
    {"\\?", "", "this list", meta_help},
    {"\\h", "[STATEMENT]", "how statements are written", repl_help_sql},
    {"\\d", "[NAME]", "streams, views and queries; or the columns of one", meta_describe},
    {"\\dt", "[PATTERN]", "streams and tables", meta_tables},
    {"\\df", "[PATTERN]", "functions", meta_functions},
    {"\\dm", "[PATTERN]", "models", meta_models},
    {"\\x", "[on | off]", "a line a column, on or off", meta_expanded},
    {"\\timing", "[on | off]", "how long each statement took, on or off", meta_timing},
    {"\\i", "FILE", "execute a script", meta_include},
    {"\\o", "[FILE]", "results to a file, or to the terminal again", meta_output},
    {"\\watch", "[N]", "the last statement again every N seconds, until Ctrl-C", meta_watch},
    {"\\pset", "[null TEXT | format NAME]", "how results look", meta_pset},
};

static void meta_help(struct repl *r, struct text argument) {
    (void)argument;
    for (size_t i = 0; i < COUNT_OF(metas); i++) {
        char form[60];
        snprintf(form, sizeof form, "%s %s", metas[i].name, metas[i].argument);
        buf_addf(&r->out.buf, "  %-34s %s\n", form, metas[i].doc);
    }
    buf_add_str(&r->out.buf, "A statement ends with ';'. Ctrl-C gives up a line or a query.\n");
    out_flush(&r->out);
}

void repl_meta(struct repl *r, struct text line) {
    assert(line.bytes > 0 && line.at[0] == '\\');
    uint32_t name_bytes = 0;
    while (name_bytes < line.bytes && line.at[name_bytes] != ' ') name_bytes++;
    struct text name = {.at = line.at, .bytes = name_bytes};
    struct text argument = {.at = line.at + name_bytes, .bytes = line.bytes - name_bytes};
    while (argument.bytes > 0 && argument.at[0] == ' ') {
        argument.at++;
        argument.bytes--;
    }
    if (argument.bytes > 0 && argument.at[argument.bytes - 1] == ';') argument.bytes--;
    for (size_t i = 0; i < COUNT_OF(metas); i++) {
        if (!text_equal(name, text_of(metas[i].name))) continue;
        metas[i].run(r, argument);
        return;
    }
    repl_say(r, "there is no command %.*s; \\? lists them", TEXT_ARG(name));
}
