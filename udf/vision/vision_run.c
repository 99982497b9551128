/* vision_run.c: running a network over rows, and what is kept of its outputs.
 *
 * Rows are taken as many at a time as the model's batches have; a row whose image is none is left
 * out and says so. Everything on the way lives in the session, which grows to the largest batch.
 */
#include <assert.h>
#include <math.h>

#include "udf/vision/vision.h"

struct model_session {
    struct arena own;
    const struct vision *v;
    struct net_run *run;
    struct arena arena; /* of one batch */
    uint32_t good[64];  /* rows of the batch that have inputs: places in the run */
    struct vision_place place[64];
    uint32_t count;
};

struct model_session *vision_session_open(struct model *m, struct err *e) {
    struct arena own;
    arena_init(&own, 0);
    struct model_session *s = ARENA_NEW(&own, s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->own = own;
    s->v = (const struct vision *)m;
    assert(m->batch_rows <= COUNT_OF(s->good));
    arena_init(&s->arena, 0);
    s->run = net_run_create(s->v->net, e);
    if (s->run) return s;
    vision_session_close(s);
    return NULL;
}

void vision_session_close(struct model_session *s) {
    if (!s) return;
    net_run_destroy(s->run);
    arena_done(&s->arena);
    struct arena own = s->own; /* the session lies in it */
    arena_done(&own);
}

/* The row is bad, for the reason in *why. */
static bool answer_bad(struct model_run *r, uint32_t i, const struct err *why, struct err *e) {
    if (strcmp(why->sqlstate, "53200") == 0) {
        *e = *why;
        return false;
    }
    char *state = arena_copy(r->arena, why->sqlstate, strlen(why->sqlstate));
    char *message = arena_copy(r->arena, why->message, strlen(why->message));
    if (!state || !message) return err_memory(e);
    r->answer[i] = (struct model_answer){.sqlstate = state, .message = message};
    return true;
}

/* Images of the rows from `from` on into the network's one input. */
static bool images_fill(struct model_session *s, struct model_run *r, uint32_t from, uint32_t rows,
                        struct net_tensor *in, struct err *e) {
    const struct vision_input *v = &s->v->input;
    size_t each = (size_t)v->width * v->height * v->channels;
    float *numbers = arena_alloc(&s->arena, rows * each * sizeof *numbers);
    if (!numbers) return err_memory(e);
    for (uint32_t i = from; i < from + rows; i++) {
        struct arena_mark mark = arena_mark(&s->arena);
        struct err why;
        struct text image = r->arg[0].as.text[r->row[i]];
        if (vision_input_fill(v, image, &s->arena, numbers + s->count * each, &s->place[s->count],
                              &why)) {
            s->good[s->count++] = i;
        } else if (!answer_bad(r, i, &why, e)) {
            return false;
        }
        arena_rewind(&s->arena, mark);
    }
    int64_t c = v->channels, h = v->height, w = v->width, n = s->count;
    struct net_shape nchw = {4, {n, c, h, w}}, nhwc = {4, {n, h, w, c}};
    *in = (struct net_tensor){.type = NET_F32, .shape = v->nhwc ? nhwc : nchw, .at = numbers};
    return true;
}

static double number_of(const struct column *c, uint32_t row) {
    if (c->type->id == TYPE_DOUBLE) return c->as.f64[row];
    return c->type->id == TYPE_BOOLEAN ? c->as.b8[row] : (double)c->as.i64[row];
}

static uint32_t tensor_numbers(const struct type *t, const struct tensor *x) {
    uint32_t n = 1;
    for (uint32_t d = 0; d < t->dims; d++) n *= x->dim[d];
    return n;
}

/* The numbers of the declared columns, one behind another. */
static void packed_fill(const struct model_run *r, const struct vision *v, uint32_t row,
                        float *out) {
    for (uint32_t c = 0; c < v->model.input.cols; c++) {
        const struct column *arg = &r->arg[c];
        if (arg->type->id != TYPE_TENSOR) {
            *out++ = (float)number_of(arg, row);
            continue;
        }
        const struct tensor *x = &arg->as.tensor[row];
        uint32_t n = tensor_numbers(arg->type, x);
        memcpy(out, x->at, n * sizeof *out);
        out += n;
    }
}

static bool rows_pack(struct model_session *s, struct model_run *r, uint32_t from, uint32_t rows,
                      struct net_tensor *in, struct err *e) {
    const struct vision *v = s->v;
    const struct net_port *p = net_input(v->net, 0);
    float *numbers = arena_alloc(&s->arena, (size_t)rows * v->numbers * sizeof *numbers);
    if (!numbers) return err_memory(e);
    for (uint32_t i = 0; i < rows; i++) {
        packed_fill(r, v, r->row[from + i], numbers + (size_t)i * v->numbers);
        s->good[s->count++] = from + i;
    }
    *in = (struct net_tensor){.type = NET_F32, .shape = p->shape, .at = numbers};
    in->shape.dim[0] = rows;
    for (uint32_t d = 1; d < p->shape.rank; d++) {
        if (in->shape.dim[d] == NET_DIM_FREE) in->shape.dim[d] = v->numbers;
    }
    return true;
}

#define DEFINE_NUMBER(sfx, ctype)                                                                  \
    static void put_##sfx(void *at, uint32_t i, double v) {                                        \
        ((ctype *)at)[i] = (ctype)v;                                                               \
    }                                                                                              \
    static double get_##sfx(const void *at, uint32_t i) {                                          \
        return (double)((const ctype *)at)[i];                                                     \
    }
