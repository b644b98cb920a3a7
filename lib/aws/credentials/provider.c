/* provider.c -- the order of the providers, and what is said when none has keys. */
#include "aws/credentials/provider.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

struct place {
    const char *name;
    aws_provider_fn *fn;
};

static const struct place environment = {"environment", aws_provider_environment};
static const struct place web_identity = {"web identity", aws_provider_web_identity};
static const struct place profile = {"profile", aws_provider_profile};
static const struct place container = {"container", aws_provider_container};
static const struct place metadata = {"instance metadata", aws_provider_metadata};

static void forget_all_but_story(struct aws_chain *chain)
{
    json_t *passed_over = json_share(chain->passed_over);

    aws_chain_fini(chain);
    chain->passed_over = passed_over;
}

static void pass_over(struct aws_chain *chain, const char *name)
{
    if (!chain->passed_over)
        chain->passed_over = json_array();
    (void)json_array_append_new(
        chain->passed_over,
        json_pack("{s:s, s:s}", "source", name, "why", chain->why ? chain->why : "has none"));
    forget_all_but_story(chain);
}

int aws_provider_nothing(const json_t *passed_over, const char *last, struct err *e)
{
    cleanup_str struct str text = {0};
    const json_t *item;
    size_t i;

    json_array_foreach(passed_over, i, item)
        str_addf(&text, "%s%s: %s", i ? "; " : "", json_text(item, "source"),
                 json_text(item, "why"));
    if (last)
        str_addf(&text, "%s%s", text.len ? "; " : "", last);
    return err_set(e, ERR_DENIED, "no AWS credentials: %s", str_text(&text));
}

int aws_provider_resolve(const struct aws_config *config, struct aws_chain *chain, struct err *e)
{
    bool chosen = aws_config_variable("AWS_PROFILE") != NULL;
    const struct place *const places[] = {&environment, chosen ? &profile : &web_identity,
                                          chosen ? &web_identity : &profile, &container, &metadata};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int found = places[i]->fn(config, chain, e);

        if (found > 0)
            return 0;
        if (found < 0) {
            forget_all_but_story(chain);
            chain->source = mem_text(places[i]->name);
            return -1;
        }
        pass_over(chain, places[i]->name);
    }
    return aws_provider_nothing(chain->passed_over, NULL, e);
}
