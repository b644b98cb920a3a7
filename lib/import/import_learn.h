/* import_learn.h -- what a look at AWS says of the draft: where they differ the draft is changed,
 * until a look finds nothing that it could say better. */
#ifndef IMPORT_IMPORT_LEARN_H
#define IMPORT_IMPORT_LEARN_H

#include "import/import_draft.h"
#include "import/import_template.h"
#include "reconcile/pass.h"

/* Takes parameters out of the draft that the template would choose the same.  plain: the template
 * with those parameters only that have no default. */
void import_learn_parameters(struct import_draft *draft, const struct import_template *plain);
/* The same with overrides. */
void import_learn_names(struct import_draft *draft, const struct import_template *template);
/* The pass was made of the draft.  True when the draft has changed: look again. */
bool import_learn_pass(struct import_draft *draft, const struct import_template *template,
                       const struct pass *pass);
/* Takes back what a spec must not hold: AWS would refuse it, or nothing could be billed.  True when
 * there was something.  pass may be NULL: there was no look yet. */
bool import_learn_problems(struct import_draft *draft, const struct import_template *template,
                           const struct pass *pass, const struct problems *problems);

#endif
