#include "daemon/web/web_shared.h"

#include "base/mem.h"

struct web_shared *web_shared_new(struct str *text)
{
    struct web_shared *shared = mem_new(sizeof *shared);

    *shared = (struct web_shared){.text = *text, .holders = 1};
    *text = (struct str){0};
    return shared;
}

struct web_shared *web_shared_hold(struct web_shared *shared)
{
    if (shared)
        shared->holders++;
    return shared;
}

void web_shared_drop(struct web_shared *shared)
{
    if (!shared || --shared->holders)
        return;
    str_fini(&shared->text);
    free(shared);
}

void web_shared_send(struct web_shared *shared, size_t *queued)
{
    if (!shared->readers++)
        *queued += shared->text.len;
}

void web_shared_sent(struct web_shared *shared, size_t *queued)
{
    if (!--shared->readers)
        *queued -= shared->text.len;
}