DEFINE_NUMBER(f32, float)
DEFINE_NUMBER(i64, int64_t)
DEFINE_NUMBER(i32, int32_t)
DEFINE_NUMBER(u8, uint8_t)
DEFINE_NUMBER(i8, int8_t)

static void put_bool(void *at, uint32_t i, double v) {
    ((uint8_t *)at)[i] = v != 0;
}

static const struct {
    size_t bytes;
    double least, most;
    void (*put)(void *at, uint32_t i, double v);
    double (*get)(const void *at, uint32_t i);
} numbers_of[NET_TYPE_COUNT] = {
    [NET_F32] = {sizeof(float), -INFINITY, INFINITY, put_f32, get_f32},
    [NET_I64] = {sizeof(int64_t), -0x1p63, 0x1.fffffffffffffp62, put_i64, get_i64},
    [NET_I32] = {sizeof(int32_t), INT32_MIN, INT32_MAX, put_i32, get_i32},
    [NET_U8] = {sizeof(uint8_t), 0, UINT8_MAX, put_u8, get_u8},
    [NET_I8] = {sizeof(int8_t), INT8_MIN, INT8_MAX, put_i8, get_i8},
    [NET_BOOL] = {sizeof(uint8_t), -INFINITY, INFINITY, put_bool, get_u8},
};

/* One argument of one row as an input of its own. */
static bool port_fill(struct model_session *s, const struct column *arg, uint32_t row,
                      const struct net_port *p, struct net_tensor *in, struct err *e) {
    bool tensor = arg->type->id == TYPE_TENSOR, rowed = s->v->rowed;
    const struct tensor *x = tensor ? &arg->as.tensor[row] : NULL;
    uint32_t n = tensor ? tensor_numbers(arg->type, x) : 1;
    void *at = arena_alloc(&s->arena, n * numbers_of[p->type].bytes);
    if (!at) return err_memory(e);
    for (uint32_t i = 0; i < n; i++) {
        double v = tensor ? (double)x->at[i] : number_of(arg, row);
        if (!(v >= numbers_of[p->type].least && v <= numbers_of[p->type].most) &&
            p->type != NET_F32) {
            return err_set(e, ERR_DATA, "22003", "%g is out of range for the input \"%.*s\"", v,
                           TEXT_ARG(p->name));
        }
        numbers_of[p->type].put(at, i, v);
    }
    *in = (struct net_tensor){.type = p->type, .shape = p->shape, .at = at};
    if (rowed) in->shape.dim[0] = 1;
    bool shaped = tensor && arg->type->dims + rowed == p->shape.rank;
    for (uint32_t d = 0; shaped && d < arg->type->dims; d++) {
        in->shape.dim[d + rowed] = x->dim[d];
    }
    uint64_t wanted = 1;
    for (uint32_t d = 0; d < in->shape.rank; d++) {
        if (in->shape.dim[d] == NET_DIM_FREE) return true; /* net_run() says so */
        wanted *= (uint64_t)in->shape.dim[d];
    }
    if (wanted == n) return true;
    return err_set(e, ERR_DATA, "22023", "the input \"%.*s\" takes %llu numbers, not %u",
                   TEXT_ARG(p->name), (unsigned long long)wanted, n);
}

static bool row_fill(struct model_session *s, struct model_run *r, uint32_t i,
                     struct net_tensor *in, struct err *e) {
    struct err why;
    for (uint32_t c = 0; c < s->v->model.input.cols; c++) {
        const struct net_port *p = net_input(s->v->net, c);
        if (!port_fill(s, &r->arg[c], r->row[i], p, &in[c], &why)) return answer_bad(r, i, &why, e);
    }
    s->good[s->count++] = i;
    return true;
}

