/* vision_ports.c: the inputs and outputs of a model: what is declared, and what its network has. */
#include <assert.h>

#include "udf/vision/vision.h"

bool vision_output_rowed(const struct vision *v, const struct net_port *p) {
    const struct net_shape *s = &p->shape;
    return v->rowed && s->rank > 0 && (s->dim[0] == 1 || s->dim[0] == NET_DIM_FREE);
}

/* The shape of one row of a port; of inputs dimension 0 is the row where v->rowed says so. */
static struct net_shape row_shape(const struct vision *v, const struct net_port *p) {
    struct net_shape s = p->shape;
    assert(s.rank <= NET_RANK_MAX);
    if (!vision_output_rowed(v, p)) return s;
    s.rank--;
    for (uint32_t d = 0; d < s.rank; d++) s.dim[d] = s.dim[d + 1];
    return s;
}

/* All inputs and those outputs that the task uses have a number of dimensions. */
static bool ports_are_known(const struct vision *v, struct err *e) {
    uint32_t outputs = v->task == VISION_REGRESSION ? net_outputs(v->net) : 1;
    for (uint32_t i = 0; i < net_inputs(v->net) + outputs; i++) {
        bool in = i < net_inputs(v->net);
        const struct net_port *p =
            in ? net_input(v->net, i) : net_output(v->net, i - net_inputs(v->net));
        if (p->shape.rank <= NET_RANK_MAX) continue;
        return err_set(e, ERR_SQL, "42804",
                       "the file does not say how many dimensions its %s "
                       "\"%.*s\" has",
                       in ? "input" : "output", TEXT_ARG(p->name));
    }
    return true;
}

/* Its numbers; 0: not known. */
static uint32_t shape_numbers(const struct net_shape *s) {
    uint64_t n = 1;
    for (uint32_t d = 0; d < s->rank; d++) {
        if (s->dim[d] <= 0 || n > UINT32_MAX / (uint64_t)s->dim[d]) return 0;
        n *= (uint64_t)s->dim[d];
    }
    return (uint32_t)n;
}

/* The SQL type that holds a row of the port: a number, or a TENSOR. */
static const struct type *port_type(struct vision *v, const struct net_port *p) {
    struct net_shape s = row_shape(v, p);
    uint32_t dim[NET_RANK_MAX];
    if (shape_numbers(&s) == 1) return p->type == NET_F32 ? &type_double : &type_bigint;
    for (uint32_t d = 0; d < s.rank; d++) dim[d] = s.dim[d] > 0 ? (uint32_t)s.dim[d] : DIM_ANY;
    return type_tensor(&v->arena, s.rank, dim);
}

static bool fields_make(struct vision *v, uint32_t count, struct field **out, struct err *e) {
    *out = ARENA_ARRAY(&v->arena, *out, count);
    return *out != NULL || err_memory(e);
}

static bool is_image_port(const struct net_port *p) {
    const struct net_shape *s = &p->shape;
    if (p->type != NET_F32 || s->rank != 4) return false;
    return s->dim[1] == 1 || s->dim[1] == 3 || s->dim[3] == 1 || s->dim[3] == 3;
}

/* What the network wants where nothing is declared. */
static bool inputs_default(struct vision *v, struct err *e) {
    uint32_t count = net_inputs(v->net);
    struct field *f;
    if (!fields_make(v, count, &f, e)) return false;
    v->way = count == 1 && is_image_port(net_input(v->net, 0)) ? VISION_IMAGE : VISION_EACH;
    for (uint32_t i = 0; i < count; i++) {
        const struct net_port *p = net_input(v->net, i);
        f[i] = (struct field){.name = p->name};
        f[i].type = v->way == VISION_IMAGE ? &type_image : port_type(v, p);
        if (!f[i].type) return err_memory(e);
    }
    v->model.input = (struct schema){.cols = count, .col = f};
    return true;
}

static bool is_plain_number(const struct type *t) {
    return t->id == TYPE_DOUBLE || t->id == TYPE_BIGINT || t->id == TYPE_BOOLEAN;
}

