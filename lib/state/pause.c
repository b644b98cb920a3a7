#include "state/pause.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/timestamp.h"

#include <string.h>

/* Seconds that can be a moment's, and be told: up to the end of the year 9999. */
static bool is_moment(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) < 253402300800;
}

static bool is_pause(const json_t *pause)
{
    return json_text(pause, "address") && json_text(pause, "reason") && json_text(pause, "by") &&
           is_moment(json_object_get(pause, "since")) && is_moment(json_object_get(pause, "until"));
}

json_t *pause_list(const json_t *document, struct err *e)
{
    const char *version = json_text(document, "format_version");
    const json_t *pauses = json_object_get(document, "pauses"), *pause;
    size_t i;

    if (!document)
        return json_array();
    if (!version || strncmp(version, "1.", 2) != 0 || !json_is_array(pauses)) {
        (void)err_set(e, ERR_INVALID,
                      "the list of pauses is of a format this billingd does not "
                      "know: use the one that wrote it, or remove it by hand");
        return NULL;
    }
    json_array_foreach((json_t *)pauses, i, pause)
        if (!is_pause(pause)) {
            (void)err_set(e, ERR_INVALID,
                          "the list of pauses is damaged: bring it back from a version or copy of "
                          "the bucket, or remove it by hand");
            return NULL;
        }
    return json_copy((json_t *)pauses);
}

static int64_t until_of(const json_t *pause)
{
    return json_integer_value(json_object_get(pause, "until"));
}

bool pause_is_in_force(const json_t *pause, int64_t now_s)
{
    return now_s < until_of(pause);
}

/* Whether a pause of an address ("shop") is one of what ("shop/bucket"). */
static bool holds_for(const char *paused, const char *address)
{
    size_t n = strlen(paused);

    return !strncmp(paused, address, n) && (!address[n] || address[n] == '/');
}

const json_t *pause_find(const json_t *pauses, const char *address, int64_t now_s)
{
    const json_t *found = NULL, *pause;
    size_t i;

    json_array_foreach((json_t *)pauses, i, pause)
        if (pause_is_in_force(pause, now_s) && holds_for(json_text(pause, "address"), address) &&
            (!found || until_of(pause) > until_of(found)))
            found = pause;
    return found;
}

char *pause_text(const json_t *pause)
{
    char until[TIMESTAMP_ROOM];

    timestamp_text(until_of(pause), until);
    return printable_line(mem_printf("paused until %s by %s: %s", until, json_text(pause, "by"),
                                     json_text(pause, "reason")));
}

bool pause_binds(const json_t *pause, const struct manifest_pipeline *pipeline)
{
    const char *address = json_text(pause, "address");

    if (!strcmp(address, pipeline->name))
        return true;
    for (size_t i = 0; i < pipeline->resource_count; i++)
        if (!strcmp(address, pipeline->resources[i].address))
            return true;
    return false;
}

char *pause_told(const json_t *pause, const struct manifest_pipeline *pipeline)
{
    cleanup_free char *text = pause_text(pause);
    const char *address = json_text(pause, "address");

    if (pause_binds(pause, pipeline))
        return mem_text(text);
    return mem_printf("%s; but the spec has no %s, so it leaves nothing alone: `billingd resume "
                      "%s` takes it off the list",
                      text, address, address);
}

json_t *pause_document(const json_t *pauses, const char *address, const json_t *pause,
                       int64_t now_s)
{
    json_t *list = json_array(), *each;
    size_t i;

    json_array_foreach((json_t *)pauses, i, each)
        if (strcmp(json_text(each, "address"), address) != 0 &&
            until_of(each) + PAUSE_KEPT_S > now_s)
            (void)json_array_append(list, each);
    if (pause)
        (void)json_array_append(list, (json_t *)pause);
    return json_pack("{s:s, s:o}", "format_version", "1.0", "pauses", list);
}