/* Into out[n], which may be in[]. */
static void softmax(const float *in, uint32_t n, float *out) {
    float most = in[0], sum = 0;
    for (uint32_t i = 1; i < n; i++) most = in[i] > most ? in[i] : most;
    for (uint32_t i = 0; i < n; i++) sum += out[i] = expf(in[i] - most);
    for (uint32_t i = 0; i < n; i++) out[i] /= sum;
}

/* All in 0..1, and 1 together. */
static bool are_probabilities(const float *p, uint32_t n) {
    float sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!(p[i] >= 0 && p[i] <= 1.0001f)) return false;
        sum += p[i];
    }
    return fabsf(sum - 1) < 0.001f;
}

static void activate(const struct vision *v, float *p) {
    enum vision_activation a = v->activation;
    if (a == ACTIVATION_AUTO && v->classes > 1 && !are_probabilities(p, v->classes)) {
        a = ACTIVATION_SOFTMAX;
    }
    if (a == ACTIVATION_SOFTMAX) softmax(p, v->classes, p);
    for (uint32_t i = 0; a == ACTIVATION_SIGMOID && i < v->classes; i++) {
        p[i] = 1 / (1 + expf(-p[i]));
    }
}

/* What one row has of an output: dimension 0 is taken off where it is the row. */
struct row_output {
    const char *at;
    struct net_shape shape;
    uint32_t numbers;
};

static struct row_output row_of(const struct vision *v, uint32_t output,
                                const struct net_tensor *all, uint32_t i) {
    const struct net_tensor *out = &all[output];
    const struct net_port *p = net_output(v->net, output);
    struct row_output o = {.at = out->at, .shape = out->shape, .numbers = 1};
    bool rowed = vision_output_rowed(v, p);
    if (rowed) {
        o.shape.rank--;
        for (uint32_t d = 0; d < o.shape.rank; d++) o.shape.dim[d] = out->shape.dim[d + 1];
    }
    for (uint32_t d = 0; d < o.shape.rank; d++) o.numbers *= (uint32_t)o.shape.dim[d];
    if (rowed) o.at += (size_t)i * o.numbers * numbers_of[out->type].bytes;
    return o;
}

/* Boxes from the picture's pixels to the original's, inside it. */
static void boxes_place(struct box_list *l, const struct vision_place *p) {
    uint32_t kept = 0;
    float width = (float)p->width, height = (float)p->height;
    for (uint32_t i = 0; i < l->count; i++) {
        struct box b = l->box[i];
        float left = fmaxf((b.x - p->offset_x) / p->factor_x, 0);
        float top = fmaxf((b.y - p->offset_y) / p->factor_y, 0);
        float right = fminf((b.x + b.w - p->offset_x) / p->factor_x, width);
        float bottom = fminf((b.y + b.h - p->offset_y) / p->factor_y, height);
        if (!(right > left && bottom > top)) continue;
        l->box[kept++] = (struct box){left, top, right - left, bottom - top, b.score, b.label};
    }
    l->count = kept;
}

static bool answer_boxes(struct model_session *s, struct model_run *r, uint32_t i,
                         const struct net_tensor *out, struct text *answer) {
    const struct vision *v = s->v;
    const float *output[DECODER_OUTPUTS_MAX];
    struct box_list l;
    double least = r->score_floor;
    if (r->limits_own && v->score_min < least) least = v->score_min;
    for (uint32_t k = 0; k < v->detector.outputs; k++) {
        output[k] = (const float *)(const void *)row_of(v, k, out, i).at;
    }
    box_list_init(&l, &s->arena, (float)least);
    v->detector.decoder->decode(&v->detector, output, &l);
    boxes_place(&l, &s->place[i]);
    box_list_sort(&l);
    size_t bytes = sizeof l.count + l.count * sizeof *l.box;
    char *at = l.failed ? NULL : arena_alloc(r->arena, bytes);
    if (!at) return false;
    memcpy(at, &l.count, sizeof l.count);
    if (l.count > 0) memcpy(at + sizeof l.count, l.box, l.count * sizeof *l.box);
    *answer = (struct text){at, (uint32_t)bytes};
    return true;
}

static bool answer_scores(struct model_session *s, struct model_run *r, uint32_t i,
                          const struct net_tensor *out, struct text *answer) {
    struct row_output o = row_of(s->v, 0, out, i);
    char *at = arena_copy(r->arena, o.at, o.numbers * sizeof(float));
    if (!at) return false;
    if (s->v->task == VISION_CLASSIFICATION) activate(s->v, (float *)(void *)at);
    *answer = (struct text){at, o.numbers * (uint32_t)sizeof(float)};
    return true;
}

