/* load_parameters.c -- the ${...} of a template: parameters, built-in names, files; and variables
 * of the environment that were set for it in vain.
 *
 * A parameter's text is in the template's language too, so a default may use other parameters and
 * files.  References to resources stay as they are until the order of the resources is known. */
#include "aws/partition.h"
#include "base/mem.h"
#include "billing/prices/price_book_words.h"
#include "spec/load_private.h"

#include <ctype.h>
#include <string.h>

/* Of billing.yaml's variables; those of the command line begin with BILLINGD_. */
#define VARIABLE_PREFIX "BILLING_"

extern char **environ;

enum { MAX_FILE_DEPTH = 8, MAX_TEXT = 1 << 20 };

const char *const load_parameters_built_in[] = {"account",
                                                "region",
                                                "partition",
                                                "pipeline",
                                                "dns_suffix",
                                                "billing_time_zone",
                                                "billing_max_response",
                                                "billing_currency",
                                                "billing_currency_digits",
                                                "billing_call_price",
                                                "billing_gib_price",
                                                "billing_log_groups",
                                                "billing_since",
                                                NULL};

struct load_parameter {
    const char *name;             /* borrowed from the template */
    const struct yaml_node *node; /* its value or default; NULL: neither */
    const char *value;            /* expanded text, owned by `text`; NULL until first used */
    char *text;
    char *path;
    bool busy; /* being expanded: meeting it again is a circle */
};

/* Where a text stands: a YAML node, or a line of a file that a node's ${file:...} named. */
struct place {
    struct load *load;
    struct draft *draft;
    const struct yaml_node *node;
    const struct load_way *way;
    const char *file; /* NULL: in the node itself */
    const char *text; /* whole text of that file; NULL without one */
    int depth;
};

static void expand(const struct place *place, const char *text, struct str *s);

static void tell(const struct place *place, const char *at, const char *problem)
{
    struct yaml_place where = {place->node->file, place->node->line, place->node->column};
    cleanup_free char *path = NULL;

    if (place->file && place->text) {
        where = (struct yaml_place){place->file, 1, 1};
        for (const char *c = place->text; c < at; c++) {
            if (*c == '\n') {
                where.line++;
                where.column = 1;
            } else if (((unsigned char)*c & 0xc0) != 0x80) {
                where.column++;
            }
        }
    }
    path = load_way_text(place->way);
    problems_add(place->load->problems, PROBLEM_ERROR, where, path, "%s", problem);
}

static struct load_parameter *find(const struct draft *draft, const char *name)
{
    for (size_t i = 0; i < draft->parameter_count; i++)
        if (!strcmp(draft->parameters[i].name, name))
            return &draft->parameters[i];
    return NULL;
}

static const char *parameter_value(struct load *load, struct draft *draft, struct load_parameter *p)
{
    const struct load_way way = {.key = p->path};
    struct place place = {.load = load, .draft = draft, .node = p->node, .way = &way};
    struct str s = {0};

    if (p->value)
        return p->value;
    if (p->busy) {
        load_error(load, p->node, p->path, "the parameter refers to itself");
        return LOAD_POISON;
    }
    p->busy = true;
    expand(&place, p->node->text, &s);
    p->busy = false;
    p->text = str_take(&s);
    p->value = p->text;
    return p->value;
}

/* The file's text without its last line ends, read once for all pipelines; NULL with *problem (new
 * text). */
