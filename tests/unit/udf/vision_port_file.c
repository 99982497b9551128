/* vision_port_file.c: see vision_port_file.h. */
#include "tests/unit/udf/vision_port_file.h"

#include <stdio.h>

#include "tests/unit/udf/onnx_write.h"

bool port_file_write(const struct port_file *f) {
    struct onnx_writer w;
    struct net_shape x = shape_of(2, f->in), y = shape_of(2, f->out);
    if (!f->out_known) x.rank = y.rank = SHAPE_UNKNOWN;
    onnx_writer_init(&w, 13);
    onnx_write_input(&w, "x", NET_F32, &x);
    onnx_write_node(&w, f->op, "x", "y");
    onnx_write_output_as(&w, "y", NET_F32, &y);
    struct text file = onnx_write_file(&w);
    FILE *to = fopen(f->path, "wb");
    bool good = to && fwrite(file.at, 1, file.bytes, to) == file.bytes;
    if (to) good = fclose(to) == 0 && good;
    onnx_writer_done(&w);
    return good;
}
