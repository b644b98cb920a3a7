#include "daemon/web/web_later.h"

#include "base/mem.h"

struct web_later *web_later_new(void)
{
    return mem_new(sizeof(struct web_later));
}

void web_later_answer(struct web_later *later, int status, struct web_exchange *exchange)
{
    if (later->answered)
        later->answered(later->arg, status, exchange);
    str_fini(&exchange->body);
    str_fini(&exchange->fields);
    free(later);
}