static const char *file_text(struct load *load, const char *path, char **problem)
{
    const char *known = json_text(load->files, path);
    size_t length = 0;
    cleanup_free char *bytes = known ? NULL : yaml_read_bytes(path, &length, problem);

    if (known || !bytes)
        return known;
    if (!str_is_utf8(bytes, length)) {
        *problem = mem_text("is not UTF-8 text");
        return NULL;
    }
    while (length && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
        bytes[--length] = '\0';
    json_object_set_new(load->files, path, json_string(bytes));
    return json_text(load->files, path);
}

static void add_file(const struct place *place, const struct reference *r, struct str *s)
{
    cleanup_free char *name = mem_text_n(r->name + 5, r->length - 5);
    cleanup_free char *directory = load_directory(place->file ? place->file : place->node->file);
    cleanup_free char *path = mem_printf("%s%s", directory, name);
    cleanup_free char *problem = NULL;
    struct place inner = *place;

    if (place->depth >= MAX_FILE_DEPTH)
        problem = mem_text("files name each other in a circle");
    else if (!*name || *name == '/')
        problem = mem_text("needs a path relative to this file");
    else
        inner.text = file_text(place->load, path, &problem);
    if (problem) {
        cleanup_free char *text = mem_printf("${file:%s}: %s", name, problem);

        tell(place, r->start, text);
        str_add(s, LOAD_POISON);
        return;
    }
    inner.file = path;
    inner.depth++;
    expand(&inner, inner.text, s);
}

static char *unknown_problem(const struct draft *draft, const char *name)
{
    const char **names = mem_new(
        (draft->parameter_count + sizeof load_parameters_built_in / sizeof *names) * sizeof *names);
    cleanup_free char *hint = NULL;
    size_t n = 0;
    char *text;

    for (; n < draft->parameter_count; n++)
        names[n] = draft->parameters[n].name;
    for (size_t i = 0; load_parameters_built_in[i]; i++)
        names[n++] = load_parameters_built_in[i];
    if (isupper((unsigned char)*name) || *name == '_')
        text = mem_printf("${%s}: environment variables are only known in billing.yaml", name);
    else if (load_is_name(name, "_", false))
        text =
            mem_printf("${%s}: there is no such parameter%s", name, hint = str_hint(name, names));
    else
        text = mem_printf("${%s}: is neither a parameter nor a reference like ${resource.arn}; "
                          "write $${%s} for a literal ${%s}",
                          name, name, name);
    free(names);
    return text;
}

/* "resource.attribute" by its form. */
static bool is_reference(const char *name)
{
    const char *dot = strchr(name, '.');
    cleanup_free char *id = dot ? mem_text_n(name, (size_t)(dot - name)) : NULL;

    return id && load_is_name(id, "_-", false) && load_is_name(dot + 1, "_", false);
}

/* A built-in name's value, new; NULL for those that are known later, and for other names. */
static char *built_in(const struct manifest_pipeline *pipeline, const char *name)
{
    if (!strcmp(name, "pipeline"))
        return mem_text(pipeline->name);
    if (!strcmp(name, "region"))
        return mem_text(pipeline->region ? pipeline->region : LOAD_POISON);
    if (!strcmp(name, "dns_suffix"))
        return mem_text(pipeline->region ? aws_partition_of(pipeline->region)->dns_suffix
                                         : LOAD_POISON);
    return NULL;
}

/* The same, worked out once a pipeline. */
static const char *built_in_word(struct draft *draft, const char *name)
{
    cleanup_free char *word = NULL;

    if (!draft->words)
        draft->words = price_book_words(draft->pipeline->billing, draft->pipeline->book);
    if (!json_object_get(draft->words, name)) {
        word = built_in(draft->pipeline, name);
        json_object_set_new(draft->words, name,
                            !word                             ? json_null()
                            : str_is_utf8(word, strlen(word)) ? json_string(word)
                                                              : json_true());
    }
    return json_is_true(json_object_get(draft->words, name)) ? LOAD_POISON
                                                             : json_text(draft->words, name);
}

static void add_reference(const struct place *place, const struct reference *r, struct str *s)
{
    cleanup_free char *name = mem_text_n(r->name, r->length);
    struct load_parameter *parameter = find(place->draft, name);
    cleanup_free char *problem = NULL;
    const char *known;

    if (!strncmp(name, "file:", 5)) {
        add_file(place, r, s);
    } else if (!strcmp(name, "account") || !strcmp(name, "partition") || is_reference(name)) {
        str_add_n(s, r->start, (size_t)(r->end - r->start));
    } else if ((known = built_in_word(place->draft, name))) {
        str_add(s, known);
    } else if (parameter) {
        str_add(s, parameter_value(place->load, place->draft, parameter));
    } else {
        problem = unknown_problem(place->draft, name);
        tell(place, r->start, problem);
        str_add(s, LOAD_POISON);
    }
}

static void expand(const struct place *place, const char *text, struct str *s)
{
    struct reference r;

    while (load_text_next(text, &r)) {
        str_add_n(s, text, (size_t)(r.start - text));
        if (!r.end) {
            tell(place, r.start, "${ without its }; write $${ for a literal ${");
            str_add(s, LOAD_POISON);
            return;
        }
        add_reference(place, &r, s);
        text = r.end;
        if (s->len > MAX_TEXT) {
            tell(place, r.start, "the expanded text is larger than 1 MiB");
            str_add(s, LOAD_POISON);
            return;
        }
    }
    str_add(s, text);
}

/* What is nothing but a parameter stands where the parameter's value stands: that is where somebody
 * has to look when the value is wrong. */
static void take_place(const struct draft *draft, struct yaml_node *node, const struct reference *r)
{
    cleanup_free char *name = mem_text_n(r->name, r->length);
    const struct load_parameter *parameter = find(draft, name);

    if (!parameter || !parameter->node || r->start != node->text || !r->end || *r->end)
        return;
    node->file = parameter->node->file;
    node->line = parameter->node->line;
    node->column = parameter->node->column;
}

static void expand_node(struct load *load, struct draft *draft, struct yaml_node *node,
                        const struct load_way *way)
{
    struct place place = {.load = load, .draft = draft, .node = node, .way = way};
    struct reference r;

    if (node->type == YAML_TEXT && load_text_next(node->text, &r)) {
        struct str s = {0};
        size_t length;

        expand(&place, node->text, &s);
        take_place(draft, node, &r);
        free(node->text);
        length = s.len;
        node->text = mem_resize(str_take(&s), length + 1, 1); /* many lie there for long */
        node->quoted |= !*node->text;                         /* empty, not null */
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct load_way below = {way, node->items[i]->key, i};

        if (yaml_has_dollar(node->items[i]))
            expand_node(load, draft, yaml_own(&node->items[i]), &below);
    }
}

void load_parameters_expand(struct load *load, struct draft *draft, struct yaml_node *node,
                            const char *path)
{
    expand_node(load, draft, node, &(struct load_way){.key = path});
}

/* The pipeline's value unless it is empty, else the template's default. */
static void read_one(struct load *load, struct draft *draft, const struct yaml_node *declared,
                     const struct yaml_node *given)
{
    struct load_parameter *p = &draft->parameters[draft->parameter_count];
    const struct yaml_node *value = yaml_find(given, declared->key);

    *p = (struct load_parameter){.name = declared->key};
    p->path = mem_printf("%s.parameters.%s", draft->path, p->name);
    p->node = yaml_find(declared, "default");
    if (value && value->type != YAML_TEXT) {
        load_error(load, value, p->path, "must be a text, not a %s",
                   value->type == YAML_LIST ? "list" : "mapping");
        p->value = LOAD_POISON;
    } else if (value && *value->text && !yaml_is_null(value)) {
        p->node = value;
    }
    if (!p->node || p->node->type != YAML_TEXT) {
        if (!p->value)
            load_error_key(load, draft->node, draft->path,
                           "the parameter %s is missing, and %s has no default for it", p->name,
                           declared->file);
        p->value = LOAD_POISON;
    }
    draft->parameter_count++;
}

void load_parameters_read(struct load *load, struct draft *draft, const struct yaml_node *template)
{
    const struct yaml_node *declared = yaml_find(template, "parameters");
    const struct yaml_node *given = yaml_find(draft->node, "parameters");
    cleanup_free char *path = mem_printf("%s.parameters", draft->path);
    size_t count = declared && declared->type == YAML_MAP ? declared->count : 0;
    const char **names = mem_new((count + 1) * sizeof *names);

    draft->parameters = mem_new((count + 1) * sizeof *draft->parameters);
    for (size_t i = 0; i < count; i++) {
        names[i] = declared->items[i]->key;
        read_one(load, draft, declared->items[i], given);
    }
    if (given && !yaml_is_null(given))
        (void)load_check_keys(load, given, path, names);
    for (size_t i = 0; i < draft->parameter_count; i++)
        (void)parameter_value(load, draft, &draft->parameters[i]);
    free(names);
}

void load_parameters_free(struct draft *draft)
{
    for (size_t i = 0; i < draft->parameter_count; i++) {
        free(draft->parameters[i].text);
        free(draft->parameters[i].path);
    }
    free(draft->parameters);
}

/* ---- environment variables that were set in vain ---- */

/* The pipeline with a parameter that a variable is named after (BILLING_S3_PREFIX: s3_prefix). */
static const struct draft *draft_with(const struct load *load, const char *parameter)
{
    for (size_t i = 0; i < load->draft_count; i++)
        if (find(&load->drafts[i], parameter))
            return &load->drafts[i];
    return NULL;
}

static void warn_parameter(struct load *load, const struct draft *draft, const char *variable,
                           const char *parameter)
{
    const struct yaml_node *parameters = yaml_find(draft->node, "parameters");
    const struct yaml_node *own = yaml_find(parameters, parameter);
    const struct yaml_node *at = own ? own : parameters ? parameters : draft->node;
    cleanup_free char *path = mem_printf("%s.parameters.%s", draft->path, parameter);

    problems_add(load->problems, PROBLEM_WARNING,
                 (struct yaml_place){at->key_file, at->key_line, at->key_column}, path,
                 "the environment variable %s is set, but nothing in the spec uses it; "
                 "%s: ${%s} among these parameters would",
                 variable, parameter, variable);
}

/* "; did you mean one that is used?" or "", in new memory. */
static char *hint_of(const struct load *load, const char *variable)
{
    const char **names = mem_new((json_object_size(load->variables) + 1) * sizeof *names);
    size_t n = 0;
    const char *name, *nearest;
    json_t *value;

    json_object_foreach(load->variables, name, value)
        names[n++] = name;
    nearest = str_nearest(variable, names);
    free(names);
    return nearest ? mem_printf("; did you mean %s?", nearest) : mem_text("");
}

static void warn_variable(struct load *load, const struct yaml_node *root, const char *variable)
{
    cleanup_free char *parameter = mem_text(variable + strlen(VARIABLE_PREFIX));
    cleanup_free char *hint = NULL;
    const struct draft *draft;

    for (char *c = parameter; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if ((draft = draft_with(load, parameter))) {
        warn_parameter(load, draft, variable, parameter);
        return;
    }
    hint = hint_of(load, variable);
    problems_add(load->problems, PROBLEM_WARNING, (struct yaml_place){.file = root->file}, "",
                 "the environment variable %s is set, but nothing in the spec uses it%s", variable,
                 hint);
}

void load_parameters_warn(struct load *load, const struct yaml_node *root)
{
    for (char **entry = environ; *entry; entry++) {
        size_t n = strcspn(*entry, "=");
        cleanup_free char *name = mem_text_n(*entry, n);

        if (!strncmp(name, VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) && (*entry)[n] &&
            (*entry)[n + 1] && !json_object_get(load->variables, name) && str_is_utf8(name, n))
            warn_variable(load, root, name);
    }
}
