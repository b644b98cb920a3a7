/* load_billing.c -- the sections `billing` (prices, customers, rollups) and `cost` (what AWS
 * charges), and the queries billing runs.  What the sections may say is said in billing/prices;
 * here they are merged, and their problems get their place in the file. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/cost_prices.h"
#include "billing/prices/price_book.h"
#include "spec/load_private.h"

#include <string.h>

struct section {
    struct load *load;
    const struct yaml_node *node; /* merged */
    const char *path;             /* "billing", or "pipelines.one.billing" */
    bool poisoned;                /* a text could not be expanded: told already */
};

/* New text; NULL when it was told, or is nothing. */
static json_t *read_scalar(struct section *section, const struct yaml_node *node, const char *path)
{
    cleanup_free char *text = NULL;

    if (yaml_is_null(node))
        return NULL;
    if (!*node->text)
        return json_string("");
    text = load_text_setting(section->load, node, path);
    section->poisoned |= !text;
    return text ? json_string(text) : NULL;
}

static json_t *read_node(struct section *section, const struct yaml_node *node, const char *path)
{
    json_t *whole;

    if (node->type == YAML_TEXT)
        return read_scalar(section, node, path);
    whole = node->type == YAML_MAP ? json_object() : json_array();
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        cleanup_free char *below =
            item->key ? mem_printf("%s.%s", path, item->key) : mem_printf("%s[%zu]", path, i);
        json_t *value = read_node(section, item, below);

        if (node->type == YAML_LIST)
            (void)json_array_append_new(whole, value ? value : json_null());
        else if (value)
            (void)json_object_set_new(whole, item->key, value);
    }
    return whole;
}

/* A problem stands at the value it is about, an unknown key at the key. */
static void on_problem(void *arg, const char *path, const char *problem)
{
    const struct section *section = arg;
    const struct yaml_node *node = yaml_at(section->node, path);
    cleanup_free char *whole = mem_printf("%s%s%s", section->path, *path ? "." : "", path);

    if (!strncmp(problem, "unknown key", 11))
        load_error_key(section->load, node, whole, "%s", problem);
    else
        load_error(section->load, node, whole, "%s", problem);
}

typedef int section_check_fn(const json_t *section, section_problem_fn *problem, void *arg);

/* The checked section; NULL when something is wrong with it. */
static json_t *read_section(struct load *load, const struct yaml_node *node, const char *path,
                            section_check_fn *check)
{
    struct section section = {.load = load, .node = node, .path = path};
    json_t *value;

    if (node->type != YAML_MAP) {
        load_error(load, node, path, "must be a mapping (key: value)");
        return NULL;
    }
    value = read_node(&section, node, path);
    if (!section.poisoned && !check(value, on_problem, &section))
        return value;
    json_decref(value);
    return NULL;
}

static bool is_there(const struct yaml_node *node)
{
    return node && !yaml_is_null(node);
}

/* base with over laid over it; owned by the manifest, so that positions stay. */
static const struct yaml_node *merge(struct load *load, struct yaml_node *base,
                                     struct yaml_node *over)
{
    struct yaml_node *merged;

    if (!is_there(base) || !is_there(over) || base->type != YAML_MAP || over->type != YAML_MAP)
        return is_there(over) ? over : is_there(base) ? base : NULL;
    merged = yaml_copy(base);
    yaml_merge(merged, over);
    yaml_add(load->documents, merged);
    return merged;
}

static json_t *read_laid_over(struct load *load, const struct draft *draft,
                              const struct yaml_node *root, const char *name,
                              section_check_fn *check)
{
    struct yaml_node *own = yaml_find(draft->node, name);
    const struct yaml_node *node = merge(load, yaml_find(root, name), own);
    cleanup_free char *path = mem_printf("%s.%s", draft->path, name);

    return node ? read_section(load, node, is_there(own) ? path : name, check) : NULL;
}

void load_billing_read(struct load *load, struct draft *draft, const struct yaml_node *root)
{
    struct manifest_pipeline *pipeline = draft->pipeline;

    pipeline->billing = read_laid_over(load, draft, root, "billing", price_book_check);
    pipeline->book = pipeline->billing ? price_book_new(pipeline->billing) : NULL;
    pipeline->cost = read_laid_over(load, draft, root, "cost", cost_prices_check);
}

static const char *bucket_of(const struct draft *draft)
{
    const struct manifest_pipeline *pipeline = draft->pipeline;

    for (size_t i = 0; i < pipeline->resource_count; i++)
        if (!strcmp(pipeline->resources[i].id, "bucket"))
            return json_text(pipeline->resources[i].declared, "name");
    return NULL;
}

static void tell_series(struct load *load, const struct yaml_node *root, const struct draft *draft,
                        const char *series, const char *other)
{
    struct yaml_node *own = yaml_find(draft->node, "billing");
    const struct yaml_node *node = own ? yaml_at(own, "seller.series") : NULL;
    cleanup_free char *path = node ? mem_printf("%s.billing.seller.series", draft->path)
                                   : mem_text("billing.seller.series");

    load_error(
        load, node ? node : yaml_at(root, "billing.seller.series"), path,
        "%s is the series of %s, too, which has another bucket: both would give the number 1; "
        "give each pipeline a series of its own (pipelines.NAME.billing.seller.series), or "
        "leave it out: then numbers begin with the pipeline's name",
        series, other);
}

/* What numbers begin with, new text; NULL: there is no seller. */
static char *series_of(const struct draft *draft)
{
    const json_t *seller = json_object_get(draft->pipeline->billing, "seller");
    const char *series = json_text(seller, "series");

    if (!json_is_object(seller))
        return NULL;
    return series && *series ? mem_text(series) : mem_printf("%s-", draft->pipeline->name);
}

