/* load_settings.c -- account, region, reconcile, listen and web: all of billing.yaml but
 * pipelines. */
#include "aws/partition.h"
#include "base/mem.h"
#include "guard/call_need.h"
#include "spec/load_private.h"

#include <ctype.h>
#include <string.h>

enum { MOST_SOCKET_PATH = 107 }; /* sun_path, and its end */

static const char *const top_keys[] = {"account", "boundary", "region",    "reconcile",
                                       "listen",  "mode",     "web",       "template",
                                       "billing", "cost",     "pipelines", NULL};
static const char *const web_keys[] = {"hosts", "socket_mode", "token_file", "actions", NULL};
static const char *const reconcile_keys[] = {
    "interval",    "jitter",           "settle_timeout", "breaker", "breaker_window",
    "max_changes", "calls_per_minute", "wide_reads",     "lease",   NULL};

/* aa-bbbb-1 and its longer forms (us-gov-west-1, eusc-de-east-1); new regions need no new billingd.
 */
static bool is_region(const char *text)
{
    size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz-");
    size_t digits = strspn(text + letters, "0123456789");
    size_t first = strcspn(text, "-");

    return first >= 2 && first <= 4 && letters >= 6 && letters > first + 1 &&
           text[letters - 1] == '-' && !strstr(text, "--") && digits >= 1 && digits <= 2 &&
           !text[letters + digits];
}

/* There may be newer regions than this billingd, so it is no error. */
static void warn_region(struct load *load, const struct yaml_node *node, const char *path,
                        const char *region)
{
    const char *nearest = aws_partition_nearest(region);

    if (!aws_partition_knows(region))
        problems_add(load->problems, PROBLEM_WARNING,
                     (struct yaml_place){node->file, node->line, node->column}, path,
                     "%s is no region that this billingd knows%s%s%s If it is a new one, nothing "
                     "is wrong; if it is none, no name of a host in it is ever found",
                     region, nearest ? "; did you mean " : "", nearest ? nearest : "",
                     nearest ? "?" : ".");
}

char *load_settings_region(struct load *load, const struct yaml_node *node, const char *path)
{
    char *text = load_text_setting(load, node, path);
    const char *nearest;

    if (!text)
        return NULL;
    if (is_region(text)) {
        warn_region(load, node, path, text);
        return text;
    }
    nearest = aws_partition_nearest(text);
    load_error(load, node, path, "%s is not a region; %s%s%s", text,
               nearest ? "did you mean " : "one looks like ", nearest ? nearest : "ap-northeast-2",
               nearest ? "?" : "");
    free(text);
    return NULL;
}

void load_settings_mode(struct load *load, const struct yaml_node *parent, const char *path,
                        struct manifest_mode *mode)
{
    const struct yaml_node *node = yaml_find(parent, "mode");
    cleanup_free char *below = mem_printf("%s%smode", path, *path ? "." : "");
    cleanup_free char *text = load_text_setting(load, node, below);

    if (!text)
        return;
    mode->observe = !strcmp(text, "observe");
    mode->place = (struct yaml_place){node->file, node->line, node->column};
    if (!mode->observe && strcmp(text, "enforce") != 0)
        load_error(load, node, below, "must be observe (nothing is written) or enforce");
}

void load_settings_protect(struct load *load, const struct yaml_node *parent, const char *path,
                           enum manifest_protect *protect)
{
    const struct yaml_node *node = yaml_find(parent, "protect");
    cleanup_free char *below = mem_printf("%s.protect", path);
    cleanup_free char *text = load_text_setting(load, node, below);

    if (!text)
        return;
    *protect = !strcmp(text, "true") ? MANIFEST_PROTECT_ON : MANIFEST_PROTECT_OFF;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        load_error(load, node, below, "must be true or false");
}

static void read_account(struct load *load, const struct yaml_node *root, struct manifest *manifest)
{
    const struct yaml_node *node = yaml_find(root, "account");
    char *text = load_text_setting(load, node, "account");

    if (!text)
        return;
    if (strlen(text) == 12 && strspn(text, "0123456789") == 12) {
        manifest->account = text;
        return;
    }
    load_error(load, node, "account", "must be the 12 digits of an AWS account id");
    free(text);
}

/* arn:aws:iam::123456789012:policy/NAME, also AWS's own. */
static bool is_policy_arn(const char *text)
{
    const char *policy = strstr(text, ":iam::"), *name = strstr(text, ":policy/");
    size_t digits = policy ? strspn(policy + 6, "0123456789") : 0;

    return policy && name && !strncmp(text, "arn:aws", 7) &&
           (digits == 12 || !strncmp(policy + 6, "aws:", 4)) &&
           name == policy + 6 + (digits ? digits : 3) && load_is_iam_name(name + 8);
}

