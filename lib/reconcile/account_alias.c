#include "reconcile/account_alias.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

struct asked {
    struct account_alias *aliases;
    struct asked *next;
    char *account, *alias;
    struct aws_call *call;
};

struct account_alias {
    struct aws_client *client;
    void (*moved)(void *arg);
    void *arg;
    struct asked *first;
};

struct account_alias *account_alias_new(struct aws_client *client, void (*moved)(void *arg),
                                        void *arg)
{
    struct account_alias *aliases = mem_new(sizeof *aliases);

    *aliases = (struct account_alias){.client = client, .moved = moved, .arg = arg};
    return aliases;
}

void account_alias_free(struct account_alias *aliases)
{
    struct asked *asked = aliases ? aliases->first : NULL, *next;

    for (; asked; asked = next) {
        next = asked->next;
        aws_call_cancel(asked->call);
        free(asked->account);
        free(asked->alias);
        free(asked);
    }
    free(aliases);
}

static struct asked *find(const struct account_alias *aliases, const char *account)
{
    struct asked *asked = aliases ? aliases->first : NULL;

    while (asked && account && strcmp(asked->account, account) != 0)
        asked = asked->next;
    return account ? asked : NULL;
}

static void on_told(void *arg, const struct aws_reply *reply)
{
    struct asked *asked = arg;
    const char *alias = json_string_value(json_at(reply->result, "AccountAliases[]"));

    asked->call = NULL;
    if (alias && *alias)
        asked->alias = mem_text(alias);
    asked->aliases->moved(asked->aliases->arg);
}

void account_alias_ask(struct account_alias *aliases, struct aws_session *session,
                       const char *account)
{
    json_auto_t *none = json_object();
    struct asked *asked;

    if (!aliases || find(aliases, account))
        return;
    asked = mem_new(sizeof *asked);
    *asked =
        (struct asked){.aliases = aliases, .next = aliases->first, .account = mem_text(account)};
    aliases->first = asked;
    asked->call = aws_client_send(aliases->client,
                                  &(struct aws_request){session, "iam", "ListAccountAliases", none},
                                  on_told, asked);
}

bool account_alias_is_done(const struct account_alias *aliases)
{
    for (const struct asked *asked = aliases ? aliases->first : NULL; asked; asked = asked->next)
        if (asked->call)
            return false;
    return true;
}

const char *account_alias_of(const struct account_alias *aliases, const char *account)
{
    const struct asked *asked = find(aliases, account);

    return asked ? asked->alias : NULL;
}
