#include "lease/lease_document.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"

#include <string.h>

json_t *lease_document(const json_t *holder, const struct lease *lease, bool given_up)
{
    json_t *document = json_pack(
        "{s:s, s:O?, s:I, s:I, s:I}", "format_version", "1.0", "holder",
        given_up ? NULL : (json_t *)holder, "period_ms", (json_int_t)lease->period_ms, "sequence",
        (json_int_t)lease->sequence, "renewed", (json_int_t)(clock_agreed_ms() / 1000));

    if (given_up)
        json_object_set(document, "last", (json_t *)holder);
    return document;
}

const char *lease_document_spec(const json_t *document)
{
    const json_t *holder = json_object_get(document, "holder");

    return json_text(json_is_object(holder) ? holder : json_object_get(document, "last"), "spec");
}

static bool is_lease(const json_t *value)
{
    const json_t *holder = json_object_get(value, "holder");
    const char *version = json_text(value, "format_version"), *id = json_text(holder, "id");
    const char *spec = lease_document_spec(value);

    return version && !strncmp(version, "1.", 2) &&
           json_integer_value(json_object_get(value, "period_ms")) > 0 &&
           json_is_integer(json_object_get(value, "sequence")) &&
           (json_is_null(holder) || (id && *id && strlen(id) < LEASE_ID)) &&
           (!spec || !spec[strspn(spec, "0123456789abcdef")]);
}

int lease_document_read(const struct state_object *object, struct lease_seen *seen, struct err *e)
{
    const json_t *value = object->value;

    *seen = (struct lease_seen){.has_bucket = !object->no_bucket, .etag = object->etag};
    if (!value)
        return 0;
    if (!is_lease(value) || strlen(object->etag) >= LEASE_ETAG)
        return err_set(e, ERR_INVALID,
                       "what says who leads is damaged, or of a format this billingd does not "
                       "know: bring it back from a version or copy of the bucket, or remove it by "
                       "hand");
    seen->holder = json_text(json_object_get(value, "holder"), "id");
    seen->sequence = json_integer_value(json_object_get(value, "sequence"));
    seen->period_ms = json_integer_value(json_object_get(value, "period_ms"));
    return 0;
}

char *lease_document_who(const json_t *document)
{
    const json_t *holder = json_object_get(document, "holder");
    const char *host = json_text(holder, "host");

    if (!json_is_object(holder))
        return NULL;
    return printable_line(
        mem_printf("%s (process %lld)", host ? host : "an unknown host",
                   (long long)json_integer_value(json_object_get(holder, "pid"))));
}