/* A name is one of the pipeline's account. */
static void read_boundary(struct load *load, const struct yaml_node *root,
                          struct manifest *manifest)
{
    const struct yaml_node *node = yaml_find(root, "boundary");
    cleanup_free char *text = load_text_setting(load, node, "boundary");

    if (!text)
        return;
    if (is_policy_arn(text))
        manifest->boundary = mem_text(text);
    else if (load_is_iam_name(text) && strlen(text) <= 128 && !strchr(text, '/'))
        manifest->boundary = mem_printf("arn:${partition}:iam::${account}:policy/%s", text);
    else
        load_error(load, node, "boundary",
                   "must be the name of a managed policy or its ARN, like "
                   "arn:aws:iam::123456789012:policy/name");
    load->boundary = manifest->boundary;
}

/* Seconds of "90s", "5m" or "1h"; -1 when it is none of these. */
static int duration(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    long unit = 0, number;

    if (digits < 1 || digits > 6 || !text[digits] || text[digits + 1])
        return -1;
    if (text[digits] == 's')
        unit = 1;
    else if (text[digits] == 'm')
        unit = 60;
    else if (text[digits] == 'h')
        unit = 3600;
    number = strtol(text, NULL, 10) * unit;
    return unit && number <= 30L * 86400 ? (int)number : -1;
}

static int read_duration(struct load *load, const struct yaml_node *reconcile, const char *key,
                         int otherwise, int least)
{
    const struct yaml_node *node = yaml_find(reconcile, key);
    cleanup_free char *path = mem_printf("reconcile.%s", key);
    cleanup_free char *text = load_text_setting(load, node, path);
    int seconds;

    if (!text)
        return otherwise;
    seconds = duration(text);
    if (seconds < 0)
        load_error(load, node, path,
                   "%s is not a duration; write a number with its unit, up to 30 days: 30s, 5m, 1h",
                   text);
    else if (seconds < least)
        load_error(load, node, path, "must be at least %ds", least);
    else
        return seconds;
    return otherwise;
}

enum { LEASE_S = 60, LEASE_LEAST_S = 2, LEASE_SHORT_S = 10, LEASE_MOST_S = 600 };

static int read_lease(struct load *load, const struct yaml_node *reconcile)
{
    int seconds = read_duration(load, reconcile, "lease", LEASE_S, LEASE_LEAST_S);

    if (seconds <= LEASE_MOST_S)
        return seconds;
    load_error(load, yaml_find(reconcile, "lease"), "reconcile.lease",
               "must be at most 10m: another daemon takes over after two of it");
    return LEASE_S;
}

static int read_breaker(struct load *load, const struct yaml_node *reconcile)
{
    const struct yaml_node *node = yaml_find(reconcile, "breaker");
    cleanup_free char *text = load_text_setting(load, node, "reconcile.breaker");
    long number;

    if (!text)
        return 3;
    number =
        strspn(text, "0123456789") == strlen(text) && strlen(text) < 5 ? strtol(text, NULL, 10) : 0;
    if (number < 1 || number > 1000) {
        load_error(load, node, "reconcile.breaker", "must be a number of writes, 1 to 1000");
        return 3;
    }
    return (int)number;
}

/* A number of things, or off: 0, no limit. */
static int read_limit(struct load *load, const struct yaml_node *reconcile, const char *key,
                      const char *things, int otherwise)
{
    const struct yaml_node *node = yaml_find(reconcile, key);
    cleanup_free char *path = mem_printf("reconcile.%s", key);
    cleanup_free char *text = load_text_setting(load, node, path);
    bool digits = text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 6;

    if (!text)
        return otherwise;
    if (!strcmp(text, "off") || !strcmp(text, "false"))
        return 0;
    if (digits && strtol(text, NULL, 10) > 0)
        return (int)strtol(text, NULL, 10);
    load_error(load, node, path, "must be a number of %s, 1 to 99999, or off", things);
    return otherwise;
}

/* ---- the web server ---- */

/* host:port, where an IPv6 host stands in brackets. */
static bool is_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    long port = colon && isdigit((unsigned char)colon[1]) ? strtol(colon + 1, NULL, 10) : -1;

    return colon && colon != text && port >= 0 && port <= 65535 &&
           strspn(colon + 1, "0123456789") == strlen(colon + 1) &&
           (!memchr(text, ':', (size_t)(colon - text)) || text[0] == '[');
}

/* What an address must be; NULL: it is so. */
static const char *is_no_listen(const char *text)
{
    if (strncmp(text, "unix:", 5) != 0)
        return is_address(text) ? NULL
                                : "must be host:port like 127.0.0.1:9464, unix:/path like "
                                  "unix:/run/billingd/http.sock, a list of these, or off";
    return text[5] == '/' && strlen(text + 5) <= MOST_SOCKET_PATH && !strchr(text, ',')
               ? NULL
               : "the path of a socket must be absolute, without a comma and no longer than 107 "
                 "bytes, like unix:/run/billingd/http.sock";
}

