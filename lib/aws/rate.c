#include "aws/rate.h"

#include <string.h>

#define FIREHOSE "\"Amazon Data Firehose quota\": 5 a second for each control operation, fixed"
#define LOGS "\"CloudWatch Logs quotas\""
#define GATEWAY "\"API Gateway quotas\": 10 a second for all of an account, burst 40"
#define ATHENA "\"Athena service quotas\": calls a second, and burst"
#define OWN "not published: what one daemon may need at most, and AWS has room for"

const struct rate_rule rate_rules[] = {
    {"firehose", NULL, false, 5, 5, FIREHOSE},
    {"logs", "CreateLogGroup DescribeLogGroups DescribeLogStreams FilterLogEvents", false, 5, 5,
     LOGS},
    {"logs", "CreateLogStream", false, 50, 50, LOGS},
    {"apigatewayv2", NULL, true, 10, 40, GATEWAY},
    {"athena", "StartQueryExecution", false, 20, 80, ATHENA},
    {"athena", "GetQueryExecution", false, 100, 200, ATHENA},
    {"athena", "CreateNamedQuery DeleteNamedQuery GetNamedQuery UpdateNamedQuery", false, 5, 20,
     ATHENA},
    {"athena", "ListNamedQueries BatchGetNamedQuery", false, 5, 10, ATHENA},
    {"athena", "BatchGetQueryExecution", false, 20, 40, ATHENA},
    {"iam", NULL, true, 20, 100, OWN},
    {"glue", NULL, true, 25, 100, OWN},
    /* S3: 3,500 writes and 5,500 reads a second and prefix, more than we ever make. */
    {NULL, NULL, true, 0, 0, NULL},
};

enum {
    ONE_REFUSAL_MS = 1000,
    RECOVERS_MS = 10000, /* without a throttle: then it grows by half */
    UNLIMITED = 100,     /* calls a second: where nothing is published, the limit is over */
};
/* Calls a second: after the first throttle, and after however many. */
static const double first_least = 2, least = 0.5;
static const double grows_by = 1.5;

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = words; (at = strstr(at, word)) != NULL; at += n)
        if ((at == words || at[-1] == ' ') && (!at[n] || at[n] == ' '))
            return true;
    return false;
}

const struct rate_rule *rate_rule_find(const char *service, const char *op)
{
    const struct rate_rule *rule = rate_rules;

    while (rule->service &&
           (strcmp(rule->service, service) != 0 || (rule->ops && !has_word(rule->ops, op))))
        rule++;
    return rule;
}

void rate_begin(struct rate *rate, const struct rate_rule *rule, bool published, int64_t now_ms)
{
    *rate = (struct rate){.filled_ms = now_ms};
    if (published) {
        rate->most = rate->per_second = rule->per_second;
        rate->most_burst = rate->burst = rate->tokens = rule->burst;
    }
}

/* AWS has taken all that came for a while: a step back up. */
static void recover(struct rate *rate, int64_t now_ms)
{
    while (rate_is_lowered(rate) && now_ms - rate->changed_ms >= RECOVERS_MS) {
        rate->changed_ms += RECOVERS_MS;
        rate->per_second *= grows_by;
        if (rate->per_second < (rate->most > 0 ? rate->most : UNLIMITED)) {
            rate->burst = rate->per_second < 1 ? 1 : rate->per_second;
        } else {
            rate->per_second = rate->most;
            rate->burst = rate->most_burst;
        }
    }
}

static void fill(struct rate *rate, int64_t now_ms)
{
    int64_t passed_ms = now_ms - rate->filled_ms;

    recover(rate, now_ms);
    if (passed_ms <= 0)
        return;
    rate->filled_ms = now_ms;
    rate->tokens += rate->per_second * (double)passed_ms / 1000;
    if (rate->tokens > rate->burst)
        rate->tokens = rate->burst;
}

int64_t rate_wait_ms(struct rate *rate, int64_t now_ms)
{
    fill(rate, now_ms);
    if (rate->per_second <= 0 || rate->tokens >= 1)
        return 0;
    return (int64_t)((1 - rate->tokens) / rate->per_second * 1000) + 1;
}

void rate_note(struct rate *rate, int64_t now_ms)
{
    int64_t second_ms = now_ms - now_ms % 1000;

    if (second_ms != rate->second_ms) {
        rate->sent_before = second_ms - rate->second_ms == 1000 ? rate->sent : 0;
        rate->sent = 0;
        rate->second_ms = second_ms;
    }
    rate->sent++;
    fill(rate, now_ms);
    if (rate->per_second > 0)
        rate->tokens -= 1;
}

void rate_throttled(struct rate *rate, int64_t now_ms)
{
    double before = rate->sent > rate->sent_before ? rate->sent : rate->sent_before;
    double floor = rate_is_lowered(rate) ? least : first_least;

    fill(rate, now_ms);
    if (rate->tokens > 0)
        rate->tokens = 0;
    if (rate->changed_ms && now_ms - rate->changed_ms < ONE_REFUSAL_MS)
        return;
    rate->changed_ms = now_ms;
    if (rate->per_second > 0 && rate->per_second < before)
        before = rate->per_second;
    rate->per_second = before / 2 < floor ? floor : before / 2;
    rate->burst = rate->per_second < 1 ? 1 : rate->per_second;
}

bool rate_is_lowered(const struct rate *rate)
{
    return rate->per_second > 0 && (rate->most <= 0 || rate->per_second < rate->most);
}
