/* session_model.h: models in a session: CREATE, EXPORT, SHOW, DESCRIBE, and what runs them.
 *
 * Used by: clients/session*.c only.
 */
#ifndef CLIENTS_SESSION_MODEL_H
#define CLIENTS_SESSION_MODEL_H

#include "clients/session_private.h"
#include "engine/shared_model.h"

/* object->extra of a MODEL. */
struct session_model {
    struct shared_model shared; /* object->model */
    struct model_definition definition;
    struct stream *training; /* m$training; NULL: it does not learn */
};

bool session_create_model(struct session *s, const struct ast_statement *st, struct err *e);
bool session_export_model(struct session *s, const struct ast_statement *st, struct err *e);
bool session_show_models(struct session *s, const struct ast_show *show, struct err *e);
bool session_describe_model(struct session *s, const struct object *o, struct err *e);
/* Frees what the object's `extra` holds. */
void session_forget_model(struct object *o);

/* INSERT INTO MODEL with several epochs reads its inputs again: they end and can be read twice. */
bool session_check_epochs(const struct bound_query *bound, struct err *e);

/* m$training; NULL: the object is no model that learns. */
struct stream *session_training(const struct object *o);

#endif
