/* plan_stale.h -- whether a plan that was reviewed still holds. */
#ifndef DAEMON_VERBS_PLAN_STALE_H
#define DAEMON_VERBS_PLAN_STALE_H

#include <jansson.h>

/* What is not any more as a file's document (`reviewed`) says, by a document made now, both as
 * plan_file_document makes them: a list of texts, empty when nothing differs; new reference. */
json_t *plan_stale(const json_t *reviewed, const json_t *now);

#endif
