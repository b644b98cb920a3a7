#include "plan/create_token.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

struct create_token {
    json_t *seen; /* address -> id */
};

struct create_token *create_token_new(void)
{
    struct create_token *tokens = mem_new(sizeof *tokens);

    tokens->seen = json_object();
    return tokens;
}

void create_token_free(struct create_token *tokens)
{
    if (!tokens)
        return;
    json_decref(tokens->seen);
    free(tokens);
}

void create_token_saw(struct create_token *tokens, const char *address, const char *id)
{
    if (id)
        json_object_set_new(tokens->seen, address, json_string(id));
}

json_t *create_token_add(const struct create_token *tokens, const char *address,
                         const struct call *call, const json_t *params)
{
    const char *gone = json_text(tokens->seen, address);
    cleanup_free char *text = NULL, *whole = NULL, *member = NULL;
    char token[65];
    json_t *made = json_copy((json_t *)params);

    if (!call->token)
        return made;
    text = json_canonical(params);
    whole = mem_printf("%s\n%s\n%s", call->op, text, gone ? gone : "");
    digest_sha256(whole, strlen(whole), token);
    member = mem_text(call->token);
    member[strcspn(member, "=")] = '\0';
    json_object_set_new(made, member, json_string(token));
    return made;
}

const char *create_token_made(const struct call *call, const json_t *document)
{
    return call && call->token ? json_text(document, strchr(call->token, '=') + 1) : NULL;
}
