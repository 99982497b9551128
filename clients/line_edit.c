/* line_edit.c: libedit in its own interface (histedit.h), not its imitation of readline: the
 * character reader is ours, so that queries of the background go on while nobody types.
 */
#include "clients/line_edit.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "clients/candidates.h"
#include "engine/base/buf.h"

enum { HISTORY_ENTRIES = 10000, IDLE_MS = 50, WIDTH_UNKNOWN = 80 };

struct line_edit {
    struct line_edit_options options;
    EditLine *el;
    History *history;
    FILE *in, *out, *err;
    const char *prompt;
    struct candidates candidates; /* of a completion */
    struct buf rest;              /* what it adds to the word */
    bool tabbed;                  /* the last Tab added nothing: */
    uint64_t tab_key;             /* which key it was, */
    struct buf tab_line;          /* and what stood before the cursor */
    uint64_t keys;                /* read so far */
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
        if (used != (size_t)-1) {
            l->keys++;
            return 1;
        }
        state = (mbstate_t){0};
    }
}

static void add_candidate(void *context, struct text name) {
    struct line_edit *l = context;
    candidates_add(&l->candidates, name);
}

static bool is_word_byte(char c) {
    return c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Is the cursor where no name can stand: in a backslash command but \d, or inside quotes? */
static bool is_no_name(const LineInfo *line) {
    char quote = 0;
    size_t before = (size_t)(line->cursor - line->buffer);
    if (before > 0 && line->buffer[0] == '\\')
        return before < 4 || strncmp(line->buffer, "\\d ", 3) != 0;
    for (const char *at = line->buffer; at < line->cursor; at++) {
        if (quote == 0 && (*at == '\'' || *at == '"' || *at == '`')) {
            quote = *at;
        } else if (*at == quote) {
            quote = 0;
        }
    }
    return quote != 0;
}

static uint32_t screen_width(const struct line_edit *l) {
    struct winsize size;
    bool known = ioctl(l->options.stdout_fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : WIDTH_UNKNOWN;
}

/* Below the line, which libedit then draws anew. */
static unsigned char list_candidates(struct line_edit *l) {
    struct buf list;
    buf_init(&list);
    buf_add_char(&list, '\n');
    candidates_list(&l->candidates, screen_width(l), &list);
    if (!list.failed) fwrite(list.at, 1, list.bytes, l->out);
    buf_done(&list);
    fflush(l->out);
    return CC_REDISPLAY;
}

/* Was the key before this one, on this very line, a Tab that found nothing to add? */
static bool is_second(struct line_edit *l, const LineInfo *line) {
    struct text now = {.at = line->buffer, .bytes = (uint32_t)(line->cursor - line->buffer)};
    bool second = l->tabbed && l->keys == l->tab_key + 1 && text_equal(now, buf_text(&l->tab_line));
    l->tabbed = true;
    l->tab_key = l->keys;
    buf_reset(&l->tab_line);
    buf_add_text(&l->tab_line, now);
    return second && !l->tab_line.failed;
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

    buf_reset(&l->rest);
    candidates_reset(&l->candidates);
    l->options.complete(l->options.context, word, l, add_candidate);
    candidates_sort(&l->candidates);
    if (l->candidates.failed || l->candidates.count == 0) return CC_ERROR;
    candidates_common(&l->candidates, word, &l->rest);
    if (l->rest.bytes == 0 && l->candidates.count > 1)
        return is_second(l, line) ? list_candidates(l) : CC_ERROR;
    if (l->candidates.count == 1) buf_add_char(&l->rest, ' ');
    buf_add_char(&l->rest, '\0');
    if (l->rest.failed) return CC_ERROR;
    return el_insertstr(el, l->rest.at) == 0 ? CC_REFRESH : CC_ERROR;
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
    candidates_init(&l->candidates);
    buf_init(&l->rest);
    buf_init(&l->tab_line);
    if (open_editor(l)) return l;
    err_set(e, ERR_IO, "58030", "cannot open the terminal");
    line_edit_close(l);
    return NULL;
}

enum line_result line_edit_read(struct line_edit *l, const char *prompt, struct text *out) {
    l->prompt = prompt;
    el_set(l->el, EL_PREP_TERM, 1); /* before the prompt: from then on the echo is libedit's */
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
    candidates_done(&l->candidates);
    buf_done(&l->rest);
    buf_done(&l->tab_line);
    free(l);
}
