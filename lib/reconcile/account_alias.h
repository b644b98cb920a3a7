/* account_alias.h -- the names that accounts have for people, where IAM tells them.
 *
 * Asked once per account.  A name is a courtesy: whatever keeps IAM from telling it (no permission,
 * no reply), it is only left out.  Source: ListAccountAliases, IAM API reference: at most one. */
#ifndef RECONCILE_ACCOUNT_ALIAS_H
#define RECONCILE_ACCOUNT_ALIAS_H

#include "aws/client.h"

struct account_alias;

/* moved is called from the loop whenever an answer has come.  client is borrowed. */
struct account_alias *account_alias_new(struct aws_client *client, void (*moved)(void *arg),
                                        void *arg);
/* Cancels what is under way; NULL is harmless. */
void account_alias_free(struct account_alias *aliases);
/* Asks for the alias of a session's account (12 digits), unless that was asked already. */
void account_alias_ask(struct account_alias *aliases, struct aws_session *session,
                       const char *account);
/* Whether all answers have come; true for NULL. */
bool account_alias_is_done(const struct account_alias *aliases);
/* Borrowed; NULL: it has none, or nobody told. aliases and account may be NULL. */
const char *account_alias_of(const struct account_alias *aliases, const char *account);

#endif