/* Numbers that a column gives to a row; 0: it is of a type that networks do not take, or free. */
static uint32_t column_numbers(const struct type *t) {
    if (is_plain_number(t)) return 1;
    if (t->id != TYPE_TENSOR) return 0;
    uint64_t n = 1;
    for (uint32_t d = 0; d < t->dims; d++) {
        if (t->dim[d] == DIM_ANY || n > UINT32_MAX / t->dim[d]) return 0;
        n *= t->dim[d];
    }
    return (uint32_t)n;
}

/* Does the declared column fit the port as its only content? */
static bool column_fits(const struct vision *v, const struct type *t, const struct net_port *p) {
    struct net_shape s = row_shape(v, p);
    uint32_t wanted = shape_numbers(&s), given = column_numbers(t);
    if (t->id != TYPE_TENSOR) return given == 1 && wanted == 1;
    return wanted == 0 ? t->dims == s.rank : given == 0 || given == wanted;
}

static bool inputs_fit_each(const struct vision *v, const struct schema *s) {
    if (s->cols != net_inputs(v->net)) return false;
    for (uint32_t i = 0; i < s->cols; i++) {
        if (!column_fits(v, s->col[i].type, net_input(v->net, i))) return false;
    }
    return true;
}

static bool inputs_fit_packed(const struct vision *v, const struct schema *s) {
    if (net_inputs(v->net) != 1 || !v->rowed) return false;
    struct net_shape row = row_shape(v, net_input(v->net, 0));
    uint64_t given = 0;
    for (uint32_t i = 0; i < s->cols; i++) {
        uint32_t n = column_numbers(s->col[i].type);
        if (n == 0) return false;
        given += n;
    }
    uint32_t wanted = shape_numbers(&row);
    return given == wanted || (wanted == 0 && row.rank == 1 && given <= UINT32_MAX);
}

static bool has_image(const struct schema *s) {
    for (uint32_t i = 0; i < s->cols; i++) {
        if (s->col[i].type->id == TYPE_IMAGE) return true;
    }
    return false;
}

static bool inputs_declared(struct vision *v, const struct schema *s, struct err *e) {
    v->model.input = *s;
    if (has_image(s)) {
        v->way = VISION_IMAGE;
        if (s->cols == 1 && net_inputs(v->net) == 1) return true;
        return err_set(e, ERR_SQL, "0A000", "an IMAGE must be the only input of a model");
    }
    v->way = inputs_fit_each(v, s) ? VISION_EACH : VISION_PACKED;
    if (v->way == VISION_EACH || inputs_fit_packed(v, s)) return true;
    struct net_shape row = row_shape(v, net_input(v->net, 0));
    err_set(e, ERR_SQL, "42804", "the declared inputs do not fit the network's");
    return err_hint(e, "It has %u, the first \"%.*s\" of %u numbers.", net_inputs(v->net),
                    TEXT_ARG(net_input(v->net, 0)->name), shape_numbers(&row));
}

bool vision_inputs(struct vision *v, const struct model_definition *d, const struct model_env *env,
                   struct err *e) {
    static const struct vision_input plain = {.color = COLOR_RGB,
                                              .resize = RESIZE_STRETCH,
                                              .filter = IMAGE_BILINEAR,
                                              .pad = 114,
                                              .scale = 1,
                                              .std = {1, 1, 1}};
    if (net_inputs(v->net) == 0 || net_outputs(v->net) == 0) {
        return err_set(e, ERR_SQL, "42804", "the network has no input or no output");
    }
    if (!ports_are_known(v, e)) return false;
    if (!(d->input ? inputs_declared(v, d->input, e) : inputs_default(v, e))) return false;
    for (uint32_t i = 0; v->way == VISION_PACKED && i < v->model.input.cols; i++) {
        v->numbers += column_numbers(v->model.input.col[i].type);
    }
    if (v->way != VISION_IMAGE) return vision_input_none(&d->options, e);
    if (!v->rowed) return err_set(e, ERR_SQL, "42804", "the network takes several images at once");
    const struct decoder *decoder = v->detector.decoder;
    if (!vision_input_read(&v->input, net_input(v->net, 0), decoder ? &decoder->input : &plain,
                           &d->options, e)) {
        return false;
    }
    v->input.pixels_max = env->image_pixels_max;
    return true;
}