/* Closing asks for it when everything else is settled: a template of one's own may lack it. */
static void need_query(struct load *load, const struct yaml_node *root, const struct draft *draft,
                       const char *place, const char *query)
{
    struct yaml_node *own = yaml_find(draft->node, "billing");
    const struct yaml_node *node = own ? yaml_at(own, place) : NULL;
    cleanup_free char *whole = mem_printf("billing.%s", place);
    cleanup_free char *path = node ? mem_printf("%s.%s", draft->path, whole) : mem_text(whole);

    if (!draft->pipeline->queries || json_object_get(draft->pipeline->queries, query))
        return;
    load_error(load, node ? node : yaml_at(root, whole), path,
               "needs the query %s, which the template of %s does not have: add it to its "
               "queries, as the shipped template has it (%s: ${file:sql/%s.sql})",
               query, draft->pipeline->name, query, query);
}

void load_billing_seller(struct load *load, const struct yaml_node *root)
{
    for (size_t i = 0; i < load->draft_count; i++) {
        const struct draft *draft = &load->drafts[i];
        const json_t *billing = draft->pipeline->billing;
        const char *receipts = json_text(billing, "receipts");

        if (!json_is_object(json_object_get(billing, "seller")))
            continue;
        need_query(load, root, draft, "seller", "usage_days");
        if (receipts && !strcmp(receipts, "requests"))
            need_query(load, root, draft, "receipts", "requests");
    }
}

void load_billing_series(struct load *load, const struct yaml_node *root)
{
    json_auto_t *known = json_object(); /* series -> [bucket, pipeline] */

    for (size_t i = 0; i < load->draft_count; i++) {
        const struct draft *draft = &load->drafts[i];
        cleanup_free char *series = series_of(draft);
        const char *bucket = series ? bucket_of(draft) : NULL;
        const json_t *first = bucket ? json_object_get(known, series) : NULL;

        if (bucket && !first)
            json_object_set_new(known, series, json_pack("[s, s]", bucket, draft->pipeline->name));
        else if (first && strcmp(json_string_value(json_array_get(first, 0)), bucket) != 0)
            tell_series(load, root, draft, series, json_string_value(json_array_get(first, 1)));
    }
}

json_t *load_billing_cost(struct load *load, const struct yaml_node *root)
{
    const struct yaml_node *node = yaml_find(root, "cost");

    return is_there(node) ? read_section(load, node, "cost", cost_prices_check) : NULL;
}

/* Only parameters are known in a query; $${x} is left for billing as ${x}. */
static void read_query(struct load *load, struct draft *draft, const struct yaml_node *node)
{
    cleanup_free char *path = mem_printf("%s.queries.%s", draft->path, node->key);
    struct str s = {0};
    struct reference r;

    if (node->type != YAML_TEXT || yaml_is_null(node)) {
        load_error(load, node, path, "must be the text of a query");
        return;
    }
    if (load_is_poisoned(node))
        return;
    if (load_text_next(node->text, &r)) {
        load_error(load, node, path,
                   "${%.*s}: only parameters are known here; $${name} is filled in when the query "
                   "runs",
                   (int)r.length, r.name);
        return;
    }
    load_text_add_unescaped(&s, node->text, strlen(node->text));
    json_object_set_new(draft->pipeline->queries, node->key, json_string(str_text(&s)));
    str_fini(&s);
}

static bool check_queries(struct load *load, const struct yaml_node *node, const char *path)
{
    if (!is_there(node) || node->type == YAML_MAP)
        return true;
    load_error(load, node, path, "must be a mapping (name: SQL)");
    return false;
}

void load_billing_queries(struct load *load, struct draft *draft, const struct yaml_node *template)
{
    struct yaml_node *declared = yaml_find(template, "queries");
    struct yaml_node *own = yaml_find(draft->node, "queries");
    cleanup_free char *path = mem_printf("%s.queries", draft->path);
    struct yaml_node *queries;

    draft->pipeline->queries = json_object();
    if (!check_queries(load, declared, "queries") | !check_queries(load, own, path))
        return;
    if (!is_there(declared) && !is_there(own))
        return;
    queries = yaml_copy(is_there(declared) ? declared : own);
    if (is_there(declared) && is_there(own))
        yaml_merge(queries, own);
    load_parameters_expand(load, draft, queries, path);
    for (size_t i = 0; i < queries->count; i++)
        read_query(load, draft, queries->items[i]);
    yaml_tree_free(queries);
}

/* The section of another file: under `billing`, or the file itself. */
static struct yaml_node *section_of(struct load *load, struct yaml_node *root)
{
    struct yaml_node *section = yaml_find(root, "billing");

    if (is_there(section))
        return section;
    if (yaml_find(root, "prices"))
        return root;
    load_error(load, root, "billing", "is missing: this file has no prices");
    return NULL;
}

json_t *load_billing_other(struct load *load, struct yaml_node *root,
                           const struct manifest_pipeline *pipeline)
{
    struct yaml_node *section, *own;
    json_t *read, *whole;
    size_t before = load->problems->errors;

    load_text_environment(load, root, "");
    section = section_of(load, root);
    own = yaml_find(yaml_find(yaml_find(root, "pipelines"), pipeline->name), "billing");
    if (!section || load->problems->errors > before)
        return NULL;
    read = read_section(load, merge(load, section, own), "billing", price_book_check);
    if (!read || !pipeline->billing)
        return read;
    whole = json_copy(pipeline->billing);
    json_object_update(whole, read);
    json_decref(read);
    return whole;
}