/* Appends one address to those before it. */
static void read_address(struct load *load, const struct yaml_node *node, const char *path,
                         struct manifest *manifest)
{
    cleanup_free char *text = load_text_setting(load, node, path), *before = manifest->listen;
    const char *problem = text ? is_no_listen(text) : NULL;

    if (text && !problem) {
        manifest->listen = before ? mem_printf("%s, %s", before, text) : mem_text(text);
        return;
    }
    manifest->listen = mem_text(before);
    if (problem)
        load_error(load, node, path, "%s", problem);
}

static void read_listen(struct load *load, const struct yaml_node *root, struct manifest *manifest)
{
    const struct yaml_node *node = yaml_find(root, "listen");

    if (!node) {
        manifest->listen = mem_text("127.0.0.1:9464");
    } else if (node->type == YAML_LIST) {
        for (size_t i = 0; i < node->count; i++) {
            cleanup_free char *path = mem_printf("listen[%zu]", i);

            read_address(load, node->items[i], path, manifest);
        }
    } else if (node->type != YAML_TEXT || strcmp(node->text, "off") != 0) {
        cleanup_free char *text = load_text_setting(load, node, "listen");

        if (text && strcmp(text, "off") != 0)
            read_address(load, node, "listen", manifest);
    }
}

static void read_hosts(struct load *load, const struct yaml_node *node, struct manifest *manifest)
{
    manifest->web.hosts = json_array();
    if (!node || yaml_is_null(node))
        return;
    if (node->type != YAML_LIST) {
        load_error(load, node, "web.hosts", "must be a list of names");
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        cleanup_free char *path = mem_printf("web.hosts[%zu]", i);
        cleanup_free char *name = load_text_setting(load, node->items[i], path);

        if (name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
                                 "_") != strlen(name))
            load_error(load, node->items[i], path,
                       "must be a name without port and path, like billing.example.com");
        else if (name)
            json_array_append_new(manifest->web.hosts, json_string(name));
    }
}

static void read_mode(struct load *load, const struct yaml_node *node, struct manifest *manifest)
{
    cleanup_free char *text = load_text_setting(load, node, "web.socket_mode");
    char *end = NULL;
    long mode = text ? strtol(text, &end, 8) : 0660;

    if (text && (*end || strspn(text, "01234567") != strlen(text) || mode < 0600 || mode > 0777))
        load_error(load, node, "web.socket_mode",
                   "must be permissions in octal, 0600 to 0777, like 0660");
    else
        manifest->web.socket_mode = (int)mode;
}

static bool read_truth(struct load *load, const struct yaml_node *node, const char *name,
                       bool otherwise)
{
    cleanup_free char *text = load_text_setting(load, node, name);

    if (text && strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        load_error(load, node, name, "must be true or false");
    return text ? !strcmp(text, "true") : otherwise;
}

static void read_web(struct load *load, const struct yaml_node *root, struct manifest *manifest)
{
    const struct yaml_node *web = yaml_find(root, "web"), *node;

    if (web && !yaml_is_null(web))
        (void)load_check_keys(load, web, "web", web_keys);
    read_hosts(load, yaml_find(web, "hosts"), manifest);
    read_mode(load, yaml_find(web, "socket_mode"), manifest);
    node = yaml_find(web, "token_file");
    manifest->web.token_file = load_text_setting(load, node, "web.token_file");
    if (manifest->web.token_file && *manifest->web.token_file != '/')
        load_error(load, node, "web.token_file", "must be an absolute path");
    manifest->web.actions = read_truth(load, yaml_find(web, "actions"), "web.actions", false);
}

void load_settings_read(struct load *load, const struct yaml_node *root, struct manifest *manifest)
{
    const struct yaml_node *reconcile = yaml_find(root, "reconcile");

    if (!load_check_keys(load, root, "", top_keys))
        return;
    if (reconcile && !yaml_is_null(reconcile))
        (void)load_check_keys(load, reconcile, "reconcile", reconcile_keys);
    read_account(load, root, manifest);
    read_boundary(load, root, manifest);
    manifest->interval_s = read_duration(load, reconcile, "interval", 300, 5);
    manifest->jitter_s = read_duration(load, reconcile, "jitter", 30, 0);
    manifest->settle_timeout_s = read_duration(load, reconcile, "settle_timeout", 300, 1);
    manifest->breaker_window_s = read_duration(load, reconcile, "breaker_window", 3600, 1);
    manifest->lease_s = read_lease(load, reconcile);
    manifest->breaker_repairs = read_breaker(load, reconcile);
    manifest->max_changes =
        read_limit(load, reconcile, "max_changes", "resources", MANIFEST_MAX_CHANGES);
    manifest->calls_per_minute = read_limit(load, reconcile, "calls_per_minute", "calls", 0);
    manifest->wide_reads =
        read_truth(load, yaml_find(reconcile, "wide_reads"), "reconcile.wide_reads", true);
    read_listen(load, root, manifest);
    load_settings_mode(load, root, "", &manifest->mode);
    read_web(load, root, manifest);
}

/* Every role's ARN names an account of its own. */
static bool is_guarded(const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++)
        if (!manifest->account && !manifest->pipelines[i].role_arn)
            return false;
    return true;
}

