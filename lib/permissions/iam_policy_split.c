#include "permissions/iam_policy_split.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Longer statements are cut, so that they can be laid out evenly. */
enum { LARGE_STATEMENT = 1024 };

size_t iam_policy_split_size(const json_t *policy)
{
    return json_dumpb(policy, NULL, 0, JSON_COMPACT);
}

/* The half of a statement's list, from its begin or its middle; the other member stays whole. */
static json_t *half_of(const json_t *statement, const char *member, size_t from, size_t to)
{
    json_t *half = json_copy((json_t *)statement), *list = json_array();

    for (; from < to; from++)
        json_array_append(list, json_array_get(json_object_get(statement, member), from));
    json_object_set_new(half, member, list);
    return half;
}

/* Adds a statement to pieces, in parts if it is large. */
static void cut(json_t *pieces, const json_t *statement)
{
    const char *member =
        json_array_size(json_object_get(statement, "Resource")) > 1 ? "Resource" : "Action";
    size_t n = json_array_size(json_object_get(statement, member));

    if (n < 2 || iam_policy_split_size(statement) <= LARGE_STATEMENT) {
        json_array_append(pieces, (json_t *)statement);
        return;
    }
    {
        json_auto_t *first = half_of(statement, member, 0, n / 2);
        json_auto_t *second = half_of(statement, member, n / 2, n);

        cut(pieces, first);
        cut(pieces, second);
    }
}

static int larger_first(const void *a, const void *b)
{
    size_t x = iam_policy_split_size(*(const json_t *const *)a),
           y = iam_policy_split_size(*(const json_t *const *)b);

    return (x < y) - (x > y);
}

/* Borrowed from pieces; new memory. */
static const json_t **sorted(const json_t *pieces)
{
    size_t n = json_array_size(pieces);
    const json_t **list = mem_new((n + 1) * sizeof *list);

    for (size_t i = 0; i < n; i++)
        list[i] = json_array_get(pieces, i);
    qsort(list, n, sizeof *list, larger_first);
    return list;
}

/* Each statement, the largest first, to the document that has least. */
static json_t *lay_out(const json_t *policy, const json_t *pieces, size_t count)
{
    const json_t **list = sorted(pieces);
    json_t *documents = json_array();

    for (size_t i = 0; i < count && i < json_array_size(pieces); i++)
        json_array_append_new(
            documents,
            json_pack("{s:O, s:[]}", "Version", json_object_get(policy, "Version"), "Statement"));
    for (size_t i = 0; i < json_array_size(pieces); i++) {
        json_t *least = json_array_get(documents, 0);

        for (size_t j = 1; j < json_array_size(documents); j++)
            if (iam_policy_split_size(json_array_get(documents, j)) < iam_policy_split_size(least))
                least = json_array_get(documents, j);
        json_array_append(json_object_get(least, "Statement"), (json_t *)list[i]);
    }
    free(list);
    return documents;
}

json_t *iam_policy_split(const json_t *policy, size_t count)
{
    json_auto_t *pieces = json_array();
    json_t *documents, *item;
    size_t i;

    if (count == 1)
        return iam_policy_split_size(policy) <= IAM_POLICY_SPLIT_MANAGED ? json_pack("[O]", policy)
                                                                         : NULL;
    json_array_foreach(json_object_get(policy, "Statement"), i, item)
        cut(pieces, item);
    documents = lay_out(policy, pieces, count);
    json_array_foreach(documents, i, item)
        if (iam_policy_split_size(item) > IAM_POLICY_SPLIT_MANAGED) {
            json_decref(documents);
            return NULL;
        }
    return documents;
}

size_t iam_policy_split_least(const json_t *policy)
{
    for (size_t count = 1; count <= IAM_POLICY_SPLIT_MOST; count++) {
        json_auto_t *documents = iam_policy_split(policy, count);

        if (documents)
            return count;
    }
    return 0;
}
