/* onnx_scan.c: see onnx_scan.h.
 *
 * The wire format: a field is a varint key (number << 3 | wire type) and a value: 0 varint, 1 eight
 * bytes, 2 a varint length and that many bytes, 5 four bytes. Groups (3, 4) are not in use. A
 * varint has at most 10 bytes. Of the bytes with a length those are entered whose field is a
 * message.
 */
#include "udf/nn/onnx_scan.h"

#include <assert.h>

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
enum { VARINT_BYTES_MAX = 10 };

struct frame {
    const ProtobufCMessageDescriptor *type;
    uint32_t end; /* of the message */
};

struct scan {
    struct text file;
    uint32_t at;
    uint32_t depth; /* frames in use */
    uint32_t messages;
    struct frame frame[SCAN_DEPTH_MAX];
};

static bool damaged(const struct scan *s, const char *what, struct err *e) {
    err_set(e, ERR_SQL, "22023", "not an ONNX file, or damaged: %s at byte %u", what, s->at);
    e->offset = s->at;
    return false;
}

static bool varint(struct scan *s, uint32_t end, uint64_t *out, struct err *e) {
    uint64_t v = 0;
    for (uint32_t i = 0; i < VARINT_BYTES_MAX && s->at < end; i++) {
        uint8_t byte = (uint8_t)s->file.at[s->at++];
        v |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte & 0x80) continue;
        *out = v;
        return true;
    }
    return damaged(s, "a number without end", e);
}

static bool skip(struct scan *s, uint32_t end, uint64_t bytes, struct err *e) {
    if (bytes > end - s->at) return damaged(s, "a length past the end of its message", e);
    s->at += (uint32_t)bytes;
    return true;
}

static bool enter(struct scan *s, const ProtobufCMessageDescriptor *type, uint32_t end,
                  struct err *e) {
    if (s->depth == SCAN_DEPTH_MAX) {
        err_set(e, ERR_SQL, "22023", "ONNX file nests more than %d messages", SCAN_DEPTH_MAX);
        e->offset = s->at;
        return false;
    }
    if (++s->messages > SCAN_MESSAGES_MAX) {
        return err_set(e, ERR_LIMIT, "54000", "ONNX file holds more than %d parts",
                       SCAN_MESSAGES_MAX);
    }
    s->frame[s->depth++] = (struct frame){.type = type, .end = end};
    return true;
}

/* A field of `number` with a length: entered if it is a message, else passed over. */
static bool scan_bytes(struct scan *s, const struct frame *f, uint64_t number, struct err *e) {
    uint64_t bytes;
    if (!varint(s, f->end, &bytes, e)) return false;
    const ProtobufCFieldDescriptor *field =
        number <= UINT32_MAX ? protobuf_c_message_descriptor_get_field(f->type, (unsigned)number)
                             : NULL;
    if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE) return skip(s, f->end, bytes, e);
    if (bytes > f->end - s->at) return damaged(s, "a length past the end of its message", e);
    return enter(s, field->descriptor, s->at + (uint32_t)bytes, e);
}

static bool scan_field(struct scan *s, const struct frame *f, struct err *e) {
    uint64_t key, unused;
    if (!varint(s, f->end, &key, e)) return false;
    if (key >> 3 == 0) return damaged(s, "a field without number", e);
    switch (key & 7) {
    case WIRE_VARINT: return varint(s, f->end, &unused, e);
    case WIRE_64: return skip(s, f->end, 8, e);
    case WIRE_BYTES: return scan_bytes(s, f, key >> 3, e);
    case WIRE_32: return skip(s, f->end, 4, e);
    default: return damaged(s, "a field of unknown form", e);
    }
}

bool onnx_scan(struct text file, const ProtobufCMessageDescriptor *type, struct err *e) {
    struct scan s = {.file = file};
    if (!enter(&s, type, file.bytes, e)) return false;
    while (s.depth > 0) {
        const struct frame top = s.frame[s.depth - 1];
        assert(s.at <= top.end && top.end <= file.bytes);
        if (s.at == top.end) {
            s.depth--;
        } else if (!scan_field(&s, &top, e)) {
            return false;
        }
    }
    return true;
}
