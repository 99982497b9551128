/* cpu_test.c: a larger instruction set is never there without the smaller one it needs. */
#include "engine/base/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void larger_sets_include_smaller(void **unused) {
    (void)unused;
    uint32_t have = cpu_features();
    assert_int_equal(have, cpu_features());
    if (have & CPU_AVX512) assert_true(have & CPU_AVX2);
    if (have & (CPU_AVX512_VBMI | CPU_AVX512_VNNI)) assert_true(have & CPU_AVX512);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(larger_sets_include_smaller)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
