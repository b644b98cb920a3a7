/* simulation.h -- what IAM's simulator answers: may somebody do this to that?
 *
 * "MissingContextValues": conditions asked for what was not told, so the decision says nothing.
 * With resources asked about, they stand below the result, one for each resource
 * ("ResourceSpecificResults").  Source: EvaluationResult, ResourceSpecificResult, IAM API
 * reference. */
#ifndef RESOURCES_SIMULATION_H
#define RESOURCES_SIMULATION_H

#include <jansson.h>

enum simulation_verdict { SIMULATION_UNKNOWN, SIMULATION_ALLOWED, SIMULATION_DENIED };

/* EvaluationResults with one result for each action on each resource; new reference. */
json_t *simulation_results(const json_t *evaluated);
/* What such a result says. */
enum simulation_verdict simulation_verdict(const json_t *result);
/* The first condition key that it asked for in vain; borrowed, NULL: none. */
const char *simulation_missing(const json_t *result);

#endif
