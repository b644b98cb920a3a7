/* audit_foreign.c -- log events of other log groups below our prefix: whose, how many, and whether
 * they may be our own under a former name.  They are billed to nobody and pay for no loss. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit_private.h"

#include <stdlib.h>
#include <string.h>

static void add(json_t *group, const char *key, int64_t count)
{
    json_object_set_new(group, key, json_integer(json_whole(group, key) + (json_int_t)count));
}

/* "123456789012:/name" apart; made when it is new. */
static json_t *group_of(json_t *groups, const char *log_group, int64_t hour_s)
{
    json_t *group = json_object_get(groups, log_group);
    const char *colon = strchr(log_group, ':');
    cleanup_free char *account = mem_text_n(log_group, colon ? (size_t)(colon - log_group) : 0);

    if (group)
        return group;
    group = json_pack("{s:s, s:s, s:i, s:i, s:I, s:I}", "log_group", colon ? colon + 1 : log_group,
                      "account", account, "events", 0, "requests", 0, "from", (json_int_t)hour_s,
                      "to", (json_int_t)(hour_s + AUDIT_HOUR_S));
    json_object_set_new(groups, log_group, group);
    return group;
}

void audit_foreign_take(struct audit *audit, const struct audit_foreign *foreign)
{
    struct audit_hour *hour = audit_ladder_hour(audit, foreign->hour_s);
    size_t index = hour ? (size_t)(hour - audit->hours) : audit->count;
    json_t *group;

    if (!hour || index < audit->first || index >= audit->last || !foreign->events)
        return;
    if (!audit->foreign)
        audit->foreign = json_object();
    hour->foreign += foreign->events;
    group = group_of(audit->foreign, foreign->log_group, hour->hour_s);
    add(group, "events", foreign->events);
    add(group, "requests", foreign->requests);
    if (hour->hour_s < json_whole(group, "from"))
        json_object_set_new(group, "from", json_integer((json_int_t)hour->hour_s));
    if (hour->hour_s + AUDIT_HOUR_S > json_whole(group, "to"))
        json_object_set_new(group, "to", json_integer((json_int_t)hour->hour_s + AUDIT_HOUR_S));
}

static int by_requests(const void *left, const void *right)
{
    const json_t *a = *(json_t *const *)left, *b = *(json_t *const *)right;
    json_int_t x = json_whole(a, "requests"), y = json_whole(b, "requests");

    if (x != y)
        return x < y ? 1 : -1;
    x = json_whole(a, "events");
    y = json_whole(b, "events");
    if (x != y)
        return x < y ? 1 : -1;
    return strcmp(json_text(a, "log_group"), json_text(b, "log_group"));
}

static json_t *in_order(const json_t *groups)
{
    cleanup_free json_t **order = mem_new((json_object_size(groups) + 1) * sizeof(json_t *));
    json_t *list = json_array(), *group;
    const char *key;
    size_t n = 0;

    json_object_foreach((json_t *)groups, key, group)
        order[n++] = group;
    qsort(order, n, sizeof *order, by_requests);
    for (size_t i = 0; i < n; i++)
        json_array_append(list, order[i]);
    return list;
}

json_t *audit_foreign_document(const struct audit *audit)
{
    json_t *document, *group;
    const char *key;

    if (audit->unread || !audit->tells_foreign)
        return json_null();
    document = json_pack("{s:i, s:i, s:o}", "events", 0, "requests", 0, "groups",
                         in_order(audit->foreign));
    json_object_foreach(audit->foreign, key, group) {
        add(document, "events", json_whole(group, "events"));
        add(document, "requests", json_whole(group, "requests"));
    }
    return document;
}

char *audit_foreign_hint(const struct audit *audit, int64_t from_s, int64_t to_s)
{
    json_auto_t *groups = in_order(audit->foreign);
    size_t i;
    json_t *group;

    json_array_foreach(groups, i, group) {
        if (!json_whole(group, "requests") || json_whole(group, "from") >= to_s ||
            json_whole(group, "to") <= from_s)
            continue;
        return mem_printf("%" JSON_INTEGER_FORMAT
                          " events of the log group %s (account %s) arrived "
                          "meanwhile that would be requests; they are billed only when "
                          "billing.log_groups names it, as it should if that is a former name of "
                          "%s",
                          json_whole(group, "requests"),
                          *json_text(group, "log_group") ? json_text(group, "log_group") : "-",
                          json_text(group, "account"), audit->billing->names.log_group);
    }
    return NULL;
}
