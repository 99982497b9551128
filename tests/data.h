/* data.h: where the real data lie that some tests read: $WEIR_TEST_DATA, else ../shared/data.
 *
 * meson names the folder beside the tree in the environment of the tests, when it is there. A test
 * that finds no data says "skipped: no test data": tests/run.sh counts that, and lets nothing be
 * skipped where data lie.
 *
 * Used by: tests.
 */
#ifndef TESTS_DATA_H
#define TESTS_DATA_H

#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

static inline const char *test_data(void) {
    const char *folder = getenv("WEIR_TEST_DATA");
    return folder ? folder : "../shared/data";
}

static inline bool test_data_there(void) {
    struct stat info;
    return stat(test_data(), &info) == 0 && S_ISDIR(info.st_mode);
}

#endif
