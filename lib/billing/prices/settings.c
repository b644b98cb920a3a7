#include "billing/prices/settings.h"

#include "base/mem.h"
#include "base/object_key.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char *const rollup_keys[] = {
    "since",       "group_by",  "late_days", "closed_after", "parallel_queries",
    "scan_budget", "keep_runs", NULL};
static const char *const audit_keys[] = {"max_gap", "backfill", "backfill_budget", "accept", NULL};
static const char *const accept_keys[] = {"from", "to", "events", "why", NULL};
static const char *const scan_cap_keys[] = {"day", "month", NULL};
static const char *const close_keys[] = {"archive", "signing_key", NULL};
static const char *const columns[] = {"sub", "user", "method", "path", "route", "status", NULL};
static const char *const default_columns[] = {"sub", "user", "method", "route", "status", NULL};

static bool holds(char *const *list, const char *word)
{
    for (; *list; list++)
        if (!strcmp(*list, word))
            return true;
    return false;
}

/* A member that is a mapping with these keys; a silent one when it is missing, or wrong (told). */
static struct section_value part_of(const struct section_value *section, const char *key,
                                    const char *const *keys)
{
    struct section_value part = {section->reader, json_object_get(section->object, key), key};

    if (part.object && !section_check_keys(&part, keys))
        part.object = NULL;
    return part;
}

static void read_group_by(const struct section_value *rollup, struct billing_settings *settings)
{
    const json_t *list = json_object_get(rollup->object, "group_by"), *item;
    size_t i, n = 0;

    settings->group_by = mem_new((json_array_size(list) + 7) * sizeof *settings->group_by);
    if (!list) {
        for (; default_columns[n]; n++)
            settings->group_by[n] = mem_text(default_columns[n]);
        return;
    }
    if (!json_is_array(list))
        section_tell(rollup, "group_by", "must be a list of columns");
    json_array_foreach(list, i, item) {
        const char *word = json_string_value(item);
        cleanup_free char *key = mem_printf("group_by[%zu]", i);

        if (!word || !holds((char *const *)columns, word))
            section_tell_word(rollup, key, word, columns,
                              "must be one of sub, user, method, path, route, status");
        else if (holds(settings->group_by, word))
            section_tell(rollup, key, "stands here twice");
        else
            settings->group_by[n++] = mem_text(word);
    }
    if (!holds(settings->group_by, "sub"))
        section_tell(rollup, "group_by", "must hold sub: that is who gets the bill");
}

/* A rule can only see what the rollup keeps. */
static void check_rules(const struct section_value *section,
                        const struct billing_settings *settings)
{
    static const char *const seen[] = {"route", "status"};
    size_t i, j;
    json_t *entry, *rule;

    json_array_foreach(json_object_get(section->object, "prices"), i, entry)
        json_array_foreach(json_object_get(entry, "rules"), j, rule)
            for (size_t k = 0; k < 2; k++) {
                cleanup_free char *path = mem_printf("prices[%zu].rules[%zu].%s", i, j, seen[k]);

                if (json_object_get(rule, seen[k]) && !holds(settings->group_by, seen[k]))
                    section_tell(section, path,
                                 "the rollup does not keep it: add %s to rollup.group_by", seen[k]);
            }
}

/* "100GiB", "500 MiB" or bytes; hint: the example told, and what 0 means. */
static void read_bytes(const struct section_value *section, const char *key, const char *hint,
                       int64_t *bytes)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    char buffer[32];
    const char *text = section_text(section, key, buffer), *unit;
    size_t digits = text ? strspn(text, "0123456789") : 0;

    if (!text)
        return;
    unit = text + digits + (text[digits] == ' ');
    for (int i = 0; digits && digits < (i ? 7 : 16) && i < 5; i++)
        if (!strcmp(unit, units[i])) {
            *bytes = strtoll(text, NULL, 10) << 10 * i;
            return;
        }
    section_tell(section, key, "%.40s is not an amount like %s", *text ? text : "nothing", hint);
}

static void read_rollup(const struct section_value *section, struct billing_settings *settings)
{
    const struct section_value rollup = part_of(section, "rollup", rollup_keys);
    int64_t late = settings->late_days, parallel = settings->parallel_queries;
    struct day since;
    char text[16];

    read_group_by(&rollup, settings);
    (void)section_count(&rollup, "late_days", 0, 90, &late);
    (void)section_count(&rollup, "parallel_queries", 1, 20, &parallel);
    settings->late_days = (int)late;
    settings->parallel_queries = (int)parallel;
    (void)section_hours(&rollup, "closed_after", 24 * 90, &settings->closed_after_hours);
    (void)section_hours(&rollup, "keep_runs", 24 * 365, &settings->keep_runs_hours);
    read_bytes(&rollup, "scan_budget", "100GiB (0: no limit)", &settings->scan_budget_bytes);
    if (section_day(&rollup, "since", &since)) {
        calendar_day_text(since, text);
        settings->since = mem_text(text);
    }
}

