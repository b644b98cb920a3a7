#include "billing/store/athena_query_text.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

static const char *query_of(const struct billing *billing, const char *name, struct err *e)
{
    const char *text = json_text(billing->queries, name);

    if (!text)
        err_set(e, ERR_INVALID, "the spec has no query '%s' (queries: in the pipeline template)",
                name);
    return text;
}

bool athena_query_text_takes(const char *value)
{
    return !strpbrk(value, ";\\\n") && !strstr(value, "--") && !strstr(value, "/*");
}

/* Values are ours; what could end a text or a statement in them is a mistake of ours. */
static int put_value(struct str *out, const char *key, const json_t *value, struct err *e)
{
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        str_addf(out, "%lld", (long long)json_integer_value(value));
        return 0;
    }
    if (!text)
        return err_set(e, ERR_INVALID, "no value for ${%s}", key);
    if (!athena_query_text_takes(text))
        return err_set(e, ERR_INVALID, "the value of ${%s} does not belong into SQL: %s", key,
                       text);
    str_add(out, text);
    return 0;
}

char *athena_query_text(const struct billing *billing, const char *name, const json_t *values,
                        struct err *e)
{
    const char *rest = query_of(billing, name, e);
    cleanup_str struct str out = {0};

    if (!rest)
        return NULL;
    for (const char *open; (open = strstr(rest, "${")) != NULL;) {
        size_t n = strspn(open + 2, "abcdefghijklmnopqrstuvwxyz0123456789_");
        cleanup_free char *key = mem_text_n(open + 2, n);

        str_add_n(&out, rest, (size_t)(open - rest));
        rest = open + 2;
        if (open[2 + n] != '}') { /* no placeholder */
            str_add(&out, "${");
            continue;
        }
        rest += n + 1;
        if (put_value(&out, key, json_object_get(values, key), e)) {
            err_wrap(e, "query '%s'", name);
            return NULL;
        }
    }
    str_add(&out, rest);
    return str_take(&out);
}

char *athena_query_text_hash(const struct billing *billing, const char *name)
{
    const char *text = json_text(billing->queries, name);
    char hex[65];

    if (!text)
        text = "";
    digest_sha256(text, strlen(text), hex);
    return mem_text(hex);
}
