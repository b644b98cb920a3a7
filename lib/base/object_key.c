/* object_key.c -- which characters of an S3 key stay what they are wherever a key is written. */
#include "base/object_key.h"

#include "base/printable.h"

#include <stdbool.h>
#include <string.h>

static bool has_step(const char *key)
{
    for (const char *part = key; part; part = strchr(part, '/')) {
        part += *part == '/';
        if ((!strncmp(part, "..", 2) && (!part[2] || part[2] == '/')) ||
            (part[0] == '.' && (!part[1] || part[1] == '/')))
            return true;
    }
    return false;
}

const char *object_key_problem(const char *key)
{
    if (has_step(key))
        return "\".\" and \"..\" are steps, not names: many clients leave them out of a key";
    if (!printable_is(key) || strpbrk(key, "\t\n"))
        return "has a control character, or one that turns the direction of text around";
    for (const char *at = key; *at; at++) {
        const char *end = !strncmp(at, "!{", 2) ? strchr(at, '}') : NULL;

        if (end) {
            at = end;
            continue;
        }
        if (strchr("*?", *at))
            return "* and ? are wildcards in a policy: the permission would reach other objects";
        if (*at == '$')
            return "$ begins a variable in a policy: the permission would reach other objects";
        if (strchr("'\"`\\", *at))
            return "quotes and backslashes end a text in SQL: use another character";
    }
    return NULL;
}
