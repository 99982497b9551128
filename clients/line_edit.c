/* line_edit.c: libedit in its own interface (histedit.h), not its imitation of readline: the
 * character reader is ours, so that queries of the background go on while nobody types.
 */
#include "clients/line_edit.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

#include "engine/base/buf.h"

enum { HISTORY_ENTRIES = 10000, IDLE_MS = 50 };

struct line_edit {
    struct line_edit_options options;
    EditLine *el;
    History *history;
    FILE *in, *out, *err;
    const char *prompt;
    struct buf word; /* of a completion: what all candidates begin with */
    uint32_t candidates;
};

static char *prompt_of(EditLine *el) {
    struct line_edit *l;
    el_get(el, EL_CLIENTDATA, &l);
    return (char *)(uintptr_t)l->prompt;
}

/* Waits for a byte, working for the background meanwhile; false: Ctrl-C. */
static bool wait_for_byte(struct line_edit *l) {
    for (;;) {
        if (*l->options.stop) return false;
        if (l->options.idle) l->options.idle(l->options.context);
        struct pollfd p = {.fd = l->options.stdin_fd, .events = POLLIN};
        if (!*l->options.stop && poll(&p, 1, IDLE_MS) > 0) return true;
    }
}

/* libedit's character reader: 1 a character, 0 the end, -1 an error. */
static int read_character(EditLine *el, wchar_t *out) {
    struct line_edit *l;
    el_get(el, EL_CLIENTDATA, &l);
    mbstate_t state = {0};
    for (;;) {
        if (!wait_for_byte(l)) {
            errno = EINTR;
            return -1;
        }
        char c;
        ssize_t n = read(l->options.stdin_fd, &c, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return (int)n;
        size_t used = mbrtowc(out, &c, 1, &state);
        if (used == (size_t)-2) continue; /* the middle of a character */
        if (used != (size_t)-1) return 1;
        state = (mbstate_t){0};
    }
}

/* Keeps what the candidates so far have in common. */
static void add_candidate(void *context, struct text name) {
    struct line_edit *l = context;
    if (l->candidates++ == 0) {
        buf_add_text(&l->word, name);
        return;
    }
    size_t same = 0;
    while (same < l->word.bytes && same < name.bytes) {
        struct text a = {.at = l->word.at + same, .bytes = 1};
        struct text b = {.at = name.at + same, .bytes = 1};
        if (!text_equal_fold(a, b)) break;
        same++;
    }
    l->word.bytes = same;
}

static bool is_word_byte(char c) {
    return c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Is the cursor where no name can stand: in a backslash command, or inside quotes? */
static bool is_no_name(const LineInfo *line) {
    char quote = 0;
    if (line->buffer < line->cursor && line->buffer[0] == '\\') return true;
    for (const char *at = line->buffer; at < line->cursor; at++) {
        if (quote == 0 && (*at == '\'' || *at == '"' || *at == '`')) {
            quote = *at;
        } else if (*at == quote) {
            quote = 0;
        }
    }
    return quote != 0;
}

static unsigned char complete_word(EditLine *el, int key) {
    (void)key;
    struct line_edit *l;
    el_get(el, EL_CLIENTDATA, &l);
    const LineInfo *line = el_line(el);
    const char *start = line->cursor;
    while (start > line->buffer && is_word_byte(start[-1])) start--;
    struct text word = {.at = start, .bytes = (uint32_t)(line->cursor - start)};
    if (word.bytes == 0 || !l->options.complete || is_no_name(line)) return CC_ERROR;

    buf_reset(&l->word);
    l->candidates = 0;
    l->options.complete(l->options.context, word, l, add_candidate);
    if (l->word.failed || l->word.bytes < word.bytes) return CC_ERROR;
    if (l->candidates == 1) buf_add_char(&l->word, ' ');
    buf_add_char(&l->word, '\0');
    if (l->word.failed || l->word.bytes == word.bytes + 1) return CC_ERROR;
    return el_insertstr(el, l->word.at + word.bytes) == 0 ? CC_REFRESH : CC_ERROR;
}

static bool open_streams(struct line_edit *l) {
    const struct line_edit_options *o = &l->options;
    int in = dup(o->stdin_fd), out = dup(o->stdout_fd), err = dup(o->stderr_fd);
    if (in >= 0) l->in = fdopen(in, "r");
    if (out >= 0) l->out = fdopen(out, "w");
    if (err >= 0) l->err = fdopen(err, "w");
    return l->in && l->out && l->err;
}

static bool open_editor(struct line_edit *l) {
    HistEvent event;
    if (!open_streams(l)) return false;
    l->history = history_init();
    l->el = el_init("weir", l->in, l->out, l->err);
    if (!l->history || !l->el) return false;

    history(l->history, &event, H_SETSIZE, HISTORY_ENTRIES);
    history(l->history, &event, H_SETUNIQUE, 1);
    if (l->options.history_path) history(l->history, &event, H_LOAD, l->options.history_path);
    el_set(l->el, EL_CLIENTDATA, l);
    el_set(l->el, EL_PROMPT, prompt_of);
    el_set(l->el, EL_EDITOR, "emacs");
    el_set(l->el, EL_HIST, history, l->history);
    el_set(l->el, EL_GETCFN, read_character);
    el_set(l->el, EL_ADDFN, "complete", "complete a name", complete_word);
    el_set(l->el, EL_BIND, "^I", "complete", NULL);
    el_source(l->el, NULL);
    return true;
}

struct line_edit *line_edit_open(const struct line_edit_options *o, struct err *e) {
    struct line_edit *l = calloc(1, sizeof *l);
    if (!l) {
        err_memory(e);
        return NULL;
    }
    l->options = *o;
    buf_init(&l->word);
    if (open_editor(l)) return l;
    err_set(e, ERR_IO, "58030", "cannot open the terminal");
    line_edit_close(l);
    return NULL;
}

enum line_result line_edit_read(struct line_edit *l, const char *prompt, struct text *out) {
    l->prompt = prompt;
    errno = 0;
    int bytes = 0;
    const char *line = el_gets(l->el, &bytes);
    if (!line || bytes <= 0) {
        if (*l->options.stop) {
            el_reset(l->el);
            return LINE_INTERRUPTED;
        }
        return LINE_END;
    }
    if (line[bytes - 1] == '\n') bytes--;
    *out = (struct text){.at = line, .bytes = (uint32_t)bytes};
    return LINE_READ;
}

void line_edit_remember(struct line_edit *l, struct text statement) {
    struct buf entry;
    HistEvent event;
    buf_init(&entry);
    buf_add_text(&entry, statement);
    if (entry.bytes > 0 && !entry.failed) history(l->history, &event, H_ENTER, entry.at);
    buf_done(&entry);
}

void line_edit_close(struct line_edit *l) {
    if (!l) return;
    HistEvent event;
    if (l->history && l->options.history_path) {
        history(l->history, &event, H_SAVE, l->options.history_path);
    }
    if (l->el) el_end(l->el);
    if (l->history) history_end(l->history);
    if (l->in) fclose(l->in);
    if (l->out) fclose(l->out);
    if (l->err) fclose(l->err);
    buf_done(&l->word);
    free(l);
}
