#include "billing/store/billing.h"

#include "billing/prices/price_book.h"
#include "billing/prices/settings.h"

#include <stdlib.h>

#include <string.h>

static void names_fini(struct billing_names *names)
{
    char *const all[] = {
        names->bucket,     names->data_prefix, names->error_prefix, names->stream,
        names->log_group,  names->filter,      names->api_name,     names->api_id,
        names->stage,      names->workgroup,   names->results,      names->database,
        names->raw_table,  names->view,        names->rollup_table, names->rollup_prefix,
        names->runs_table,
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    for (char **prefix = names->side_prefixes; prefix && *prefix; prefix++)
        free(*prefix);
    free(names->side_prefixes);
}

/* Named once, however often the list does. */
static bool is_former(const struct billing *billing, size_t place)
{
    const struct billing_log_group *groups = billing->settings.log_groups, *group = &groups[place];

    if ((group->account && strcmp(group->account, billing->account) != 0) || !*group->name ||
        !strcmp(group->name, billing->names.log_group))
        return false;
    for (size_t i = 0; i < place; i++)
        if (!strcmp(groups[i].name, group->name) && is_former(billing, i))
            return false;
    return true;
}

const char *billing_log_group(const struct billing *billing, size_t index)
{
    const struct billing_settings *settings = &billing->settings;

    if (!index)
        return billing->names.log_group;
    for (size_t i = 0; i < settings->log_group_count; i++)
        if (is_former(billing, i) && !--index)
            return settings->log_groups[i].name;
    return NULL;
}

bool billing_owns(const struct billing *billing, const char *owner, const char *log_group)
{
    const struct billing_settings *settings = &billing->settings;

    owner = *owner ? owner : billing->account;
    if (!strcmp(owner, billing->account) && !strcmp(log_group, billing->names.log_group))
        return true;
    for (size_t i = 0; i < settings->log_group_count; i++) {
        const struct billing_log_group *group = &settings->log_groups[i];

        if (!strcmp(owner, group->account ? group->account : billing->account) &&
            !strcmp(log_group, group->name))
            return true;
    }
    return false;
}

void billing_free(struct billing *billing)
{
    if (!billing)
        return;
    names_fini(&billing->names);
    settings_free(&billing->settings);
    price_book_free(billing->book);
    json_decref(billing->queries);
    json_decref(billing->damaged);
    free(billing->pipeline);
    free(billing->account);
    free(billing->region);
    free(billing->partition);
    free(billing);
}
