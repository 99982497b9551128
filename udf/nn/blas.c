/* OpenBLAS behind dlopen(3): its functions by name, one thread.
 *
 * The numbers that stand for row-major and transposed are CBLAS's (the reference implementation's
 * cblas.h).
 */
#include "udf/nn/blas.h"

#include <assert.h>
#include <dlfcn.h>
#include <limits.h>
#include <string.h>

enum { CBLAS_ROW_MAJOR = 101, CBLAS_AS_IS = 111, CBLAS_TRANSPOSED = 112 };

static const char library_name[] = "libopenblas.so.0";

/* ISO C does not convert object pointers to functions; POSIX promises that their bytes may be
 * copied. */
static bool symbol(void *library, const char *name, void *function_out) {
    void *found = dlsym(library, name);
    memcpy(function_out, &found, sizeof found);
    return found != NULL;
}

bool blas_open(struct blas *out, struct err *e) {
    assert(out);
    struct blas b = {.library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL)};
    if (!b.library) {
        err_set(e, ERR_IO, "58030", "cannot load %s, which models need", library_name);
        return err_hint(e, "Install Debian's libopenblas0-pthread.");
    }
    void (*set_threads)(int);
    char *(*core)(void);
    if (!symbol(b.library, "cblas_sgemm", &b.sgemm) ||
        !symbol(b.library, "openblas_set_num_threads", &set_threads) ||
        !symbol(b.library, "openblas_get_corename", &core)) {
        dlclose(b.library);
        return err_set(e, ERR_IO, "58030", "%s is no OpenBLAS", library_name);
    }
    set_threads(1);
    b.core = core();
    *out = b;
    return true;
}

void blas_close(struct blas *b) {
    if (b->library) dlclose(b->library);
    *b = (struct blas){0};
}

void blas_multiply(const struct blas *b, const struct blas_product *p) {
    assert(p->m <= INT_MAX && p->n <= INT_MAX && p->k <= INT_MAX);
    b->sgemm(CBLAS_ROW_MAJOR, p->a_transposed ? CBLAS_TRANSPOSED : CBLAS_AS_IS,
             p->b_transposed ? CBLAS_TRANSPOSED : CBLAS_AS_IS, (int)p->m, (int)p->n, (int)p->k,
             p->alpha, p->a, (int)p->a_stride, p->b, (int)p->b_stride, p->beta, p->c,
             (int)p->c_stride);
}
