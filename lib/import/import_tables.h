/* import_tables.h -- what reads the objects: tables and view of the Glue catalog, and the Athena
 * workgroup whose results lie in the bucket. */
#ifndef IMPORT_IMPORT_TABLES_H
#define IMPORT_IMPORT_TABLES_H

#include "import/import_draft.h"
#include "import/import_look.h"

struct import_place {
    const char *bucket, *prefix; /* of the stream; prefix "" where there is none */
    const json_t *env;           /* the scripts' variables; NULL: none */
};

/* Names database, tables, view and workgroup in the draft, what is not there by env or by what
 * billingd would call it. */
void import_tables(struct flow *flow, struct import_look *look, const struct import_place *place,
                   struct import_draft *draft);

#endif
