/* import_relink.h -- what refers to a resource that the draft switches off: a spec must not. */
#ifndef IMPORT_IMPORT_RELINK_H
#define IMPORT_IMPORT_RELINK_H

#include "import/import_draft.h"
#include "import/import_template.h"
#include "reconcile/pass.h"

/* Writes out what the template says by way of a resource that is off, as AWS has it, and takes such
 * resources out of `after`.  True when the draft has changed.
 * pass may be NULL: nothing was read yet. */
bool import_relink(struct import_draft *draft, const struct import_template *template,
                   const struct pass *pass);

#endif
