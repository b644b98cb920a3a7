/* ignore.h -- fields that a spec names under `ignore`: neither compared nor written.
 *
 * What AWS has there stands in for what is wanted, so that nothing differs, and a write of a whole
 * document carries it along.  A resource that is not there yet is made with what the spec says.
 * A path is a field ("retention_days"), a key or member in it ("tags.team"), or a rule or statement
 * ("lifecycle[billingd-old]", "policy[ReadLogs]"). */
#ifndef RESOURCES_IGNORE_H
#define RESOURCES_IGNORE_H

#include "resources/kind.h"

/* The field that a path begins with; NULL: it is none of the kind. */
const struct field *ignore_field(const struct kind *kind, const char *path);
/* Why the path cannot be ignored, and what to write instead; new text, NULL: it can. */
char *ignore_problem(const struct kind *kind, const char *path);
/* Whether a difference of that name ("tags.team") is at or below one of the paths (a list of texts;
 * NULL: none). */
bool ignore_covers(const json_t *paths, const char *difference);
/* desired with what AWS has (observed; NULL: not there) at the paths; new reference. */
json_t *ignore_apply(const struct kind *kind, const json_t *paths, const json_t *desired,
                     const json_t *observed);
/* What differs and is ignored, as plans have differences: wished is what the spec says, scope has
 * what ignore_apply made of it; new reference. */
json_t *ignore_differences(const struct scope *scope, const json_t *wished);

#endif
