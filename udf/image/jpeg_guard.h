/* jpeg_guard.h: libjpeg's errors as values; private to udf/image.
 *
 * libjpeg reports an error by a call that must not return. jpeg_guard() runs the calls into the
 * library and is where such a call comes back to; it is the one place of the program that jumps.
 *
 * Used by: udf/image/jpeg*.c.
 */
#ifndef UDF_IMAGE_JPEG_GUARD_H
#define UDF_IMAGE_JPEG_GUARD_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>

#include <jpeglib.h>

#include "engine/base/attr.h"

struct jpeg_guard {
    struct jpeg_error_mgr manager; /* give &manager to the library before anything else */
    jmp_buf back;
    char message[JMSG_LENGTH_MAX]; /* of the error, or of the first warning that counts */
    bool invented;                 /* a warning said that data was made up */
    bool no_memory;
};

void jpeg_guard_init(struct jpeg_guard *g);

/* Runs work(context), which calls the library and must own nothing that only it can free. false:
 * the library gave up; see message. */
bool jpeg_guard_run(struct jpeg_guard *g, void (*work)(void *), void *context) MUST_USE;

/* Ends work() as a library error would: message was set by the caller. */
_Noreturn void jpeg_guard_leave(struct jpeg_guard *g);

#endif
