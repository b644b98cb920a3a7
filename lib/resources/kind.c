#include "resources/kind.h"

#include <string.h>

const struct field *kind_field(const struct kind *kind, const char *name)
{
    for (const struct field *field = kind->fields; field->name; field++)
        if (!strcmp(field->name, name))
            return field;
    return NULL;
}
