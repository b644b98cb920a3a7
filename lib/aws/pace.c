#include "aws/pace.h"

#include "base/mem.h"

#include <stdlib.h>

static int64_t oldest_ms(const struct pace *pace)
{
    return pace->sent_ms[pace->used < pace->most ? 0 : pace->next];
}

void pace_note(struct pace *pace, int64_t now_ms)
{
    if (!pace->most)
        return;
    pace->sent_ms[pace->next] = now_ms;
    pace->next = (pace->next + 1) % pace->most;
    pace->used += pace->used < pace->most;
}

void pace_set(struct pace *pace, size_t most)
{
    struct pace old = *pace;

    if (most == old.most)
        return;
    *pace = (struct pace){.most = most, .window_ms = old.window_ms};
    pace->sent_ms = mem_new((most + 1) * sizeof *pace->sent_ms);
    for (size_t i = 0; i < old.used; i++)
        pace_note(pace, old.sent_ms[(old.next + old.most - old.used + i) % old.most]);
    free(old.sent_ms);
}

void pace_fini(struct pace *pace)
{
    free(pace->sent_ms);
    *pace = (struct pace){0};
}

int64_t pace_wait_ms(const struct pace *pace, int64_t now_ms)
{
    int64_t window_ms = pace->window_ms ? pace->window_ms : PACE_WINDOW_MS, wait_ms;

    if (!pace->most || pace->used < pace->most)
        return 0;
    wait_ms = oldest_ms(pace) + window_ms - now_ms;
    return wait_ms > 0 ? wait_ms : 0;
}
