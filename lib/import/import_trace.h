/* import_trace.h -- the names of one pipeline, found by its references: roles and their inline
 * policies, the error log, tables, workgroup, alarms. */
#ifndef IMPORT_IMPORT_TRACE_H
#define IMPORT_IMPORT_TRACE_H

#include "import/import_draft.h"
#include "import/import_look.h"

struct import_trace {
    const json_t *candidate; /* of import_find.h, with a bucket */
    const json_t *stream;    /* its DeliveryStreamDescription */
    const json_t *env;       /* the scripts' variables; NULL: none */
};

/* Fills the draft's parameters, and overrides of names.  draft->pipeline is chosen where nobody
 * did.
 */
void import_trace(struct flow *flow, struct import_look *look, const struct import_trace *trace,
                  struct import_draft *draft);

#endif
