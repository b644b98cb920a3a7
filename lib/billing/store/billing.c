#include "billing/store/billing.h"

#include "billing/prices/price_book.h"
#include "billing/prices/settings.h"

#include <stdlib.h>

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
