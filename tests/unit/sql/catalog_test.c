/* The catalog: one name one object, in order, and nothing goes while it is used. */
#include "sql/catalog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct object *add(struct catalog *c, enum object_kind kind, const char *name) {
    struct err e;
    struct object *o = object_create(kind, text_of(name), &e);
    assert_non_null(o);
    assert_true(catalog_add(c, o, &e));
    return o;
}

static void names_are_one_in_any_case(void **unused) {
    (void)unused;
    struct catalog *c = catalog_create();
    struct object *bid = add(c, OBJECT_STREAM, "Bid");
    assert_ptr_equal(catalog_find(c, text_of("bID")), bid);
    assert_true(text_equal(bid->name, text_of("Bid")));

    struct err e;
    struct object *again = object_create(OBJECT_VIEW, text_of("BID"), &e);
    assert_false(catalog_add(c, again, &e));
    assert_string_equal(e.sqlstate, "42P07");
    object_destroy(again);
    catalog_destroy(c);
}

static void functions_have_names_of_their_own(void **unused) {
    (void)unused;
    struct catalog *c = catalog_create();
    struct object *view = add(c, OBJECT_VIEW, "f");
    struct object *function = add(c, OBJECT_FUNCTION, "f");
    assert_ptr_equal(catalog_find(c, text_of("f")), view);
    assert_ptr_equal(catalog_find_function(c, text_of("f")), function);
    assert_null(catalog_find_function(c, text_of("g")));
    catalog_destroy(c);
}

static void what_is_used_is_not_dropped(void **unused) {
    (void)unused;
    struct catalog *c = catalog_create();
    struct object *bid = add(c, OBJECT_STREAM, "bid");
    struct object *v = add(c, OBJECT_VIEW, "v");
    struct object **use = ARENA_ARRAY(v->arena, use, 1);
    use[0] = bid;
    v->uses = 1;
    v->use = use;

    struct err e;
    assert_false(catalog_may_drop(c, bid, &e));
    assert_string_equal(e.sqlstate, "2BP01");
    assert_non_null(strstr(e.message, "\"v\""));
    assert_true(catalog_may_drop(c, v, &e));
    catalog_drop(c, v);
    assert_true(catalog_may_drop(c, bid, &e));
    catalog_destroy(c);
}

/* Dropping any one leaves the others in their order. */
static void order_is_that_of_creation(void **unused) {
    (void)unused;
    enum { COUNT = 5 };
    for (int gone = 0; gone < COUNT; gone++) {
        struct catalog *c = catalog_create();
        struct object *o[COUNT];
        for (int i = 0; i < COUNT; i++) {
            char name[8];
            snprintf(name, sizeof name, "s%d", i);
            o[i] = add(c, OBJECT_STREAM, name);
        }
        catalog_drop(c, o[gone]);
        struct object *last = add(c, OBJECT_STREAM, "last");
        struct object *at = catalog_first(c);
        for (int i = 0; i < COUNT; i++) {
            if (i == gone) continue;
            assert_ptr_equal(at, o[i]);
            at = at->next;
        }
        assert_ptr_equal(at, last);
        assert_null(last->next);
        catalog_destroy(c);
    }
}

static void a_misspelling_finds_its_neighbour(void **unused) {
    (void)unused;
    struct catalog *c = catalog_create();
    add(c, OBJECT_STREAM, "auction");
    add(c, OBJECT_VIEW, "actions");
    struct err e;
    err_set(&e, ERR_SQL, "42P01", "there is none");
    assert_true(catalog_hint(c, text_of("acution"), OBJECT_COUNT, &e));
    assert_string_equal(e.hint, "Perhaps you meant \"auction\".");
    assert_true(catalog_hint(c, text_of("acution"), OBJECT_VIEW, &e));
    assert_string_equal(e.hint, "Perhaps you meant \"actions\".");
    assert_false(catalog_hint(c, text_of("person"), OBJECT_COUNT, &e));
    catalog_destroy(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_one_in_any_case),
        cmocka_unit_test(functions_have_names_of_their_own),
        cmocka_unit_test(what_is_used_is_not_dropped),
        cmocka_unit_test(order_is_that_of_creation),
        cmocka_unit_test(a_misspelling_finds_its_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
