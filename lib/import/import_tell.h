/* import_tell.h -- what is said beside an imported spec: what is lost and why, what is others',
 * what could not be read, and what billingd would correct. */
#ifndef IMPORT_IMPORT_TELL_H
#define IMPORT_IMPORT_TELL_H

#include "import/import_draft.h"
#include "reconcile/pass.h"

struct import_told {
    size_t
        corrected; /* resources that a plan of the spec would change, the mark alone not counted */
    size_t marked; /* resources that would get the mark, and nothing else */
    size_t unread; /* resources that were not read, or not wholly */
    size_t lints;
    bool denied, failed; /* why they were not: permission, or anything else */
};

/* Notes at the draft's resources what the last look and the lints of the spec found; pass was made
 * of the draft as it is. */
void import_tell(struct import_draft *draft, const struct pass *pass,
                 const struct problems *problems, struct import_told *told);

#endif
