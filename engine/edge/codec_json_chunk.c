/* codec_json_chunk.c: the rows of a chunk: see codec_json_decoder.h.
 *
 * Record r of the chunk owns slot r behind the rows that are finished, so records may be decoded in
 * any order; bad ones leave gaps that are closed at the end. Columns that nobody reads are decoded
 * all the same, into scratch builders whose rows are those of the chunk: a record is judged by all
 * that is declared.
 */
#include <assert.h>
#include <immintrin.h>
#include <string.h>

#include "engine/edge/codec_json_decoder.h"
#include "engine/edge/codec_slots.h"

enum { PATIENCE_ROWS = 64, REST_ROWS_MAX = 8192 };

/* Column `i` of the next record goes to `slot` of the chunk. */
static void column_seek(const struct decoder *d, const struct decode_job *job, uint32_t i,
                        uint32_t slot) {
    slot_seek(d->col[i], d->used[i] ? job->rows + slot : slot);
}

static bool bad_report(const struct jread *r, struct decode_job *job, struct err *e) {
    char message[240];
    jread_message(r, message, sizeof message);
    struct text record = {.at = r->begin, .bytes = (uint32_t)(r->end - r->begin)};
    return line_bad(job, record, &(struct line_fault){r->sqlstate, message}, e);
}

static void read_begin(struct decoder *d, struct decode_job *job, uint32_t row) {
    d->read = (struct jread){
        .begin = d->rows.base + d->rows.begin[row],
        .at = d->rows.base + d->rows.begin[row],
        .end = d->rows.base + d->rows.end[row],
        .arena = job->arena,
        .scan = d->scan,
        .time_number = d->time_number,
        .lenient = d->lenient,
        .all_fields = d->all_fields,
        .layout = &d->layout,
        .path = &d->path,
    };
    d->path.names = 0;
    d->layout.values = 0;
    d->layout.unusable = false;
}

/* Not too many, and UTF-8. */
static bool check_bytes(struct decoder *d) {
    struct jread *r = &d->read;
    size_t bytes = (size_t)(r->end - r->begin);
    if (bytes > d->record_bytes_max)
        return jread_fail(r, "54000", "the record is longer than the limit", NULL);
    if (d->rows.valid) return true;
    size_t valid = utf8_valid_prefix(r->begin, bytes);
    return valid == bytes || jread_fail(r, "22021", "invalid UTF-8", r->begin + valid);
}

/* Reads record `row` with the general reader; what is wrong stays in d->read. */
static bool row_try(struct decoder *d, struct decode_job *job, uint32_t row) {
    read_begin(d, job, row);
    struct jread *r = &d->read;
    for (uint32_t i = 0; i < d->physical->cols; i++) column_seek(d, job, i, row);
    if (!check_bytes(d) || !jread_record(r, d->root, d->col)) return false;
    d->rows.state[row] = JROW_GOOD;
    return true;
}

/* A record that is left: good, bad or a blank line. */
static bool row_read(struct decoder *d, struct decode_job *job, uint32_t row, struct err *e) {
    if (row_try(d, job, row)) return true;
    struct jread *r = &d->read;
    if (r->no_memory) return err_memory(e);
    d->rows.state[row] = JROW_DROPPED;
    const char *fault_at = r->at;
    r->at = r->begin;
    jread_space(r);
    if (r->at == r->end) return true;
    r->at = fault_at;
    return bad_report(r, job, e);
}

/* ---- templates */

bool jchunk_init(struct decoder *d, struct err *e) {
    struct jcolumns *c = &d->columns;
    c->ids = d->ids;
    c->builder = ARENA_ARRAY(&d->arena, c->builder, d->ids);
    c->first = ARENA_ARRAY(&d->arena, c->first, d->ids);
    c->wanted = ARENA_ARRAY(&d->arena, c->wanted, d->ids);
    for (uint32_t i = 0; i < JSON_TEMPLATES; i++) {
        d->known[i] = jtemplate_create(&d->arena, d->ids);
        if (!d->known[i]) return err_memory(e);
    }
    return (c->builder && c->first && c->wanted) || err_memory(e);
}