static const struct type *detections_type(struct arena *a) {
    const struct field f[] = {
        {.name = TEXT_LITERAL("label"), .type = &type_text},
        {.name = TEXT_LITERAL("score"), .type = &type_double},
        {.name = TEXT_LITERAL("x"), .type = &type_double},
        {.name = TEXT_LITERAL("y"), .type = &type_double},
        {.name = TEXT_LITERAL("w"), .type = &type_double},
        {.name = TEXT_LITERAL("h"), .type = &type_double},
    };
    const struct type *row = type_row(a, COUNT_OF(f), f);
    return row ? type_array(a, row) : NULL;
}

static const struct type *top_type(struct arena *a) {
    const struct field f[] = {
        {.name = TEXT_LITERAL("label"), .type = &type_text},
        {.name = TEXT_LITERAL("score"), .type = &type_double},
    };
    const struct type *row = type_row(a, COUNT_OF(f), f);
    return row ? type_array(a, row) : NULL;
}

static const struct type *vector_type(struct arena *a, uint32_t numbers) {
    return type_tensor(a, 1, &numbers); /* 0 is DIM_ANY */
}

/* What the task gives where nothing is declared. */
static bool outputs_default(struct vision *v, struct err *e) {
    uint32_t count = v->task == VISION_REGRESSION       ? net_outputs(v->net)
                     : v->task == VISION_CLASSIFICATION ? 2
                                                        : 1;
    struct field *f;
    if (!fields_make(v, count, &f, e)) return false;
    if (v->task == VISION_CLASSIFICATION) {
        f[0] = (struct field){.name = TEXT_LITERAL("label"), .type = &type_text};
        f[1] = (struct field){.name = TEXT_LITERAL("score"), .type = &type_double};
    } else if (v->task == VISION_DETECTION) {
        f[0] =
            (struct field){.name = TEXT_LITERAL("detections"), .type = detections_type(&v->arena)};
    } else if (v->task == VISION_EMBEDDING) {
        f[0] = (struct field){.name = TEXT_LITERAL("embedding"),
                              .type = vector_type(&v->arena, v->numbers_out)};
    }
    for (uint32_t i = 0; v->task == VISION_REGRESSION && i < count; i++) {
        const struct net_port *p = net_output(v->net, i);
        f[i] = (struct field){.name = p->name, .type = port_type(v, p)};
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!f[i].type) return err_memory(e);
    }
    v->model.output = (struct schema){.cols = count, .col = f};
    return true;
}

/* Can the task fill a column of this type? */
static bool output_fits(const struct vision *v, const struct schema *s, uint32_t i) {
    const struct type *t = s->col[i].type;
    bool vector = t->id == TYPE_TENSOR;
    switch (v->task) {
    case VISION_CLASSIFICATION:
        return t->id == TYPE_TEXT || is_plain_number(t) ||
               (vector && (column_numbers(t) == 0 || column_numbers(t) == v->classes));
    case VISION_DETECTION: {
        const struct type *row = t->id == TYPE_ARRAY ? t->field[0].type : NULL;
        bool fits = row && row->id == TYPE_ROW && row->fields == 6 && s->cols == 1;
        for (uint32_t k = 0; fits && k < row->fields; k++) {
            fits = row->field[k].type->id == (k == 0 ? TYPE_TEXT : TYPE_DOUBLE);
        }
        return fits;
    }
    case VISION_EMBEDDING:
        return vector && s->cols == 1 &&
               (column_numbers(t) == 0 || column_numbers(t) == v->numbers_out);
    case VISION_REGRESSION:
        return s->cols == net_outputs(v->net) && column_fits(v, t, net_output(v->net, i)) &&
               t->id != TYPE_BOOLEAN;
    case VISION_TASK_COUNT: break;
    }
    return false;
}

