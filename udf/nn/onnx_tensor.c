/* onnx_tensor.c: a TensorProto as a tensor.
 *
 * Values lie in raw_data (little-endian, dense) or in one of the typed fields: float_data for
 * float, double_data for double, int64_data for int64, and int32_data for all narrower ones, where
 * float16 is its bit pattern.
 */
#include <assert.h>
#include <string.h>

#include <onnx.pb-c.h>

#include "udf/nn/half.h"
#include "udf/nn/onnx_private.h"

static bool refuse(const struct onnx_tensor *t, const char *why, struct err *e) {
    return err_set(e, ERR_SQL, "22023", "tensor \"%.*s\": %s", TEXT_ARG(t->name), why);
}

bool onnx_type_of(int32_t onnx_type, enum net_type *out) {
    switch (onnx_type) {
    case ONNX_FLOAT:
    case ONNX_FLOAT16:
    case ONNX_DOUBLE: *out = NET_F32; return true;
    case ONNX_UINT8: *out = NET_U8; return true;
    case ONNX_INT8: *out = NET_I8; return true;
    case ONNX_INT32: *out = NET_I32; return true;
    case ONNX_INT64: *out = NET_I64; return true;
    case ONNX_BOOL: *out = NET_BOOL; return true;
    default: return false;
    }
}

const char *onnx_type_name(int32_t onnx_type) {
    static const char *const names[] = {"undefined",  "float",   "uint8",  "int8",   "uint16",
                                        "int16",      "int32",   "int64",  "string", "bool",
                                        "float16",    "double",  "uint32", "uint64", "complex64",
                                        "complex128", "bfloat16"};
    bool known = onnx_type >= 0 && (size_t)onnx_type < sizeof names / sizeof *names;
    return known ? names[onnx_type] : "a newer type";
}

/* Bytes of an element in raw_data. */
static size_t raw_element_bytes(int32_t onnx_type) {
    switch (onnx_type) {
    case ONNX_DOUBLE:
    case ONNX_INT64: return 8;
    case ONNX_FLOAT:
    case ONNX_INT32: return 4;
    case ONNX_FLOAT16: return 2;
    default: return 1;
    }
}

static void floats_of_doubles(size_t n, const void *from, float *to) {
    for (size_t i = 0; i < n; i++) {
        double v;
        memcpy(&v, (const char *)from + i * sizeof v, sizeof v);
        to[i] = (float)v;
    }
}

static void floats_of_halves(size_t n, const void *from, float *to) {
    for (size_t i = 0; i < n; i++) {
        uint16_t v;
        memcpy(&v, (const char *)from + i * sizeof v, sizeof v);
        to[i] = half_to_float(v);
    }
}

/* Any byte but 0 is true. */
static void bools_clean(size_t n, uint8_t *b) {
    for (size_t i = 0; i < n; i++) b[i] = b[i] != 0;
}

static bool fill_raw(const Onnx__TensorProto *from, size_t n, struct onnx_tensor *t,
                     struct err *e) {
    size_t bytes = n * raw_element_bytes(t->onnx_type);
    if (from->raw_data.len != bytes) {
        return refuse(t, "its data are not as long as its shape says", e);
    }
    const void *raw = from->raw_data.data;
    if (n == 0) return true;
    if (t->onnx_type == ONNX_DOUBLE) {
        floats_of_doubles(n, raw, t->tensor.at);
    } else if (t->onnx_type == ONNX_FLOAT16) {
        floats_of_halves(n, raw, t->tensor.at);
    } else {
        memcpy(t->tensor.at, raw, bytes);
    }
    if (t->onnx_type == ONNX_BOOL) bools_clean(n, t->tensor.at);
    return true;
}

static void fill_from_i32(const int32_t *from, size_t n, struct onnx_tensor *t) {
    float *f32 = t->tensor.at;
    int32_t *i32 = t->tensor.at;
    uint8_t *u8 = t->tensor.at;
    for (size_t i = 0; i < n; i++) {
        if (t->onnx_type == ONNX_FLOAT16) {
            f32[i] = half_to_float((uint16_t)from[i]);
        } else if (t->onnx_type == ONNX_INT32) {
            i32[i] = from[i];
        } else {
            u8[i] = t->onnx_type == ONNX_BOOL ? from[i] != 0 : (uint8_t)from[i];
        }
    }
}

/* The typed field of an element type: how many values it holds. */
static size_t typed_count(const Onnx__TensorProto *from, int32_t onnx_type) {
    switch (onnx_type) {
    case ONNX_FLOAT: return from->n_float_data;
    case ONNX_DOUBLE: return from->n_double_data;
    case ONNX_INT64: return from->n_int64_data;
    default: return from->n_int32_data;
    }
}

static bool fill_typed(const Onnx__TensorProto *from, size_t n, struct onnx_tensor *t,
                       struct err *e) {
    if (typed_count(from, t->onnx_type) != n) {
        return refuse(t, "its data are not as many as its shape says", e);
    }
    if (n == 0) return true;
    switch (t->onnx_type) {
    case ONNX_FLOAT: memcpy(t->tensor.at, from->float_data, n * sizeof(float)); break;
    case ONNX_DOUBLE: floats_of_doubles(n, from->double_data, t->tensor.at); break;
    case ONNX_INT64: memcpy(t->tensor.at, from->int64_data, n * sizeof(int64_t)); break;
    default: fill_from_i32(from->int32_data, n, t); break;
    }
    return true;
}

static bool shape_make(const Onnx__TensorProto *from, struct onnx_tensor *t, struct err *e) {
    if (from->n_dims > NET_RANK_MAX) return refuse(t, "it has more than 8 dimensions", e);
    t->tensor.shape = shape_of((uint32_t)from->n_dims, from->dims);
    if (!shape_fits(&t->tensor.shape)) return refuse(t, "its shape is negative or too large", e);
    return true;
}

bool onnx_tensor_make(const Onnx__TensorProto *from, struct arena *a, struct onnx_tensor *out,
                      struct err *e) {
    assert(from && out);
    struct onnx_tensor t = {.onnx_type = from->data_type};
    if (!onnx_text(from->name, &t.name, e)) return false;
    if (!onnx_type_of(t.onnx_type, &t.tensor.type)) {
        return err_set(e, ERR_SQL, "0A000",
                       "tensor \"%.*s\": elements of type %s are not supported", TEXT_ARG(t.name),
                       onnx_type_name(t.onnx_type));
    }
    bool external = from->has_data_location &&
                    from->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    if (external || from->n_external_data > 0) {
        err_set(e, ERR_SQL, "0A000", "tensor \"%.*s\": its data lie in another file",
                TEXT_ARG(t.name));
        return err_hint(e, "Save the model as one file, without external data.");
    }
    if (from->segment) return refuse(&t, "it is a segment of a larger one", e);
    if (!shape_make(from, &t, e)) return false;

    size_t n = shape_elements(&t.tensor.shape);
    if (n > from->raw_data.len && n > typed_count(from, t.onnx_type)) {
        return refuse(&t, "its data are shorter than its shape says", e);
    }
    t.tensor.at = arena_alloc(a, n * net_type_bytes(t.tensor.type) + 1);
    if (!t.tensor.at) return err_memory(e);
    bool filled = from->has_raw_data ? fill_raw(from, n, &t, e) : fill_typed(from, n, &t, e);
    if (!filled) return false;
    *out = t;
    return true;
}