/* Where node `n` and the nodes below it have their columns. */
static void columns_set(struct jcolumns *c, const struct jnode *n, struct column_builder *b,
                        uint32_t first, bool wanted) {
    c->builder[n->id] = b;
    c->first[n->id] = first;
    c->wanted[n->id] = wanted;
    if (n->type->id != TYPE_ROW) return;
    for (uint32_t i = 0; i < n->fields; i++)
        columns_set(c, &n->child[i], &b->child[i], first, wanted);
}

/* Has the record no byte below 0x20? Reads up to 15 bytes behind it. */
static bool has_no_control(const char *at, uint32_t bytes) {
    const __m128i control = _mm_set1_epi8(0x1F);
    for (uint32_t i = 0; i < bytes; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
        __m128i low = _mm_cmpeq_epi8(_mm_max_epu8(v, control), control);
        uint32_t found = (uint32_t)_mm_movemask_epi8(low);
        if (found && i + (uint32_t)__builtin_ctz(found) < bytes) return false;
    }
    return true;
}

/* May a template be tried on open row `r`? Control characters are left to the general reader. */
static bool is_fit(struct decoder *d, uint32_t r) {
    struct jrows *rows = &d->rows;
    const char *at = rows->base + rows->begin[r];
    uint32_t bytes = rows->end[r] - rows->begin[r];
    if (rows->odd[r] == JROW_ODD && has_no_control(at, bytes)) rows->odd[r] = JROW_ESCAPED;
    if (rows->odd[r] == JROW_ODD || bytes > d->record_bytes_max) return false;
    return rows->valid || utf8_valid_prefix(at, bytes) == bytes;
}

/* The open rows that templates may be tried on. */
static void live_collect(struct decoder *d) {
    struct jlive *l = &d->live;
    const struct jrows *rows = &d->rows;
    l->base = rows->base;
    l->end = rows->end;
    l->odd = rows->odd;
    l->rows = 0;
    l->nulls = false;
    for (uint32_t r = 0; r < rows->rows; r++) {
        l->at[r] = rows->begin[r];
        l->row[l->rows] = (uint16_t)r;
        l->rows += rows->state[r] == JROW_OPEN && is_fit(d, r);
    }
}

/* Rows that began to follow a template may have left NULLs. */
static void missed_restore(struct decoder *d, struct decode_job *job) {
    struct jlive *l = &d->live;
    live_collect(d);
    for (uint32_t i = 0; i < d->physical->cols; i++)
        slot_valid(d->col[i], d->used[i] ? job->rows : 0, l->row, l->rows);
}

/* Tries template `t` on the live rows; those that are left are live then. */
static void template_try(struct decoder *d, struct decode_job *job, struct jtemplate *t) {
    struct jlive *l = &d->live;
    uint32_t tried = l->rows;
    const struct jread proto = {
        .arena = job->arena, .scan = d->scan, .time_number = d->time_number};
    l->proto = &proto;
    jtemplate_run(t, d->scan, &d->columns, l);
    for (uint32_t i = 0; i < l->rows; i++) d->rows.state[l->row[i]] = JROW_GOOD;
    if (l->rows == tried)
        l->rows = 0;
    else
        missed_restore(d, job);
}

/* The template that fits most rows goes to the front; what was long ago counts less. */
static void templates_sort(struct decoder *d) {
    for (uint32_t i = JSON_TEMPLATES; i-- > 1;) {
        if (d->known[i]->score <= d->known[i - 1]->score) continue;
        struct jtemplate *t = d->known[i];
        d->known[i] = d->known[i - 1];
        d->known[i - 1] = t;
    }
    for (uint32_t i = 0; i < JSON_TEMPLATES; i++) d->known[i]->score -= d->known[i]->score / 4;
}

/* Reads the first live row, and makes a template of it for the others. A bad row is not told of
 * here: it is read again when it is its turn. */
