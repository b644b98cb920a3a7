/* client.c -- owns what calls share, and reads the settings they run with. */
#include "aws/client.h"

#include "aws/call_private.h"
#include "aws/codec/model.h"
#include "aws/codec/model_embed.h"
#include "aws/endpoint.h"
#include "aws/retry.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

#include <string.h>
#include <sys/stat.h>

/* The daemon is alone with its problem at night: more attempts than the SDKs' three. */
enum { ATTEMPTS = 5, MOST_ATTEMPTS = 100, DEADLINE_MS = 60000, DOCUMENT_LIMIT = 64 << 10 };

void aws_client_defaults(struct aws_client_options *options)
{
    options->http = http_defaults;
#ifdef BILLINGD_VERSION
    options->http.user_agent = "billingd/" BILLINGD_VERSION;
#endif
    options->retry = retry_standard;
    options->retry.max_attempts = ATTEMPTS;
    options->deadline_ms = DEADLINE_MS;
    options->chance = random_chance;
}

static int read_retry(struct aws_client *client, struct err *e)
{
    static const char *const modes[] = {"standard", "legacy", "adaptive", NULL};
    int attempts = (int)client->options.retry.max_attempts, mode;

    if (aws_config_number(client->config,
                          (struct aws_config_setting){"AWS_MAX_ATTEMPTS", "max_attempts"},
                          MOST_ATTEMPTS, &attempts, e))
        return -1;
    client->options.retry.max_attempts = (unsigned)attempts;
    if (aws_config_choice(client->config,
                          (struct aws_config_setting){"AWS_RETRY_MODE", "retry_mode"}, modes, &mode,
                          e))
        return -1;
    if (mode > 0)
        log_warning("retry_mode", "{s:s, s:s}", "want", modes[mode], "have", "standard");
    return 0;
}

/* Of the modes' settings only the time to connect differs from what we do anyway; "auto" would ask
 * the instance, and is taken as cross-region. */
static int read_defaults_mode(struct aws_client *client, struct err *e)
{
    static const char *const modes[] = {"standard", "in-region", "cross-region", "mobile", "auto",
                                        "legacy",   NULL};
    static const long connect_ms[] = {3100, 1100, 3100, 30000, 3100, 0};
    int mode;

    if (aws_config_choice(client->config,
                          (struct aws_config_setting){"AWS_DEFAULTS_MODE", "defaults_mode"}, modes,
                          &mode, e))
        return -1;
    if (mode >= 0 && connect_ms[mode])
        client->options.http.connect_timeout_ms = connect_ms[mode];
    return 0;
}

/* "s3 =" with a nested "addressing_style = path" or "virtual", as in other AWS tools. */
static int read_addressing(struct aws_client *client, struct err *e)
{
    const struct aws_config_entry *s3 =
        aws_config_find(client->config, AWS_SECTION_PROFILE, aws_config_profile(), "s3");
    cleanup_free char *style = s3 ? aws_config_nested(s3, "addressing_style") : NULL;
    static const char *const styles[] = {"auto", "path", "virtual", NULL};
    int chosen = style ? aws_config_word(style, styles) : 0;

    client->path_style = chosen == 1;
    client->virtual_host = chosen == 2;
    if (chosen < 0)
        return err_set(e, ERR_INVALID, "%s:%d: addressing_style: must be auto, path or virtual",
                       s3->file, s3->line);
    return 0;
}

/* A wrong endpoint is told at the start, not by the first call that wants it. */
static int check_endpoints(const struct aws_client *client, struct err *e)
{
    for (const struct model_embed_file *file = model_embed_files; file->name; file++) {
        cleanup_free char *id = aws_model_config_id(file), *url = NULL, *origin = NULL;

        if (aws_config_endpoint(client->config, id, &url, &origin, e) ||
            (url && aws_endpoint_check_url(url, origin, e)))
            return -1;
    }
    return 0;
}

/* The TLS library opens it in the middle of the loop, where a pipe would be waited for.  One that
 * is not there may come yet: the calls tell. */
