/* skew.c -- how far the clocks of hosts are from ours. */
#include "aws/skew.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"

#include <jansson.h>
#include <string.h>

enum { WORTH_MS = 4 * 60 * 1000, JUMP_MS = 60 * 1000 };
/* 2020 to 2100: another date is not AWS's, and would move all times that we tell and sign. */
static const double earliest_s = 1577836800, latest_s = 4102444800;

struct skew_host {
    char *name;
    int64_t offset_ms;
    int64_t wall_ms; /* wall clock minus monotonic clock when offset_ms was learnt */
    struct skew_host *next;
};

static int64_t wall_ms(void)
{
    return clock_now_ms() - clock_monotonic_ms();
}

static struct skew_host *find(const struct skew *skew, const char *name)
{
    struct skew_host *host = skew->hosts;

    while (host && strcmp(host->name, name) != 0)
        host = host->next;
    return host;
}

int64_t skew_now_ms(struct skew *skew, const char *host_name)
{
    struct skew_host *host = find(skew, host_name);
    int64_t jump = host ? wall_ms() - host->wall_ms : 0;

    if (jump > JUMP_MS || jump < -JUMP_MS)
        host->offset_ms = 0;
    return clock_now_ms() + (host ? host->offset_ms : 0);
}

bool skew_learn(struct skew *skew, const char *host_name, const char *date, int64_t signed_ms)
{
    struct skew_host *host;
    double server_s;
    int64_t apart;

    if (!date || !timestamp_parse_http(date, &server_s) || server_s < earliest_s ||
        server_s > latest_s)
        return false;
    apart = (int64_t)server_s * 1000 - signed_ms;
    if (apart < WORTH_MS && apart > -WORTH_MS)
        return false;
    host = find(skew, host_name);
    if (!host) {
        host = mem_new(sizeof *host);
        host->name = mem_text(host_name);
        host->next = skew->hosts;
        skew->hosts = host;
        log_warning("clock_skew", "{s:s, s:I}", "host", host_name, "ms", (json_int_t)apart);
    }
    host->offset_ms = (int64_t)server_s * 1000 - clock_now_ms();
    host->wall_ms = wall_ms();
    clock_disagree(host->offset_ms);
    return true;
}

void skew_fini(struct skew *skew)
{
    while (skew->hosts) {
        struct skew_host *host = skew->hosts;

        skew->hosts = host->next;
        free(host->name);
        free(host);
    }
}