/* For each output: its numbers 4, rank 4, dimensions 4 each, and the numbers as doubles. */
static bool answer_outputs(struct model_session *s, struct model_run *r, uint32_t i,
                           const struct net_tensor *out, struct text *answer) {
    struct buf b;
    buf_init(&b);
    for (uint32_t k = 0; k < net_outputs(s->v->net); k++) {
        struct row_output o = row_of(s->v, k, out, i);
        buf_add(&b, &o.numbers, sizeof o.numbers);
        buf_add(&b, &o.shape.rank, sizeof o.shape.rank);
        for (uint32_t d = 0; d < o.shape.rank; d++) {
            uint32_t dim = (uint32_t)o.shape.dim[d];
            buf_add(&b, &dim, sizeof dim);
        }
        for (uint32_t n = 0; n < o.numbers; n++) {
            double v = numbers_of[out[k].type].get(o.at, n);
            buf_add(&b, &v, sizeof v);
        }
    }
    char *at = b.failed ? NULL : arena_copy(r->arena, b.at, b.bytes);
    *answer = (struct text){at, (uint32_t)b.bytes};
    buf_done(&b);
    return at != NULL;
}

static bool answers_make(struct model_session *s, struct model_run *r, const struct net_tensor *out,
                         struct err *e) {
    for (uint32_t i = 0; i < s->count; i++) {
        struct text answer;
        bool ok = s->v->task == VISION_DETECTION    ? answer_boxes(s, r, i, out, &answer)
                  : s->v->task == VISION_REGRESSION ? answer_outputs(s, r, i, out, &answer)
                                                    : answer_scores(s, r, i, out, &answer);
        if (!ok) return err_memory(e);
        r->answer[s->good[i]] = (struct model_answer){.bytes = answer};
    }
    return true;
}

/* Is an output what the file said, on which the model was built? */
static bool output_fits(const struct vision *v, const struct net_port *p,
                        const struct net_tensor *out, uint32_t rows, struct err *e) {
    if (out->type != p->type || out->shape.rank != p->shape.rank) {
        return err_set(e, ERR_DATA, "22023",
                       "the network's output \"%.*s\" is of another type or number of dimensions "
                       "than its file says",
                       TEXT_ARG(p->name));
    }
    for (uint32_t d = 0; d < out->shape.rank; d++) {
        bool row = d == 0 && vision_output_rowed(v, p);
        int64_t wanted = row ? rows : p->shape.dim[d];
        if (wanted == NET_DIM_FREE || out->shape.dim[d] == wanted) continue;
        return err_set(e, ERR_DATA, "22023",
                       "dimension %u of the network's output \"%.*s\" came as %lld, not %lld", d,
                       TEXT_ARG(p->name), (long long)out->shape.dim[d], (long long)wanted);
    }
    return true;
}

static bool outputs_fit(const struct model_session *s, const struct net_tensor *out,
                        struct err *e) {
    const struct vision *v = s->v;
    uint32_t outputs = v->task == VISION_REGRESSION  ? net_outputs(v->net)
                       : v->task == VISION_DETECTION ? v->detector.outputs
                                                     : 1;
    for (uint32_t k = 0; k < outputs; k++) {
        if (!output_fits(v, net_output(v->net, k), &out[k], s->count, e)) return false;
    }
    return true;
}

/* A few rows at once, one where the network does not take more. */
static bool rows_run(struct model_session *s, struct model_run *r, uint32_t from, uint32_t rows,
                     struct err *e) {
    const struct vision *v = s->v;
    uint32_t inputs = net_inputs(v->net), outputs = net_outputs(v->net);
    arena_reset(&s->arena);
    s->count = 0;
    struct net_tensor *in = ARENA_ARRAY(&s->arena, in, inputs);
    struct net_tensor *out = ARENA_ARRAY(&s->arena, out, outputs);
    if (!in || !out) return err_memory(e);
    bool filled = v->way == VISION_IMAGE    ? images_fill(s, r, from, rows, in, e)
                  : v->way == VISION_PACKED ? rows_pack(s, r, from, rows, in, e)
                                            : row_fill(s, r, from, in, e);
    if (!filled || s->count == 0) return filled;
    struct err why;
    if (net_run(s->run, in, out, &why) && outputs_fit(s, out, &why)) {
        return answers_make(s, r, out, e);
    }
    for (uint32_t i = 0; i < s->count; i++) {
        if (!answer_bad(r, s->good[i], &why, e)) return false;
    }
    return true;
}

bool vision_run(struct model_session *s, struct model_run *r, struct err *e) {
    const struct vision *v = s->v;
    uint32_t most = v->way == VISION_EACH ? 1 : v->model.batch_rows;
    for (uint32_t from = 0; from < r->rows; from += most) {
        uint32_t rows = r->rows - from < most ? r->rows - from : most;
        if (!rows_run(s, r, from, rows, e)) return false;
    }
    return true;
}
