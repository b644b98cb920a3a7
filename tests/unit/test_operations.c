/* What billing's rooms declare that they call: operations of the models, with grants and tokens. */
#include "aws/codec/model.h"
#include "aws/reply/reply_page.h"
#include "base/mem.h"
#include "billing/audit/audit_operations.h"
#include "billing/cost/cost_operations.h"
#include "billing/events/events_operations.h"
#include "billing/rollup/rollup_operations.h"
#include "billing/store/store_operations.h"
#include "check.h"

#include <stdlib.h>

/* "s3:GetObject athena:GetQueryResults": a service and an action each, one blank between. */
static bool are_actions(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    for (;;) {
        size_t service = strspn(text, letters), action;

        if (!service || text[service] != ':')
            return false;
        action = strspn(text + service + 1, letters);
        text += service + 1 + action;
        if (!action || (*text && *text != ' '))
            return false;
        if (!*text)
            return true;
        text++;
    }
}

static bool grants_are_good(const struct operation *operation)
{
    bool ended = false;

    for (size_t i = 0; i < OPERATION_GRANTS; i++) {
        ended = ended || operation->grants[i].on == OPERATION_NOWHERE;
        if (ended ? operation->grants[i].actions != NULL
                  : !are_actions(operation->grants[i].actions))
            return false;
    }
    return operation->grants[0].on != OPERATION_NOWHERE;
}

/* Both tokens or none; what a list names is in the shapes. */
static bool list_is_good(const struct operation *operation, const struct aws_operation *modelled)
{
    const struct reply_page_rule *rule = reply_page_find(operation->service, operation->name);
    cleanup_free char *pages = mem_printf("%s=%s", operation->token, operation->next_token);

    if (!operation->token)
        return !operation->next_token && !operation->items && !rule;
    if (!rule || strncmp(rule->pages, pages, strcspn(rule->pages, "?")) != 0)
        return false;
    return operation->next_token && aws_model_input(modelled, operation->token) &&
           aws_model_output(modelled, operation->next_token) &&
           (!operation->items || aws_model_output(modelled, operation->items));
}

static void check_table(const struct operation *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct operation *operation = &table[i];
        const struct aws_model *model = operation->service ? aws_model(operation->service) : NULL;
        struct aws_operation modelled;
        bool known = model && aws_model_operation(model, operation->name, &modelled);

        check_report(known, __FILE__, __LINE__, operation->name ? operation->name : "(none)");
        if (!known)
            continue;
        check_report(list_is_good(operation, &modelled), __FILE__, __LINE__, operation->name);
        check_report(grants_are_good(operation), __FILE__, __LINE__, operation->name);
        check_report(operation->verbs && operation->verbs <= 31, __FILE__, __LINE__,
                     operation->name);
    }
}

int main(void)
{
    check_table(store_operations, STORE_OPERATIONS);
    check_table(rollup_operations, ROLLUP_OPERATIONS);
    check_table(audit_operations, AUDIT_OPERATIONS);
    check_table(events_operations, EVENTS_OPERATIONS);
    check_table(cost_operations, COST_OPERATIONS);
    for (int place = OPERATION_NOWHERE + 1; place < OPERATION_PLACES; place++)
        CHECK(operation_targets[place].arns && *operation_targets[place].arns);
    CHECK(are_actions("s3:GetObject athena:GetQueryResults"));
    CHECK(!are_actions("s3:GetObject  s3:PutObject") && !are_actions("s3:") && !are_actions(""));
    aws_model_unload();
    return check_done();
}