static void read_scan_cap(const struct section_value *section, struct billing_settings *settings)
{
    const struct section_value cap = part_of(section, "scan_cap", scan_cap_keys);

    read_bytes(&cap, "day", "1TiB (0: no limit)", &settings->scan_cap_day_bytes);
    read_bytes(&cap, "month", "10TiB (0: no limit)", &settings->scan_cap_month_bytes);
    if (settings->scan_cap_month_bytes &&
        settings->scan_cap_month_bytes < settings->scan_cap_day_bytes)
        section_tell(&cap, "month", "is less than scan_cap.day, which then never holds");
}

/* The decimal text of a share, new: "0.01%" is "0.0001".  NULL when it is none. */
static char *share_of(const char *text)
{
    size_t length = strlen(text);
    bool percent = text[length - 1] == '%';
    cleanup_free char *number = mem_text_n(text, length - percent);
    struct price share;
    struct err e = {0};

    if (money_parse_price(number, &share, &e) || (percent && share.pico % 100))
        return NULL;
    share.pico /= percent ? 100 : 1;
    return share.pico > 1000000000000 ? NULL : money_exact_text(money_of(share), 0);
}

static void read_backfill(const struct section_value *audit, struct billing_settings *settings)
{
    char buffer[32];
    const char *backfill = section_text(audit, "backfill", buffer);

    if (backfill && strcmp(backfill, "auto") && strcmp(backfill, "manual"))
        section_tell_word(audit, "backfill", backfill, (const char *[]){"auto", "manual", NULL},
                          "must be auto or manual");
    settings->backfill_by_hand = backfill && !strcmp(backfill, "manual");
    read_bytes(audit, "backfill_budget", "10GiB (0: no limit)", &settings->backfill_budget_bytes);
}

static void read_accepted(const struct section_value *entry, struct billing_accepted *accepted)
{
    char buffer[32];
    const char *why;
    bool whole;

    if (!section_check_keys(entry, accept_keys))
        return;
    why = section_text(entry, "why", buffer);
    accepted->why = mem_text(why ? why : "");
    whole = section_day(entry, "from", &accepted->days.first);
    accepted->days.last = accepted->days.first;
    (void)section_day(entry, "to", &accepted->days.last);
    if (!json_object_get(entry->object, "from"))
        section_tell(entry, NULL, "needs from, the first day that lost events");
    else if (whole && calendar_compare(accepted->days.last, accepted->days.first) < 0)
        section_tell(entry, "to", "is before from");
    if (!json_object_get(entry->object, "events"))
        section_tell(entry, NULL, "needs events: how many are accepted as missing");
    (void)section_count(entry, "events", 1, (int64_t)1 << 50, &accepted->events);
    if (!*accepted->why)
        section_tell(entry, NULL,
                     "needs why: it stands in the audit and in the manifest of a close");
}

static void read_accept(const struct section_value *audit, struct billing_settings *settings)
{
    const json_t *list = json_object_get(audit->object, "accept"), *item;
    size_t i;

    if (!list || json_is_null(list))
        return;
    if (!json_is_array(list)) {
        section_tell(audit, "accept",
                     "must be a list like [{from: 2025-10-03, events: 40, why: ...}]");
        return;
    }
    settings->accepted = mem_new((json_array_size(list) + 1) * sizeof *settings->accepted);
    json_array_foreach(list, i, item) {
        cleanup_free char *path = mem_printf("%s.accept[%zu]", audit->path, i);

        read_accepted(&(struct section_value){audit->reader, item, path},
                      &settings->accepted[settings->accepted_count++]);
    }
}

static void read_audit(const struct section_value *section, struct billing_settings *settings)
{
    const struct section_value audit = part_of(section, "audit", audit_keys);
    char buffer[32];
    const char *text = section_text(&audit, "max_gap", buffer);

    if (text && *text) {
        settings->max_gap = share_of(text);
        if (!settings->max_gap)
            section_tell(&audit, "max_gap", "%.40s is not a share like 0.01%% or 0.0001", text);
    }
    if (!settings->max_gap)
        settings->max_gap = mem_text("0.0001");
    read_backfill(&audit, settings);
    read_accept(&audit, settings);
}

static void read_close(const struct section_value *section, struct billing_settings *settings)
{
    const struct section_value close = part_of(section, "close", close_keys);
    char buffer[32];
    const char *archive = section_text(&close, "archive", buffer), *key;
    size_t length;

    if (archive && (!*archive || *archive == '/' || strstr(archive, "//")))
        section_tell(&close, "archive", "must be a prefix like billing/");
    else if (archive && object_key_problem(archive))
        section_tell(&close, "archive", "%s", object_key_problem(archive));
    if (!archive || !*archive)
        archive = "billing/";
    length = strlen(archive);
    settings->archive_prefix = mem_printf("%s%s", archive, archive[length - 1] == '/' ? "" : "/");
    key = section_text(&close, "signing_key", buffer);
    settings->signing_key = key && *key ? mem_text(key) : NULL;
}

static void read_receipts(const struct section_value *section, struct billing_settings *settings)
{
    static const char *const words[] = {"none", "statements", "requests", NULL};
    char buffer[32];
    const char *word = section_text(section, "receipts", buffer);
    size_t i = 0;

    if (!word || !*word)
        return;
    while (words[i] && strcmp(words[i], word) != 0)
        i++;
    if (words[i])
        settings->receipts = (enum billing_receipts)i;
    else
        section_tell_word(section, "receipts", word, words,
                          "must be none, statements or requests");
}