static void warn_short_lease(struct load *load, const struct yaml_node *root,
                             const struct manifest *manifest)
{
    const struct yaml_node *node = yaml_find(yaml_find(root, "reconcile"), "lease");

    if (node && manifest->lease_s < LEASE_SHORT_S)
        problems_add(
            load->problems, PROBLEM_WARNING,
            (struct yaml_place){node->file, node->line, node->column}, "reconcile.lease",
            "under 10s a slow reply of S3 is enough to stop writing, and each period costs "
            "a PUT (at 2s some 7 USD a month for each pipeline): 60s is the default");
}

/* Calls of one look: who we are, what is paused, and what is there. */
static size_t calls_of_a_look(const struct manifest *manifest)
{
    json_auto_t *known = json_object();
    size_t others = 0;

    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        const struct manifest_pipeline *pipeline = &manifest->pipelines[i];
        json_auto_t *facts = manifest_resolve_facts(pipeline, manifest->account);
        json_auto_t *desired = manifest_resolve(pipeline, facts);

        others += 2;
        for (size_t j = 0; j < pipeline->resource_count; j++)
            call_need_add(&(struct scope){.kind = pipeline->resources[j].kind,
                                          .desired = json_array_get(desired, j),
                                          .facts = facts},
                          manifest->wide_reads && !pipeline->resources[j].absent,
                          pipeline->resources[j].absent, known);
    }
    return call_need_count(known) + others;
}

/* Calls a minute that keep the lead of all pipelines: they never wait, and count. */
static int64_t calls_of_leases(const struct manifest *manifest)
{
    int64_t lease_s = manifest->lease_s;

    return ((int64_t)manifest->pipeline_count * 60 + lease_s - 1) / lease_s;
}

/* A budget that not even looking fits in. */
static void warn_few_calls(struct load *load, const struct yaml_node *root,
                           const struct manifest *manifest)
{
    const struct yaml_node *node = yaml_find(yaml_find(root, "reconcile"), "calls_per_minute");
    int64_t seconds = manifest->interval_s, leases = calls_of_leases(manifest);
    int64_t left = manifest->calls_per_minute - leases, most = left * seconds / 60, need;
    struct yaml_place place;

    if (!node || !manifest->calls_per_minute)
        return;
    place = (struct yaml_place){node->file, node->line, node->column};
    need = (int64_t)calls_of_a_look(manifest);
    if (left <= 0)
        problems_add(load->problems, PROBLEM_WARNING, place, "reconcile.calls_per_minute",
                     "keeping the lead takes %lld calls a minute (reconcile.lease is %ds), so "
                     "the daemon has none left: it looks at nothing and repairs nothing; %lld a "
                     "minute are the least, or a longer lease",
                     (long long)leases, manifest->lease_s,
                     (long long)(leases + (need * 60 + seconds - 1) / seconds));
    else if (need > most)
        problems_add(load->problems, PROBLEM_WARNING, place, "reconcile.calls_per_minute",
                     "one look at this spec takes %lld calls or more, and reconcile.interval "
                     "(%ds) has room for %lld beside the %lld a minute that keep the lead: looks "
                     "take %llds or more, and what the daemon does for the data waits behind "
                     "them; %lld a minute are the least, or a longer interval",
                     (long long)need, manifest->interval_s, (long long)most, (long long)leases,
                     (long long)(need * 60 / left),
                     (long long)(leases + (need * 60 + seconds - 1) / seconds));
}

void load_settings_warn(struct load *load, const struct yaml_node *root,
                        const struct manifest *manifest)
{
    const struct yaml_node *node = yaml_find(root, "account");
    struct yaml_place place = {.file = root->file};

    warn_short_lease(load, root, manifest);
    warn_few_calls(load, root, manifest);
    if (is_guarded(manifest))
        return;
    if (node)
        place = (struct yaml_place){node->key_file, node->key_line, node->key_column};
    problems_add(load->problems, PROBLEM_WARNING, place, "account",
                 "no account is named: whatever account the credentials belong to will be changed. "
                 "Set account (or BILLING_ACCOUNT_ID)");
}
