/* torture.h: the fault that a run is given: the n-th call of one kind fails.
 *
 * Calls are counted in shared memory, so that the parent knows when there is no n-th.
 *
 * Used by: tests/torture*.c
 */
#ifndef TESTS_TORTURE_H
#define TESTS_TORTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum torture_kind {
    TORTURE_MEMORY, /* malloc and its like give NULL */
    TORTURE_FILE,   /* a call of struct file_system fails with 58030 */
    TORTURE_SHORT,  /* no failure: every read gives one byte or half of what is asked */
    TORTURE_OUTPUT, /* write() fails with ENOSPC */
    TORTURE_KINDS,
};

struct torture_fault {
    enum torture_kind kind;
    uint64_t at;  /* the call that fails, from 1; 0: none does, all are counted */
    bool onwards; /* all later ones fail too */
    _Atomic uint64_t calls;
};

/* The fault in force; NULL: none. */
extern struct torture_fault *torture_fault;

/* Counts a call; true: it must fail. */
bool torture_hit(enum torture_kind kind);

/* torture_memory.c: SQLite's memory goes the same way. To be called before the first use of it. */
void torture_memory_init(void);

#endif
