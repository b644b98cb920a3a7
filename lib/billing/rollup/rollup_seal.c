/* rollup_seal.c -- the seal over what a build says: a partition that was pointed elsewhere or
 * edited makes queries answer something else without a word. */
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/rollup/rollup_private.h"

#include <string.h>

static json_t *place_text(const json_t *storage)
{
    const char *location = json_text(storage, "Location");
    size_t length = location ? strlen(location) : 0;

    while (length && location[length - 1] == '/')
        length--;
    return json_stringn(location ? location : "", length);
}

void rollup_seal(struct day day, const json_t *build, const json_t *storage, char hex[static 65])
{
    json_auto_t *sealed = json_copy((json_t *)build);
    cleanup_free char *text = NULL;
    char date[16];

    calendar_day_text(day, date);
    json_object_del(sealed, "seal");
    json_object_del(sealed, "wrong");
    json_object_set_new(sealed, "day", json_string(date));
    json_object_set_new(sealed, "location", place_text(storage));
    json_object_set(sealed, "format", json_object_get(storage, "InputFormat"));
    json_object_set(sealed, "serde", json_at(storage, "SerdeInfo.SerializationLibrary"));
    text = json_canonical(sealed);
    digest_sha256(text, strlen(text), hex);
}
