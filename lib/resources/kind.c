#include "resources/kind.h"

#include <string.h>

const struct field *kind_field(const struct kind *kind, const char *name)
{
    for (const struct field *field = kind->fields; field->name; field++)
        if (!strcmp(field->name, name))
            return field;
    return NULL;
}

const struct member *kind_member(const struct member *row)
{
    while (row && !row->path)
        row = row->more;
    return row;
}

bool kind_reads(const struct field *field, const json_t *desired, bool remove)
{
    const json_t *want = json_object_get(desired, field->name);

    if (field->flags & FIELD_LOCAL)
        return !json_string_length(want);
    if (field->flags & FIELD_REPORTED)
        return true;
    if (remove)
        return field->flags & FIELD_OWNER;
    return want || (field->flags & FIELD_ALWAYS);
}

bool kind_call_replaces(const struct kind *kind, const struct call *call)
{
    if (call->shared)
        return true;
    if (call == kind->create || call == kind->remove)
        return false; /* refused by AWS when there is one, or its end */
    return call->overlay || (call->build && !call->merges) ||
           (call->send && strstr(call->send, "=+"));
}

const struct field *kind_owner(const struct kind *kind)
{
    for (const struct field *field = kind->fields; field->name; field++)
        if (field->flags & FIELD_OWNER)
            return field;
    return NULL;
}

/* Without a place for our mark nothing tells ours from others', and nothing is deleted. */
bool kind_is_removable(const struct kind *kind)
{
    return kind_owner(kind) && kind->remove && !kind->holds_data;
}
