#include "import/import_tables.h"

#include "base/firehose_prefix.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/registry.h"

#include <ctype.h>
#include <string.h>

enum { SIDE_BY_SIDE = 8 };

#define QUERY_IDS                                                                                  \
    "query_raw query_requests query_daily_calls query_traffic query_errors query_rollup "          \
    "query_billing"
/* Saved queries are those of a database. */
#define TABLE_IDS "database raw_table recovered_table rollup_table rollup_runs view " QUERY_IDS

struct cataloguing {
    struct import_look *look;
    const struct import_place *place;
    struct import_draft *draft;
    json_t *databases;
    json_t *tables; /* of all databases */
};

/* ---- the catalog ---- */

static void look_at_database(struct flow *flow, void *arg, size_t index)
{
    struct cataloguing *c = arg;
    const json_t *database = json_array_get(c->databases, index);
    const char *name = json_text(database, "Name");
    cleanup_free char *unknown = mem_printf("which tables the database %s has", name);
    const struct import_read read = {.service = "glue",
                                     .op = "GetTables",
                                     .params = json_pack("{s:s}", "DatabaseName", name),
                                     .token = "NextToken",
                                     .next_token = "NextToken",
                                     .items = "TableList",
                                     .absent = "EntityNotFoundException",
                                     .unknown = unknown};
    json_auto_t *tables = NULL;
    bool well = true;

    /* A link to a database of another account: nothing of ours to keep. */
    if (json_object_get(database, "TargetDatabase")) {
        json_decref(read.params);
        return;
    }
    tables = import_look_read(flow, c->look, &read, &well);
    (void)json_array_extend(c->tables, tables);
    if (!well)
        import_draft_unknown(c->draft, TABLE_IDS,
                             "not all tables of the catalog could be read: there may be one");
}

static void look_at_catalog(struct flow *flow, struct cataloguing *c)
{
    const struct import_read read = {.service = "glue",
                                     .op = "GetDatabases",
                                     .token = "NextToken",
                                     .next_token = "NextToken",
                                     .items = "DatabaseList",
                                     .unknown = "which databases there are"};
    bool well;

    c->databases = import_look_read(flow, c->look, &read, &well);
    if (!well)
        import_draft_unknown(c->draft, TABLE_IDS,
                             "the databases of the catalog could not be read: there may be one");
    flow_each(flow, json_array_size(c->databases), SIDE_BY_SIDE, look_at_database, c);
}

/* ---- which table is which ---- */

static bool same_place(const char *location, const char *place)
{
    size_t n = location ? strlen(location) : 0, m = strlen(place);

    n -= n && location[n - 1] == '/';
    m -= m && place[m - 1] == '/';
    return n && n == m && !strncmp(location, place, n);
}

static const char *location_of(const json_t *table)
{
    const json_t *location = json_at(table, "StorageDescriptor.Location");

    return json_is_string(location) ? json_string_value(location) : NULL;
}

static bool has_serde(const json_t *table, const char *word)
{
    const char *serde =
        json_string_value(json_at(table, "StorageDescriptor.SerdeInfo.SerializationLibrary"));

    return serde && strcasestr(serde, word);
}

static bool is_in_bucket(const struct cataloguing *c, const json_t *table)
{
    cleanup_free char *bucket = mem_printf("s3://%s/", c->place->bucket);
    const char *location = location_of(table);

    return location && !strncmp(location, bucket, strlen(bucket));
}

static bool is_in(const json_t *table, const char *database)
{
    const char *own = json_text(table, "DatabaseName");

    return !database || (own && !strcmp(own, database));
}

/* Whether SQL names the table, as a word of its own. */
static bool names(const char *sql, const char *table)
{
    size_t n = strlen(table);

    for (const char *at = sql; (at = strcasestr(at, table)); at += n)
        if ((at == sql || !(isalnum((unsigned char)at[-1]) || at[-1] == '_')) &&
            !isalnum((unsigned char)at[n]) && at[n] != '_')
            return true;
    return false;
}

