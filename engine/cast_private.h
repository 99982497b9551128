/* cast_private.h: conversion: one value of one type to another; private to engine/cast*.c.
 *
 * Used by: engine/cast*.c.    Tested by: tests/unit/engine/cast_test.c
 */
#ifndef ENGINE_CAST_PRIVATE_H
#define ENGINE_CAST_PRIVATE_H

#include "engine/base/batch.h"
#include "engine/base/buf.h"

/* What a conversion may use, and why it failed. */
struct conversion {
    const struct type *to;
    struct arena *arena; /* what the value points at lives here */
    const char *sqlstate;
    bool no_memory;
    char message[160];
};

/* Writes the value of a row that is not NULL at `out`, in the representation of x->to. false: it
 * has none, *x says why. */
typedef bool convert_value(struct conversion *x, const struct column *from, uint32_t row,
                           void *out);

bool convert_failed(struct conversion *x, const char *sqlstate, const char *format, ...)
    PRINTF_LIKE(3, 4);
bool convert_no_memory(struct conversion *x);

/* The conversion between two types that are neither nested nor stored alike; NULL: none. */
convert_value *convert_find(const struct type *from, const struct type *to);

/* Conversions to and from TEXT. */
convert_value *convert_from_text(enum type_id to);
convert_value *convert_to_text(enum type_id from);

/* ARRAY of numbers to TENSOR, and TENSOR to a TENSOR of as many dimensions. */
convert_value array_to_tensor, tensor_to_tensor;

/* The value as JSON: what a nested value is as TEXT. */
void json_add_value(struct buf *out, const struct column *c, uint32_t row);

#endif