static int read_bundle(struct aws_client *client, struct err *e)
{
    const char *bundle = aws_config_variable("AWS_CA_BUNDLE");
    struct stat info;

    if (!bundle)
        bundle = aws_config_text(client->config, "ca_bundle");
    if (bundle && stat(bundle, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return err_set(e, ERR_INVALID, "CA bundle %s: is neither a file nor a folder", bundle);
    client->ca_bundle = mem_text(bundle);
    if (bundle)
        client->options.http.ca_bundle = client->ca_bundle;
    return 0;
}

static int read_settings(struct aws_client *client, struct err *e)
{
    if (read_bundle(client, e))
        return -1;
    client->region = mem_text(aws_config_region(client->config));
    if (aws_config_flag(client->config,
                        (struct aws_config_setting){"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"},
                        &client->fips, e) ||
        aws_config_flag(
            client->config,
            (struct aws_config_setting){"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"},
            &client->dual_stack, e))
        return -1;
    return read_retry(client, e) || read_defaults_mode(client, e) || read_addressing(client, e) ||
                   check_endpoints(client, e)
               ? -1
               : 0;
}

static void free_settings(struct aws_client *client)
{
    aws_config_free(client->config);
    free(client->region);
    free(client->ca_bundle);
    json_decref(client->bucket_regions);
    free(client);
}

static void send_for_identity(void *client, const struct identity_request *request,
                              aws_done_fn *done, void *arg)
{
    (void)aws_call_start(client, request, done, arg);
}

static void on_plain_reply(void *arg, const struct http_reply *http)
{
    struct identity_http *request = arg;
    const struct identity_http_reply reply = {.answered = http->failure == HTTP_OK,
                                              .connected = http->connected,
                                              .problem = http->problem,
                                              .status = http->raw.status,
                                              .body = http->raw.body,
                                              .length = http->raw.body_length};

    request->done(request, &reply);
}

/* Keys travel in it: by the shortest way, and no further. */
static void http_for_identity(void *arg, struct identity_http *request)
{
    struct aws_client *client = arg;
    const struct http_request http = {.method = request->method,
                                      .url = request->url,
                                      .headers = request->headers,
                                      .header_count = request->header_count,
                                      .direct = true,
                                      .connect_timeout_ms = request->connect_ms,
                                      .total_timeout_ms = request->total_ms,
                                      .body_limit = DOCUMENT_LIMIT};

    (void)http_send(client->http, &http, on_plain_reply, request);
}

struct aws_client *aws_client_new_with(uv_loop_t *loop, const struct aws_client_options *options,
                                       struct err *e)
{
    struct aws_client *client = mem_new(sizeof *client);

    client->loop = loop;
    client->options = *options;
    client->bucket_regions = json_object();
    LIST_INIT(&client->calls);
    TAILQ_INIT(&client->decodes);
    TAILQ_INIT(&client->paced);
    client->identities = (struct identity_set){.loop = loop,
                                               .send = send_for_identity,
                                               .http = http_for_identity,
                                               .sender = client,
                                               .chance = options->chance,
                                               .sso_tokens = json_object()};
    client->config = aws_config_load(e);
    if (!client->config || read_settings(client, e) ||
        (client->http = http_new(loop, &client->options.http, e)) == NULL) {
        identity_free_all(&client->identities);
        free_settings(client);
        return NULL;
    }
    client->bucket.tokens = client->bucket.capacity = client->options.retry.capacity;
    return client;
}

struct aws_client *aws_client_new(uv_loop_t *loop, struct err *e)
{
    struct aws_client_options options;

    aws_client_defaults(&options);
    return aws_client_new_with(loop, &options, e);
}

void aws_client_free(struct aws_client *client)
{
    if (!client)
        return;
    while (!LIST_EMPTY(&client->calls))
        aws_call_cancel(LIST_FIRST(&client->calls));
    call_decode_forget_client(client);
    aws_session_free_all(client);
    identity_free_all(&client->identities);
    http_free(client->http);
    skew_fini(&client->skew);
    pace_fini(&client->pace);
    call_rate_free_all(client);
    free_settings(client);
}

const char *aws_client_region(const struct aws_client *client)
{
    return client->region;
}

struct aws_call *aws_client_send(struct aws_client *client, const struct aws_request *request,
                                 aws_done_fn *done, void *arg)
{
    const struct aws_session *session = request->session;

    return aws_call_start(client,
                          &(struct identity_request){.region = session->region,
                                                     .identity = session->identity,
                                                     .service = request->service,
                                                     .op = request->op,
                                                     .params = request->params},
                          done, arg);
}

struct aws_call *aws_client_send_page(struct aws_client *client, const struct aws_request *request,
                                      aws_done_fn *done, void *arg)
{
    struct aws_call *call = aws_client_send(client, request, done, arg);

    call->pages = true;
    return call;
}

void aws_client_fence(struct aws_call *call, const char *op, const struct aws_fence *fence)
{
    if (fence && (fence->reads || retry_changes(op)))
        aws_call_fence(call, fence);
}

void aws_client_pace(struct aws_client *client, size_t per_minute)
{
    call_pace_set(client, per_minute);
}

void aws_client_pacing(const struct aws_client *client, struct aws_pacing *pacing)
{
    const struct call_rate *rate, *slowest = NULL;

    *pacing = (struct aws_pacing){.per_minute = client->pace.most,
                                  .waiting = client->paced_count,
                                  .rated = client->rated_count};
    SLIST_FOREACH(rate, &client->rates, next)
        if (!TAILQ_EMPTY(&rate->waiting) &&
            (!slowest || rate->rate.per_second < slowest->rate.per_second))
            slowest = rate;
    if (!slowest)
        return;
    pacing->service = TAILQ_FIRST(&slowest->waiting)->operation.model->name;
    pacing->per_second = slowest->rate.per_second;
    pacing->throttled = rate_is_lowered(&slowest->rate);
}

void aws_client_unpaced(struct aws_call *call)
{
    call->unpaced = true;
}

void aws_client_observe(struct aws_client *client, aws_observer_fn *observer, void *arg)
{
    client->observer = observer;
    client->observer_arg = arg;
}

void aws_client_refresh(struct aws_client *client)
{
    identity_refresh_all(&client->identities);
}

void aws_client_keys(const struct aws_client *client, struct identity_state *state)
{
    identity_state_of(&client->identities, state);
}

bool aws_client_knows_region(const struct aws_client *client, const char *bucket)
{
    return json_text(client->bucket_regions, bucket) != NULL;
}