static void learn(struct decoder *d, struct decode_job *job) {
    uint32_t row = d->live.row[0];
    struct jtemplate *t = d->known[JSON_TEMPLATES - 1];
    bool good = row_try(d, job, row);
    struct text record = {.at = d->read.begin, .bytes = (uint32_t)(d->read.end - d->read.begin)};
    missed_restore(d, job);
    if (!good || !jtemplate_learn(t, &d->layout, record, d->root)) return;
    t->score = 1;
    if (d->live.rows > 0) template_try(d, job, t);
    templates_sort(d);
}

/* Rows that follow a known layout are good after this; where many do not, theirs is learnt. */
static void layouts_use(struct decoder *d, struct decode_job *job) {
    live_collect(d);
    for (uint32_t i = 0; i < JSON_TEMPLATES && d->live.rows > 0; i++) {
        if (d->known[i]->steps > 0) template_try(d, job, d->known[i]);
    }
    templates_sort(d);
    for (uint32_t i = 0; i < 2 && d->live.rows > d->rows.rows / 16; i++) learn(d, job);
}

/* Judges a window of rows: where most missed, the templates rest. */
static void patience_judge(struct jpatience *p) {
    if (p->tried < PATIENCE_ROWS) return;
    bool useless = p->missed > p->tried - p->tried / 8;
    p->rest_next = useless ? p->rest_next * 2 + PATIENCE_ROWS : 0;
    if (p->rest_next > REST_ROWS_MAX) p->rest_next = REST_ROWS_MAX;
    p->rest = p->rest_next;
    p->tried = p->missed = 0;
}

static void templates_use(struct decoder *d, struct decode_job *job) {
    struct jpatience *p = &d->patience;
    uint32_t rows = d->rows.rows;
    if (p->rest > 0) {
        p->rest -= rows < p->rest ? rows : p->rest;
        return;
    }
    layouts_use(d, job);
    p->tried += rows;
    p->missed += d->live.rows;
    patience_judge(p);
}

/* ---- chunks */

static bool chunk_begin(struct decoder *d, struct decode_job *job, struct err *e) {
    arena_reset(&d->scratch_arena);
    for (uint32_t i = 0; i < d->physical->cols; i++) {
        const struct type *t = d->physical->col[i].type;
        if (d->used[i]) {
            d->col[i] = &job->col[i];
            if (!slot_reserve(d->col[i], d->rows.rows)) return err_memory(e);
        } else {
            d->col[i] = &d->scratch[i];
            if (!builder_init(d->col[i], &d->scratch_arena, t, d->rows.rows)) return err_memory(e);
        }
        columns_set(&d->columns, &d->root->child[i], d->col[i], d->used[i] ? job->rows : 0,
                    d->used[i]);
    }
    return true;
}

/* Closes the gaps; the good rows are then the job's. */
static bool chunk_end(struct decoder *d, struct decode_job *job, struct err *e) {
    const struct jrows *rows = &d->rows;
    uint64_t offset = job->offset + (uint64_t)(rows->base - job->at);
    uint8_t keep[SCAN_LINES_MAX];
    uint32_t good = 0;
    for (uint32_t r = 0; r < rows->rows; r++) {
        keep[r] = rows->state[r] == JROW_GOOD;
        if (keep[r] && job->row_offset) job->row_offset[job->rows + good] = offset + rows->begin[r];
        good += keep[r];
    }
    for (uint32_t i = 0; i < d->physical->cols; i++) {
        if (!d->used[i]) continue;
        slot_keep(d->col[i], job->rows, rows->rows, good < rows->rows ? keep : NULL);
        if (d->col[i]->failed) return err_memory(e);
        assert(d->col[i]->rows == job->rows + good);
    }
    job->rows += good;
    return true;
}

bool jchunk_decode(struct decoder *d, struct decode_job *job, struct err *e) {
    assert(d->rows.rows <= job->rows_max - job->rows);
    if (!chunk_begin(d, job, e)) return false;
    if (d->rows.simple) templates_use(d, job);
    for (uint32_t r = 0; r < d->rows.rows; r++) {
        if (d->rows.state[r] == JROW_OPEN && !row_read(d, job, r, e)) return false;
    }
    return chunk_end(d, job, e);
}