/* The SQL of a view; new text, NULL when it is none that Athena made. */
static char *view_sql(const json_t *table)
{
    const struct kind *kind = registry_find("athena_view");
    const struct scope scope = {.kind = kind};
    json_auto_t *reply = json_pack("{s:O}", "Table", table);
    json_auto_t *document = kind->read->parse(&scope, reply);

    return mem_text(json_text(document, "OriginalSql"));
}

/* Of several the one that somebody named, else the first. */
static const json_t *choose(const json_t *tables, const char *name)
{
    size_t i;
    json_t *table;

    json_array_foreach((json_t *)tables, i, table)
        if (name && json_text(table, "Name") && !strcmp(json_text(table, "Name"), name))
            return table;
    return json_array_get(tables, 0);
}

static void tell_others(struct cataloguing *c, const char *id, const json_t *tables,
                        const json_t *chosen)
{
    size_t i;
    json_t *table;

    json_array_foreach((json_t *)tables, i, table)
        if (table != chosen)
            import_draft_note(c->draft, id, "left alone: %s.%s reads the same objects",
                              json_text(table, "DatabaseName"), json_text(table, "Name"));
}

/* Whether one of two places lies in the other. */
static bool overlap(const char *a, const char *b)
{
    size_t n = a ? strlen(a) : 0, m = strlen(b);

    return n && !strncmp(a, b, n < m ? n : m);
}

/* A table at the place where the stream writes, else one of JSON that reads more, or less: that is
 * for the lints to tell. */
static void gather_raw(const struct cataloguing *c, json_t *all, const char *place, bool exact)
{
    size_t i;
    json_t *table;

    json_array_foreach(c->tables, i, table)
        if ((exact ? same_place(location_of(table), place) && !has_serde(table, "parquet")
                   : overlap(location_of(table), place) && has_serde(table, "json")) &&
            is_in(table, json_text(c->place->env, "BILLING_GLUE_DB")))
            json_array_append(all, table);
}

static const json_t *find_raw(struct cataloguing *c, json_t *all)
{
    cleanup_free char *folder = firehose_prefix_folder(c->place->prefix);
    cleanup_free char *place = mem_printf("s3://%s/%s", c->place->bucket, folder);
    const char *view = json_text(c->place->env, "BILLING_TABLE_JSON");
    cleanup_free char *named = view ? mem_printf("%s_raw", view) : NULL;
    const json_t *chosen;

    gather_raw(c, all, place, true);
    if (!json_array_size(all))
        gather_raw(c, all, place, false);
    chosen = choose(all, named);
    tell_others(c, "raw_table", all, chosen);
    return chosen;
}

static const json_t *find_view(struct cataloguing *c, const json_t *raw, json_t *all)
{
    const char *raw_name = json_text(raw, "Name"),
               *env = json_text(c->place->env, "BILLING_TABLE_JSON");
    cleanup_free char *stem = mem_text(raw_name);
    const json_t *chosen;
    size_t i;
    json_t *table;

    if (str_ends_with(stem, "_raw"))
        stem[strlen(stem) - 4] = '\0';
    json_array_foreach(c->tables, i, table) {
        cleanup_free char *sql =
            is_in(table, json_text(raw, "DatabaseName")) ? view_sql(table) : NULL;

        if (sql && names(sql, raw_name))
            json_array_append(all, table);
    }
    chosen = choose(all, env ? env : stem);
    tell_others(c, "view", all, chosen);
    return chosen;
}

/* A table of Parquet in the bucket, beside the log objects. */
static const json_t *find_rollup(struct cataloguing *c, const char *database, json_t *all)
{
    size_t i;
    json_t *table;

    json_array_foreach(c->tables, i, table)
        if (is_in(table, database) && has_serde(table, "parquet") && is_in_bucket(c, table) &&
            !str_ends_with(json_text(table, "Name"), "_runs"))
            json_array_append(all, table);
    return choose(all, json_text(c->place->env, "BILLING_TABLE_PARQUET"));
}

/* What .env calls it, else a name to begin with. */
static char *name_of(const struct cataloguing *c, const char *variable, const char *end)
{
    const char *env = json_text(c->place->env, variable);
    char *name = env && *env ? mem_text(env) : mem_printf("%s%s", c->draft->pipeline, end);

    for (char *at = name; !env && *at; at++)
        *at = *at == '-' && *end == '_' ? '_' : *at;
    return name;
}

