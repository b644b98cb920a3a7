#include "resources/kms_key.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

char *kms_key_part(const char *key, enum kms_key_part part)
{
    if (strncmp(key, "arn:", 4) != 0)
        return NULL;
    for (int colons = 0; colons < (int)part; colons++) {
        key = strchr(key, ':');
        if (!key)
            return NULL;
        key++;
    }
    return *key && *key != ':' ? mem_text_n(key, strcspn(key, ":")) : NULL;
}

const char *kms_key_alias(const char *key)
{
    const char *last = strrchr(key, ':');
    const char *name = last ? last + 1 : key;

    return strncmp(name, "alias/", 6) ? NULL : name;
}

bool kms_key_is_alias(const char *key)
{
    return kms_key_alias(key) != NULL;
}

bool kms_key_is_aws(const char *key)
{
    const char *alias = kms_key_alias(key);

    return alias && strncmp(alias, "alias/aws/", 10) == 0;
}

static const char *fact(const json_t *facts, const char *name)
{
    const char *text = json_text(facts, name);

    return text ? text : "*";
}

char *kms_key_resource(const char *key, const json_t *facts)
{
    const char *alias = kms_key_alias(key), *slash = strrchr(key, '/');

    if (alias && alias != key)
        return mem_printf("%.*skey/*", (int)(alias - key), key);
    if (!alias && strncmp(key, "arn:", 4) == 0)
        return mem_text(key);
    return mem_printf("arn:%s:kms:%s:%s:key/%s", fact(facts, "partition"), fact(facts, "region"),
                      fact(facts, "account"),
                      alias   ? "*"
                      : slash ? slash + 1
                              : key);
}

void kms_key_note(const struct scope *scope, const char *field, const char *whom, json_t *notes)
{
    const char *key = json_text(scope->observed ? scope->observed : scope->desired, field);

    if (key && !kms_key_is_aws(key))
        json_array_append_new(
            notes, json_sprintf("KMS key %s: neither its policy nor its state is read; it must let "
                                "in %s, and stay enabled",
                                key, whom));
}