/* The one output of a network, told as a column a number. */
static bool output_is_split(const struct vision *v, const struct schema *s) {
    if (v->task != VISION_REGRESSION || net_outputs(v->net) != 1) return false;
    struct net_shape row = row_shape(v, net_output(v->net, 0));
    bool doubles = s->cols > 1 && shape_numbers(&row) == s->cols;
    for (uint32_t i = 0; doubles && i < s->cols; i++) doubles = s->col[i].type->id == TYPE_DOUBLE;
    return doubles;
}

static bool outputs_declared(struct vision *v, const struct schema *s, struct err *e) {
    v->model.output = *s;
    if (output_is_split(v, s)) return true;
    for (uint32_t i = 0; i < s->cols; i++) {
        if (output_fits(v, s, i)) continue;
        err_set(e, ERR_SQL, "42804", "the network cannot fill the output \"%.*s\"",
                TEXT_ARG(s->col[i].name));
        uint32_t numbers = vision_scores(v);
        if (numbers > 0) err_hint(e, "Its first output is %u numbers.", numbers);
        return false;
    }
    return true;
}

uint32_t vision_scores(const struct vision *v) {
    struct net_shape row = row_shape(v, net_output(v->net, 0));
    return shape_numbers(&row);
}

bool vision_outputs(struct vision *v, const struct model_definition *d, struct err *e) {
    static const uint32_t forms[VISION_TASK_COUNT] = {
        [VISION_CLASSIFICATION] = 1u << MODEL_CLASSIFY | 1u << MODEL_CLASSIFY_TOP,
        [VISION_DETECTION] = 1u << MODEL_DETECT,
        [VISION_EMBEDDING] = 1u << MODEL_EMBED,
    };
    uint32_t numbers = vision_scores(v);
    bool floats = net_output(v->net, 0)->type == NET_F32;
    v->model.forms = forms[v->task] | 1u << MODEL_PREDICT | 1u << MODEL_OUTPUTS;
    if (v->task == VISION_CLASSIFICATION) v->classes = numbers;
    if (v->task == VISION_EMBEDDING) v->numbers_out = numbers;
    bool scored = v->task == VISION_CLASSIFICATION || v->task == VISION_EMBEDDING;
    if (scored && (numbers == 0 || !floats)) {
        return err_set(e, ERR_SQL, "42804", "the network's first output is no row of scores");
    }
    if (v->task == VISION_CLASSIFICATION && numbers == 1) {
        err_set(e, ERR_SQL, "42804", "the network gives one number, not a score for each class");
        return err_hint(e, "'task' = 'regression' gives the number itself.");
    }
    return d->output ? outputs_declared(v, d->output, e) : outputs_default(v, e);
}

static const struct type *cannot(const struct model *m, const struct model_use *use,
                                 struct err *e) {
    static const char *const names[] = {
#define X(ID, name) name,
        MODEL_FORM_LIST(X)
#undef X
    };
    (void)m;
    err_set(e, ERR_SQL, "42804", "%s() cannot use this model", names[use->form]);
    err_hint(e, "Say what it is for: 'task' = 'classification', 'detection' or 'embedding'.");
    return NULL;
}

const struct type *vision_use_type(const struct model *m, const struct model_use *use,
                                   struct arena *a, struct err *e) {
    const struct vision *v = (const struct vision *)m;
    const struct type *t = NULL;
    if (!(m->forms & 1u << use->form)) return cannot(m, use, e);
    switch (use->form) {
    case MODEL_CLASSIFY: return &type_text;
    case MODEL_CLASSIFY_TOP: t = top_type(a); break;
    case MODEL_DETECT: t = detections_type(a); break;
    case MODEL_EMBED: t = vector_type(a, v->numbers_out); break;
    case MODEL_PREDICT:
        if (m->output.cols == 1) return m->output.col[0].type;
        t = type_row(a, m->output.cols, m->output.col);
        break;
    case MODEL_OUTPUTS: t = type_row(a, m->output.cols, m->output.col); break;
    case MODEL_FORM_COUNT: break;
    }
    if (!t) err_memory(e);
    return t;
}
