/* import_write.h -- the draft as the text of a billing.yaml, for people. */
#ifndef IMPORT_IMPORT_WRITE_H
#define IMPORT_IMPORT_WRITE_H

#include "import/import_draft.h"

enum import_write_part {
    IMPORT_WRITE_PLAIN,    /* only the parameters that have no default */
    IMPORT_WRITE_TEMPLATE, /* all parameters, nothing laid over the template */
    IMPORT_WRITE_SPEC,     /* everything, with what is said beside it */
};

/* New text. */
char *import_write(const struct import_draft *draft, enum import_write_part part);

#endif
