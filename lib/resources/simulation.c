/* simulation.c -- the results of SimulatePrincipalPolicy, one by one. */
#include "resources/simulation.h"

#include "base/json.h"

#include <string.h>

json_t *simulation_results(const json_t *evaluated)
{
    json_t *list = json_array(), *result, *single;
    size_t i, k;

    json_array_foreach((json_t *)evaluated, i, result) {
        json_t *singles = json_object_get(result, "ResourceSpecificResults");

        if (!json_array_size(singles))
            json_array_append(list, result);
        json_array_foreach(singles, k, single) {
            json_t *copy = json_deep_copy(single);

            json_object_set(copy, "EvalActionName", json_object_get(result, "EvalActionName"));
            json_object_set(copy, "EvalDecision", json_object_get(single, "EvalResourceDecision"));
            json_array_append_new(list, copy);
        }
    }
    return list;
}

const char *simulation_missing(const json_t *result)
{
    return json_string_value(json_array_get(json_object_get(result, "MissingContextValues"), 0));
}

enum simulation_verdict simulation_verdict(const json_t *result)
{
    const char *decision = json_text(result, "EvalDecision");

    if (!decision || simulation_missing(result))
        return SIMULATION_UNKNOWN;
    if (!strcmp(decision, "allowed"))
        return SIMULATION_ALLOWED;
    return !strcmp(decision, "explicitDeny") || !strcmp(decision, "implicitDeny")
               ? SIMULATION_DENIED
               : SIMULATION_UNKNOWN;
}
