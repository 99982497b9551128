/* script.c: see script.h. */
#include "tests/cut/script.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/cut/world.h"

enum { IDLE_STEPS = 20, STEPS_MAX = 800, AFTER_STEPS = 4 };

/* The statement that comes next, parsed into `a`; NULL: none, or an error. */
static struct ast_statement *peek(struct world *w, struct arena *a, struct sql_script *behind) {
    struct ast_statement *st = NULL;
    struct err e;
    *behind = w->session->parse;
    return sql_parse_next(behind, a, &st, &e) ? st : NULL;
}

static bool is_passive(const struct ast_statement *st) {
    return st->kind == AST_SHOW_STATEMENT || st->kind == AST_DESCRIBE_STATEMENT ||
           st->kind == AST_EXPLAIN_STATEMENT || st->kind == AST_SELECT_STATEMENT;
}

static bool runs(const struct world *w) {
    for (struct job *j = runner_first(w->session->runner); j; j = job_next(j)) {
        if (job_state(j) != JOB_WAITING) return true;
    }
    return false;
}

/* The statements so far, in a new session, nothing of them running. */
static bool repeat_statements(struct world *w) {
    struct arena a;
    bool good = true, more = true;
    arena_init(&a, 0);
    for (uint32_t i = 0; good && i < w->done; i++) {
        struct sql_script behind;
        struct err e;
        arena_reset(&a);
        const struct ast_statement *st = peek(w, &a, &behind);
        if (st && (is_passive(st) || w->by_hand[i])) {
            w->session->parse = behind;
        } else {
            good = session_step(w->session, &more, &e) && !runs(w);
        }
    }
    arena_done(&a);
    return good;
}

static bool lost(struct world *w, const char *when, const struct err *e) {
    snprintf(w->out->failure, sizeof w->out->failure, "%s: %s: %s", when, e->sqlstate, e->message);
    return false;
}

static bool select_add(struct world *w, struct err *e);

/* A new session with the statements so far. */
static bool begin_again(struct world *w) {
    struct err e;
    w->muted = true;
    if (!world_open(w, &e)) return lost(w, "opening", &e);
    if (!repeat_statements(w)) {
        w->out->left_out = true;
        return false;
    }
    if (w->selecting && !select_add(w, &e)) return lost(w, "binding again", &e);
    w->muted = false;
    return true;
}

/* Going on from damaged bytes is refused, or not; it ends well. */
static bool survive_damage(struct world *w) {
    struct err e;
    char *at = cut_point_damage(&w->point, random_u64(&w->o->random));
    if (!at) return true;
    char was = w->point.was;
    bool begun = begin_again(w);
    if (begun) (void)!cut_point_load(&w->point, w->session, &e);
    world_close(w);
    *at = was;
    return begun;
}

/* A new session that goes on from the point. */
static bool come_back(struct world *w) {
    struct err e;
    if (w->o->damages && !survive_damage(w)) return false;
    if (!begin_again(w)) return false;
    return cut_point_load(&w->point, w->session, &e) || lost(w, "loading", &e);
}

/* All that was made is covered and appears. */
static bool point(struct world *w) {
    struct err e;
    if (!cut_point_save(&w->point, w->session, &e)) return lost(w, "saving", &e);
    return cut_point_commit(w->session, &e) || lost(w, "committing", &e);
}

/* Saves, goes on for a while, and drops all without a word. */
static bool cut(struct world *w) {
    struct err e;
    bool more = true;
    if (!cut_point_save(&w->point, w->session, &e)) return lost(w, "saving", &e);
    size_t shown = w->out->shown.bytes;
    uint64_t rows = w->rows;
    off_t printed = lseek(w->out_fd, 0, SEEK_CUR);
    bool commits = random_below(&w->o->random, 2) == 0;
    if (commits && !cut_point_commit(w->session, &e)) return lost(w, "committing", &e);
    uint64_t steps = random_below(&w->o->random, 2) ? random_below(&w->o->random, AFTER_STEPS) : 0;
    for (uint64_t i = 0; i < steps && more; i++) runner_step(w->session->runner, &more);
    world_close(w);
    w->out->shown.bytes = shown;
    w->rows = rows;
    bool back = ftruncate(w->out_fd, printed) == 0 && lseek(w->out_fd, printed, SEEK_SET) >= 0;
    assert(back);
    w->out->cuts++;
    return come_back(w);
}

static struct job *job_called(const struct world *w, const char *name) {
    struct job *j = runner_first(w->session->runner);
    while (j && !text_equal(job_name(j), text_of(name))) j = job_next(j);
    return j;
}

static bool is_over(const struct job *j) {
    return job_state(j) == JOB_ENDED || job_state(j) == JOB_FAILED;
}

/* Has the job of that name, or have all of them, ended? */
static bool is_done(const struct world *w, const char *name) {
    if (name) return is_over(job_called(w, name));
    for (struct job *j = runner_first(w->session->runner); j; j = job_next(j)) {
        if (!is_over(j)) return false;
    }
    return true;
}

static bool step_until(struct world *w, const char *name) {
    uint32_t idle = 0;
    while (!is_done(w, name)) {
        bool more;
        if (w->out->cuts < w->o->cuts && w->until_cut-- == 0) {
            w->until_cut = random_below(&w->o->random, w->o->apart);
            if (!cut(w)) return false;
            continue;
        }
        runner_step(w->session->runner, &more);
        idle = more ? 0 : idle + 1;
        if (idle < IDLE_STEPS && ++w->out->steps < STEPS_MAX) continue;
        if (!name && idle == IDLE_STEPS) return true; /* who is left follows what is in memory */
        w->out->left_out = true;
        return false;
    }
    return true;
}

