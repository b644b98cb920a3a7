#include "billing/prices/settings.h"

#include "base/mem.h"

#include <string.h>

static const char *const rollup_keys[] = {
    "since",       "group_by",  "late_days", "closed_after", "parallel_queries",
    "scan_budget", "keep_runs", NULL};
static const char *const audit_keys[] = {"max_gap", NULL};
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

static void read_group_by(struct section_reader *reader, const json_t *rollup,
                          struct billing_settings *settings)
{
    const json_t *list = json_object_get(rollup, "group_by"), *item;
    size_t i, n = 0;

    settings->group_by = mem_new((json_array_size(list) + 7) * sizeof *settings->group_by);
    if (!list) {
        for (; default_columns[n]; n++)
            settings->group_by[n] = mem_text(default_columns[n]);
        return;
    }
    if (!json_is_array(list))
        section_tell(reader, "rollup.group_by", "must be a list of columns");
    json_array_foreach(list, i, item) {
        const char *word = json_string_value(item);
        cleanup_free char *path = mem_printf("rollup.group_by[%zu]", i);

        if (!word || !holds((char *const *)columns, word))
            section_tell(reader, path, "must be one of sub, user, method, path, route, status");
        else if (holds(settings->group_by, word))
            section_tell(reader, path, "stands here twice");
        else
            settings->group_by[n++] = mem_text(word);
    }
    if (!holds(settings->group_by, "sub"))
        section_tell(reader, "rollup.group_by", "must hold sub: that is who gets the bill");
}

/* A rule can only see what the rollup keeps. */
static void check_rules(struct section_reader *reader, const json_t *section,
                        const struct billing_settings *settings)
{
    static const char *const seen[] = {"route", "status"};
    size_t i, j;
    json_t *entry, *rule;

    json_array_foreach(json_object_get(section, "prices"), i, entry)
        json_array_foreach(json_object_get(entry, "rules"), j, rule)
            for (size_t k = 0; k < 2; k++) {
                cleanup_free char *path = mem_printf("prices[%zu].rules[%zu].%s", i, j, seen[k]);

                if (json_object_get(rule, seen[k]) && !holds(settings->group_by, seen[k]))
                    section_tell(reader, path,
                                 "the rollup does not keep it: add %s to rollup.group_by", seen[k]);
            }
}

/* "100GiB", "500 MiB" or bytes. */
static void read_budget(struct section_reader *reader, const json_t *rollup, int64_t *bytes)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    char buffer[32];
    const char *text = section_text(reader, rollup, "scan_budget", "rollup", buffer), *unit;
    size_t digits = text ? strspn(text, "0123456789") : 0;

    if (!text)
        return;
    unit = text + digits + (text[digits] == ' ');
    for (int i = 0; digits && digits < 7 && i < 5; i++)
        if (!strcmp(unit, units[i])) {
            *bytes = strtoll(text, NULL, 10) << 10 * i;
            return;
        }
    section_tell(reader, "rollup.scan_budget", "%.40s is not an amount like 100GiB (0: no limit)",
                 *text ? text : "nothing");
}

static void read_rollup(struct section_reader *reader, const json_t *rollup,
                        struct billing_settings *settings)
{
    int64_t late = settings->late_days, parallel = settings->parallel_queries;
    struct day since;
    char text[16];

    if (rollup && !section_check_keys(reader, rollup, "rollup", rollup_keys))
        rollup = NULL;
    read_group_by(reader, rollup, settings);
    (void)section_count(reader, rollup, "late_days", "rollup", 0, 90, &late);
    (void)section_count(reader, rollup, "parallel_queries", "rollup", 1, 20, &parallel);
    settings->late_days = (int)late;
    settings->parallel_queries = (int)parallel;
    (void)section_hours(reader, rollup, "closed_after", "rollup", 24 * 90,
                        &settings->closed_after_hours);
    (void)section_hours(reader, rollup, "keep_runs", "rollup", 24 * 365,
                        &settings->keep_runs_hours);
    read_budget(reader, rollup, &settings->scan_budget_bytes);
    if (section_day(reader, rollup, "since", "rollup", &since)) {
        calendar_day_text(since, text);
        settings->since = mem_text(text);
    }
}

/* A share of one, as decimal text: "0.01%" is "0.0001". */
static void read_audit(struct section_reader *reader, const json_t *audit, char **share)
{
    char buffer[32];
    const char *text;
    struct err e = {0};
    struct price price;
    size_t length;

    if (audit && !section_check_keys(reader, audit, "audit", audit_keys))
        audit = NULL;
    text = section_text(reader, audit, "max_gap", "audit", buffer);
    length = text ? strlen(text) : 0;
    if (length) {
        bool percent = text[length - 1] == '%';
        cleanup_free char *number = mem_text_n(text, length - percent);

        if (price_parse(number, &price, &e) || (percent && price.pico % 100) ||
            price.pico / (percent ? 100 : 1) > 1000000000000) {
            section_tell(reader, "audit.max_gap", "%.40s is not a share like 0.01%% or 0.0001",
                         text);
        } else {
            price.pico /= percent ? 100 : 1;
            *share = money_exact_text(money_of(price), 0);
        }
    }
    if (!*share)
        *share = mem_text("0.0001");
}

static void read_close(struct section_reader *reader, const json_t *close,
                       struct billing_settings *settings)
{
    char buffer[32];
    const char *archive, *key;
    size_t length;

    if (close && !section_check_keys(reader, close, "close", close_keys))
        close = NULL;
    archive = section_text(reader, close, "archive", "close", buffer);
    if (archive && (!*archive || *archive == '/' || strstr(archive, "//")))
        section_tell(reader, "close.archive", "must be a prefix like billing/");
    if (!archive || !*archive)
        archive = "billing/";
    length = strlen(archive);
    settings->archive_prefix = mem_printf("%s%s", archive, archive[length - 1] == '/' ? "" : "/");
    key = section_text(reader, close, "signing_key", "close", buffer);
    settings->signing_key = key && *key ? mem_text(key) : NULL;
}

void settings_from_section(struct section_reader *reader, const json_t *section,
                           struct billing_settings *settings)
{
    char buffer[32];
    const char *partitions = section_text(reader, section, "partitions", "", buffer);

    *settings = (struct billing_settings){
        .late_days = 3,
        .closed_after_hours = 24,
        .parallel_queries = 2,
        .scan_budget_bytes = (int64_t)100 << 30,
        .keep_runs_hours = 24,
    };
    read_rollup(reader, json_object_get(section, "rollup"), settings);
    check_rules(reader, section, settings);
    read_audit(reader, json_object_get(section, "audit"), &settings->max_gap);
    read_close(reader, json_object_get(section, "close"), settings);
    if (partitions && strcmp(partitions, "projection") && strcmp(partitions, "registration"))
        section_tell(reader, "partitions", "must be projection or registration");
    settings->register_partitions = partitions && !strcmp(partitions, "registration");
}

void settings_free(struct billing_settings *settings)
{
    for (char **column = settings->group_by; column && *column; column++)
        free(*column);
    free(settings->group_by);
    free(settings->since);
    free(settings->max_gap);
    free(settings->archive_prefix);
    free(settings->signing_key);
}
