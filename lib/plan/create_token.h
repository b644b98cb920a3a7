/* create_token.h -- the token of a create that AWS would carry out twice: whoever asks the same
 * gives the same one, so that a lost reply, a takeover and two writers at once make one thing.
 *
 * AWS answers a token it knows with what it made then, also where somebody has deleted that since:
 * so the token is another one once what was made is known to be gone. */
#ifndef PLAN_CREATE_TOKEN_H
#define PLAN_CREATE_TOKEN_H

#include "resources/kind.h"

struct create_token;

struct create_token *create_token_new(void);
void create_token_free(struct create_token *tokens);
/* What a resource (its address) was when it was last seen or made; NULL: nothing. */
void create_token_saw(struct create_token *tokens, const char *address, const char *id);
/* The parameters of a write with its token, if its call has one; new reference. */
json_t *create_token_add(const struct create_token *tokens, const char *address,
                         const struct call *call, const json_t *params);
/* In a reply, or a resource's document: what the create of this call made; borrowed, NULL: it does
 * not say, or the call has no token. */
const char *create_token_made(const struct call *call, const json_t *document);

#endif
