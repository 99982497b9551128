/* query_save.c: the state of a query as bytes.
 *
 *   offset  bytes  what
 *   0       4      "WQS2"
 *   4       4      operators in the plan
 *   8       4      inputs
 *   12      4      workers
 *   16      1      constant rows were given
 *   17      1      the sink has seen the end
 *   18      8      the next ordinal
 *   26      8      processing time
 *   34      9      an input each: watermark 8, 1 when it has ended
 *   ...     ...    an operator each, by id: 4 bytes of length (0xFFFFFFFF: it keeps nothing), bytes
 *   ...     8, 8   the ordinal from which rows are not wanted, and that of the row that stops it
 *   ...     4      rows that were not taken, and are told when those before them are settled; each:
 *                  its key 32, operator 4, flags 1 (late, of an input, a result), watermark 8,
 *                  windows missed 4, SQLSTATE 6, and the message behind its length of 4 bytes
 *
 * With a journal, an operator's bytes name its tables; what they hold is there. Integers are
 * little-endian. Counters are the holder's and start anew. A query goes on with as
 * many workers as it was saved with: the results are the same for any number.
 */
#include <assert.h>
#include <string.h>

#include "engine/query_private.h"
#include "engine/worker.h"
#include "storage/state_journal.h"

static const char magic[4] = {'W', 'Q', 'S', '2'};

#define LENGTH_NONE UINT32_MAX

static bool op_save(struct op *op, struct buf *out, struct err *e) {
    uint32_t bytes = LENGTH_NONE;
    size_t at = out->bytes;
    buf_add(out, &bytes, sizeof bytes);
    if (!op->type || !op->type->save) return true;
    if (!op->type->save(op, out, e)) return false;
    if (out->failed) return err_memory(e);
    size_t length = out->bytes - at - sizeof bytes;
    if (length >= LENGTH_NONE) return err_set(e, ERR_LIMIT, "54000", "state too large to save");
    bytes = (uint32_t)length;
    memcpy(out->at + at, &bytes, sizeof bytes);
    return true;
}

static void rejects_save(const struct query *q, struct buf *out) {
    buf_add(out, &q->end_ordinal, sizeof q->end_ordinal);
    buf_add(out, &q->stop_ordinal, sizeof q->stop_ordinal);
    buf_add(out, &q->rejects.count, sizeof q->rejects.count);
    for (uint32_t i = 0; i < q->rejects.count; i++) {
        const struct reject *x = &q->rejects.at[i];
        uint32_t bytes = x->message ? (uint32_t)strlen(x->message) : 0;
        buf_add(out, &x->key, sizeof x->key);
        buf_add(out, &x->plan, sizeof x->plan);
        buf_add_char(out, (char)(x->late | x->own << 1 | x->result << 2));
        buf_add(out, &x->watermark_us, sizeof x->watermark_us);
        buf_add(out, &x->missed, sizeof x->missed);
        buf_add(out, x->sqlstate, sizeof x->sqlstate);
        buf_add(out, &bytes, sizeof bytes);
        buf_add(out, x->message, bytes);
    }
}

bool query_save(struct query *q, struct buf *out, struct err *e) {
    buf_add(out, magic, sizeof magic);
    buf_add(out, &q->plan->plans, sizeof q->plan->plans);
    buf_add(out, &q->plan->inputs, sizeof q->plan->inputs);
    buf_add(out, &q->options.workers, sizeof q->options.workers);
    buf_add_char(out, (char)q->started);
    buf_add_char(out, (char)q->ended);
    buf_add(out, &q->next_ordinal, sizeof q->next_ordinal);
    buf_add(out, &q->proctime_us, sizeof q->proctime_us);
    for (uint32_t i = 0; i < q->plan->inputs; i++) {
        const struct query_input *in = &q->input[i];
        buf_add(out, &in->watermark_us, sizeof in->watermark_us);
        buf_add_char(out, (char)in->ended);
    }
    for (uint32_t i = 0; i < q->plan->plans; i++) {
        if (!op_save(&q->op[i], out, e)) return false;
    }
    rejects_save(q, out);
    return !out->failed || err_memory(e);
}

void query_save_anew(struct query *q) {
    state_save_anew(q->keyed);
    if (q->shared) exchange_save_anew(&q->op[q->shared->id]);
}