static void name_tables(struct cataloguing *c, const json_t *raw)
{
    cleanup_free char *fallback = name_of(c, "BILLING_GLUE_DB", "_billing");
    const char *database = raw ? json_text(raw, "DatabaseName") : fallback;
    json_auto_t *views = json_array(), *rollups = json_array();
    const json_t *view = raw ? find_view(c, raw, views) : NULL;
    const json_t *rollup = find_rollup(c, database, rollups);
    const char *table_json =
        view ? json_text(view, "Name") : json_text(c->place->env, "BILLING_TABLE_JSON");
    const char *table_parquet =
        rollup ? json_text(rollup, "Name") : json_text(c->place->env, "BILLING_TABLE_PARQUET");

    import_draft_parameter(c->draft, "database", database);
    if (table_json)
        import_draft_parameter(c->draft, "table_json", table_json);
    if (table_parquet)
        import_draft_parameter(c->draft, "table_parquet", table_parquet);
    if (raw)
        import_draft_set_text(c->draft, "raw_table", "name", json_text(raw, "Name"));
    tell_others(c, "rollup_table", rollups, rollup);
}

/* ---- the workgroup ---- */

struct grouping {
    struct cataloguing *c;
    json_t *groups; /* of the region */
    json_t *fitting;
};

static void look_at_workgroup(struct flow *flow, void *arg, size_t index)
{
    struct grouping *g = arg;
    const char *name = json_text(json_array_get(g->groups, index), "Name");
    cleanup_free char *bucket = mem_printf("s3://%s/", g->c->place->bucket);
    cleanup_free char *unknown = mem_printf("where the workgroup %s puts results", name);
    const struct import_read read = {.service = "athena",
                                     .op = "GetWorkGroup",
                                     .params = json_pack("{s:s}", "WorkGroup", name),
                                     .unknown = unknown};
    bool well;
    json_auto_t *reply = import_look_read(flow, g->c->look, &read, &well);
    const char *place = json_string_value(
        json_at(reply, "WorkGroup.Configuration.ResultConfiguration.OutputLocation"));

    if (place && !strncmp(place, bucket, strlen(bucket)))
        json_array_append_new(g->fitting, json_pack("{s:s}", "Name", name));
    if (!well)
        import_draft_unknown(g->c->draft, "workgroup " QUERY_IDS,
                             "not all workgroups could be read: there may be one");
}

static void name_workgroup(struct flow *flow, struct cataloguing *c)
{
    const struct import_read read = {.service = "athena",
                                     .op = "ListWorkGroups",
                                     .token = "NextToken",
                                     .next_token = "NextToken",
                                     .items = "WorkGroups",
                                     .unknown = "which workgroups there are"};
    cleanup_free char *fallback = name_of(c, "BILLING_ATHENA_WORKGROUP", "-billing");
    const char *env = json_text(c->place->env, "BILLING_ATHENA_WORKGROUP");
    bool well;
    json_auto_t *groups = import_look_read(flow, c->look, &read, &well), *fitting = json_array();
    struct grouping g = {c, groups, fitting};
    const json_t *chosen;
    size_t i;
    json_t *group;

    flow_each(flow, json_array_size(groups), SIDE_BY_SIDE, look_at_workgroup, &g);
    chosen = choose(fitting, env);
    json_array_foreach(fitting, i, group)
        if (group != chosen)
            import_draft_note(c->draft, "workgroup",
                              "left alone: the workgroup %s puts its results into the bucket, too",
                              json_text(group, "Name"));
    import_draft_parameter(c->draft, "workgroup",
                           !env && chosen ? json_text(chosen, "Name") : fallback);
    if (!well)
        import_draft_unknown(c->draft, "workgroup " QUERY_IDS,
                             "the workgroups could not be read: there may be one");
}

void import_tables(struct flow *flow, struct import_look *look, const struct import_place *place,
                   struct import_draft *draft)
{
    struct cataloguing c = {look, place, draft, NULL, json_array()};
    json_auto_t *raws = json_array();

    look_at_catalog(flow, &c);
    name_tables(&c, find_raw(&c, raws));
    name_workgroup(flow, &c);
    json_decref(c.databases);
    json_decref(c.tables);
}