/* Whatever the bound, a day's sum of bytes stays far within 63 bits. */
static void read_max_response(const struct section_value *section,
                              struct billing_settings *settings)
{
    static const int64_t most = (int64_t)1 << 40;
    int64_t bytes = settings->max_response_bytes;

    read_bytes(section, "max_response", "2GiB", &bytes);
    if (bytes < 1 || bytes > most)
        section_tell(section, "max_response", "must be from 1 byte to 1TiB");
    else
        settings->max_response_bytes = bytes;
}

/* ---- log groups ---- */

/* A log group's own alphabet (CloudWatch Logs API reference, CreateLogGroup). */
static bool is_group_name(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/.#");

    return n && n <= 512 && !text[n];
}

/* arn:aws:logs:REGION:ACCOUNT:log-group:NAME, with or without the ":*" that some replies have
 * behind it.  False: it is none. */
static bool read_group_arn(const char *text, struct billing_log_group *group)
{
    char account[13] = "", name[513] = "";
    int end = 0;
    size_t length = strlen(text);
    cleanup_free char *arn =
        mem_text_n(text, length > 2 && !strcmp(text + length - 2, ":*") ? length - 2 : length);

    if (sscanf(arn, "arn:%*[a-z-]:logs:%*[a-z0-9-]:%12[0-9]:log-group:%512[^:]%n", account, name,
               &end) != 2 ||
        arn[end] || strlen(account) != 12 || !is_group_name(name))
        return false;
    *group = (struct billing_log_group){mem_text(account), mem_text(name)};
    return true;
}

static bool read_group(const char *text, struct billing_log_group *group)
{
    if (!strncmp(text, "arn:", 4))
        return read_group_arn(text, group);
    if (strcmp(text, "-") != 0 && !is_group_name(text))
        return false;
    *group = (struct billing_log_group){NULL, mem_text(strcmp(text, "-") ? text : "")};
    return true;
}

static void read_log_groups(const struct section_value *section, struct billing_settings *settings)
{
    const json_t *list = json_object_get(section->object, "log_groups"), *item;
    size_t i;

    if (!list || json_is_null(list))
        return;
    if (!json_is_array(list)) {
        section_tell(section, "log_groups",
                     "must be a list of names or ARNs: [/aws/apigw/former-name]");
        return;
    }
    settings->log_groups = mem_new((json_array_size(list) + 1) * sizeof *settings->log_groups);
    json_array_foreach(list, i, item) {
        const char *text = json_string_value(item);
        cleanup_free char *key = mem_printf("log_groups[%zu]", i);

        if (text && read_group(text, &settings->log_groups[settings->log_group_count]))
            settings->log_group_count++;
        else
            section_tell(section, key,
                         "must be a log group's name, its ARN, or - (what names no log group)");
    }
}

char *settings_log_groups_sql(const struct billing_settings *settings)
{
    struct str sql = {0};

    str_add(&sql, "");
    for (size_t i = 0; i < settings->log_group_count; i++) {
        const struct billing_log_group *group = &settings->log_groups[i];

        str_addf(&sql, ", '%s:%s'", group->account ? group->account : "${account}", group->name);
    }
    return str_take(&sql);
}

void settings_from_section(const struct section_value *section, struct billing_settings *settings)
{
    char buffer[32];
    const char *partitions = section_text(section, "partitions", buffer);

    *settings = (struct billing_settings){
        .late_days = 3,
        .closed_after_hours = 24,
        .parallel_queries = 2,
        .scan_budget_bytes = (int64_t)100 << 30,
        .keep_runs_hours = 24,
        .max_response_bytes = (int64_t)2 << 30,
        .backfill_budget_bytes = (int64_t)10 << 30,
        .receipts = BILLING_RECEIPTS_STATEMENTS,
    };
    if (partitions && strcmp(partitions, "projection") && strcmp(partitions, "registration"))
        section_tell_word(section, "partitions", partitions,
                          (const char *[]){"projection", "registration", NULL},
                          "must be projection or registration");
    settings->register_partitions = partitions && !strcmp(partitions, "registration");
    read_rollup(section, settings);
    read_scan_cap(section, settings);
    read_max_response(section, settings);
    read_log_groups(section, settings);
    check_rules(section, settings);
    read_audit(section, settings);
    read_close(section, settings);
    read_receipts(section, settings);
}

void settings_free(struct billing_settings *settings)
{
    for (char **column = settings->group_by; column && *column; column++)
        free(*column);
    free(settings->group_by);
    for (size_t i = 0; i < settings->accepted_count; i++)
        free(settings->accepted[i].why);
    free(settings->accepted);
    for (size_t i = 0; i < settings->log_group_count; i++) {
        free(settings->log_groups[i].account);
        free(settings->log_groups[i].name);
    }
    free(settings->log_groups);
    free(settings->since);
    free(settings->max_gap);
    free(settings->archive_prefix);
    free(settings->signing_key);
}