static bool take(struct text *at, void *to, uint32_t bytes) {
    if (at->bytes < bytes) return false;
    memcpy(to, at->at, bytes);
    *at = (struct text){.at = at->at + bytes, .bytes = at->bytes - bytes};
    return true;
}

static bool corrupt(struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "the saved state of a query is damaged");
}

static bool op_load(struct op *op, struct text *at, struct err *e) {
    uint32_t bytes;
    if (!take(at, &bytes, sizeof bytes)) return corrupt(e);
    if (bytes == LENGTH_NONE) return true;
    if (bytes > at->bytes || !op->type || !op->type->load) return corrupt(e);
    struct text saved = {.at = at->at, .bytes = bytes};
    *at = (struct text){.at = at->at + bytes, .bytes = at->bytes - bytes};
    return op->type->load(op, saved, e);
}

static bool head_load(struct query *q, struct text *at, struct err *e) {
    char word[sizeof magic], flag[2];
    uint32_t plans, inputs, workers = 0;
    if (!take(at, word, sizeof word) || memcmp(word, magic, sizeof magic) != 0) return corrupt(e);
    if (!take(at, &plans, sizeof plans) || plans != q->plan->plans) return corrupt(e);
    if (!take(at, &inputs, sizeof inputs) || inputs != q->plan->inputs) return corrupt(e);
    if (!take(at, &workers, sizeof workers) || workers < 1 || workers > WORKERS_MAX) {
        return corrupt(e);
    }
    if (workers != q->options.workers) {
        query_close_ops(q);
        if (!query_open_ops(q, workers, e)) return false;
        if (workers != q->options.workers) return corrupt(e);
    }
    if (!take(at, flag, sizeof flag)) return corrupt(e);
    if (!take(at, &q->next_ordinal, sizeof q->next_ordinal)) return corrupt(e);
    if (!take(at, &q->proctime_us, sizeof q->proctime_us)) return corrupt(e);
    q->started = flag[0];
    q->ended = flag[1];
    return true;
}

static bool reject_load(struct query *q, struct text *at, struct err *e) {
    char message[sizeof e->message] = "";
    struct reject x = {.plan = 0};
    uint32_t bytes;
    char is;
    bool whole = take(at, &x.key, sizeof x.key) && take(at, &x.plan, sizeof x.plan) &&
                 take(at, &is, sizeof is) && take(at, &x.watermark_us, sizeof x.watermark_us) &&
                 take(at, &x.missed, sizeof x.missed) && take(at, x.sqlstate, sizeof x.sqlstate) &&
                 take(at, &bytes, sizeof bytes);
    if (!whole) return corrupt(e);
    x.late = is & 1;
    x.own = is & 2;
    x.result = is & 4;
    if (bytes >= sizeof message || !take(at, message, bytes)) return corrupt(e);
    message[bytes] = '\0';
    x.sqlstate[sizeof x.sqlstate - 1] = '\0';
    x.message = message;
    return rejects_add(&q->rejects, &x, e);
}

static bool rejects_load(struct query *q, struct text *at, struct err *e) {
    uint32_t count;
    if (!take(at, &q->end_ordinal, sizeof q->end_ordinal)) return corrupt(e);
    if (!take(at, &q->stop_ordinal, sizeof q->stop_ordinal)) return corrupt(e);
    if (!take(at, &count, sizeof count)) return corrupt(e);
    for (uint32_t i = 0; i < count; i++) {
        if (!reject_load(q, at, e)) return false;
    }
    return true;
}

bool query_load(struct query *q, struct text saved, struct err *e) {
    assert(!q->started);
    if (!head_load(q, &saved, e)) return false;
    for (uint32_t i = 0; i < q->plan->inputs; i++) {
        struct query_input *in = &q->input[i];
        char ended;
        if (!take(&saved, &in->watermark_us, sizeof in->watermark_us)) return corrupt(e);
        if (!take(&saved, &ended, sizeof ended)) return corrupt(e);
        in->ended = ended;
    }
    for (uint32_t i = 0; i < q->plan->plans; i++) {
        if (!op_load(&q->op[i], &saved, e)) return false;
    }
    return rejects_load(q, &saved, e) && (saved.bytes == 0 || corrupt(e));
}