/* --- SELECT --- */

static bool select_rows(void *context, const struct batch *b, struct err *e) {
    struct world *w = context;
    w->rows += b->live;
    return world_show(w, b, e);
}

/* Parses and binds the SELECT that comes next. */
static bool select_bind(struct world *w, struct err *e) {
    struct session *s = w->session;
    struct sql_script behind = s->parse;
    struct ast_statement *st;
    arena_reset(&s->statement);
    if (!sql_parse_next(&behind, &s->statement, &st, e)) return false;
    struct sql_env env = session_env(s, st);
    return bind_select(&env, st->as.select, &s->statement, &w->bound, e);
}

static bool select_add(struct world *w, struct err *e) {
    struct session *s = w->session;
    if (!select_bind(w, e)) return false;
    struct stream **input = session_inputs(s, &w->bound, &s->statement);
    assert(input);
    const struct job_options o = {
        .name = TEXT_LITERAL("select"),
        .plan = &w->bound.plan,
        .input = input,
        .output = select_rows,
        .prints = &s->out,
        .context = w,
        .query = session_query_settings(s),
        .fail_on_error = s->settings.on_error == ON_ERROR_FAIL,
    };
    return runner_add(s->runner, &o, e) != NULL;
}

static bool uses(const struct bound_query *b, const struct object *o) {
    for (uint32_t i = 0; i < b->uses; i++) {
        if (b->use[i] == o) return true;
    }
    return false;
}

/* A query of the background that fills what the SELECT reads, and ends; its name is copied. */
static bool find_writer(const struct world *w, char name[64]) {
    for (struct object *o = catalog_first(w->session->catalog); o; o = o->next) {
        const struct running *r = session_running(o);
        if (!r || !r->job || !r->bound.plan.bounded || is_over(r->job)) continue;
        bool fills = uses(&w->bound, r->bound.target) || uses(&w->bound, o);
        for (uint32_t i = 0; i < w->bound.uses; i++) fills |= uses(&r->bound, w->bound.use[i]);
        snprintf(name, 64, "%.*s", TEXT_ARG(o->name));
        if (fills) return true;
    }
    return false;
}

/* false: the script is over. */
static bool run_select(struct world *w) {
    char name[64];
    struct err e;
    struct sql_script behind;
    for (;;) {
        if (!select_bind(w, &e)) return world_say(w, &e);
        if (!find_writer(w, name)) break;
        if (!step_until(w, name)) return false;
    }
    if (!session_settle(w->session, &w->bound, false, &e)) return world_say(w, &e);
    if (!point(w)) return false; /* what writers made appears */
    if (!select_bind(w, &e) || !select_add(w, &e)) return world_say(w, &e);
    w->selecting = true;
    if (!step_until(w, "select")) return false;
    w->selecting = false;
    struct job *j = job_called(w, "select");
    bool good = job_state(j) == JOB_ENDED;
    if (!good) (void)world_say(w, job_error(j));
    world_figures(w, j);
    runner_remove(w->session->runner, j);
    struct arena a;
    arena_init(&a, 0);
    (void)peek(w, &a, &behind);
    w->session->parse = behind;
    arena_done(&a);
    return good;
}

/* --- the script --- */

static uint32_t objects(const struct world *w) {
    uint32_t count = 0;
    for (struct object *o = catalog_first(w->session->catalog); o; o = o->next) count++;
    return count;
}

/* The next statement. false: the script is over. */
static bool run_one(struct world *w) {
    struct sql_script behind;
    struct arena a;
    struct err e;
    bool more = true, good;
    arena_init(&a, 0);
    const struct ast_statement *st = peek(w, &a, &behind);
    bool selects = st && st->kind == AST_SELECT_STATEMENT;
    bool changes = st && (st->kind == AST_INSERT_STATEMENT || st->kind == AST_UPDATE_STATEMENT ||
                          st->kind == AST_DELETE_STATEMENT);
    if (st && st->kind == AST_EXPLAIN_STATEMENT && st->as.explain.analyze) w->out->left_out = true;
    arena_done(&a);
    if (w->out->left_out) return false;
    if (selects) {
        good = run_select(w);
    } else {
        uint32_t before = objects(w);
        good = session_step(w->session, &more, &e) || world_say(w, &e);
        cut_point_listen(&w->point, w->session);
        assert(w->done < WORLD_STATEMENTS);
        w->by_hand[w->done] = changes && objects(w) == before;
    }
    w->done++;
    return good && more;
}

void cut_script_run(const struct cut_options *o, struct cut_result *out) {
    struct cut_options mine = *o;
    struct world w = {.o = &mine, .out = out};
    struct err e;
    *out = (struct cut_result){.cuts = 0};
    if (!world_begin(&w, &e)) {
        (void)lost(&w, "opening", &e);
        return;
    }
    w.until_cut = random_below(&mine.random, mine.apart);
    while (run_one(&w)) {}
    bool usable = !out->left_out && !out->failure[0];
    if (usable && step_until(&w, NULL)) {
        (void)point(&w);
        world_tell(&w);
    }
    world_end(&w);
}

void cut_result_done(struct cut_result *r) {
    buf_done(&r->shown);
    buf_done(&r->files);
}
