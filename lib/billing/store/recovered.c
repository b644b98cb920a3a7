#include "billing/store/recovered.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/store/object_list.h"

#include <string.h>

const char *recovered_prefix(const struct billing *billing)
{
    return billing->names.side_prefixes ? billing->names.side_prefixes[0] : NULL;
}

void recovered_text_id(const char *text, size_t length, char id[static RECOVERED_ID])
{
    char hex[65];

    digest_sha256(text, length, hex);
    memcpy(id, hex, RECOVERED_ID - 1);
    id[RECOVERED_ID - 1] = '\0';
}

void recovered_object_id(const json_t *object, char id[static RECOVERED_ID])
{
    const char *etag = json_text(object, "etag");
    cleanup_free char *text = mem_printf("%s\n%s", json_text(object, "key"), etag ? etag : "");

    recovered_text_id(text, strlen(text), id);
}

char *recovered_key(const struct billing *billing, int64_t hour_s, const char *kind,
                    const char *source, const char *content)
{
    cleanup_free char *folder = object_list_hour_prefix(recovered_prefix(billing), hour_s);

    return mem_printf("%s%s-%s-%s.json.gz", folder, kind, source, content);
}

json_t *recovered_sources(const json_t *objects)
{
    json_t *sources = json_object(), *object;
    size_t i;

    json_array_foreach(objects, i, object) {
        const char *key = json_text(object, "key"), *name = key ? strrchr(key, '/') : NULL;
        const char *dash = name ? strchr(name, '-') : NULL;

        if (dash && strlen(dash + 1) >= RECOVERED_ID - 1)
            json_object_setn_new_nocheck(sources, dash + 1, RECOVERED_ID - 1, json_true());
    }
    return sources;
}
