/* model.c -- loads service models and finds things in them.
 *
 * Most of a program's runs need few of their operations and shapes, and parsing all of them is half
 * of what `check` does: of a model that is compiled in, each is parsed when it is first asked for.
 */
#include "aws/codec/model.h"

#include "aws/codec/model_embed.h"
#include "base/json.h"
#include "base/mem.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* An operation or a shape: its line in the model's text. */
struct member {
    const char *name; /* length bytes */
    size_t length;
    const char *text, *end;   /* its value, JSON */
    _Atomic(json_t *) parsed; /* NULL: not yet */
};

/* Sorted by name, as scripts/models writes them. */
struct section {
    struct member *members;
    size_t count;
};

struct loaded {
    struct aws_model model;                  /* first: a model is freed through it */
    json_t *document;                        /* of one that is compiled in: its metadata */
    json_t *shapes_given, *operations_given; /* in the document; NULL: in the sections */
    struct section shapes, operations;
    char *name, *config_id;
    struct loaded *next;
};

/* Those loaded so far; a spec is checked on another thread than calls are made on. */
static struct loaded *embedded;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static bool set_protocol(struct aws_model *model, const char *name)
{
    static const char *const names[] = {
        [AWS_QUERY] = "query",
        [AWS_JSON] = "json",
        [AWS_REST_JSON] = "rest-json",
        [AWS_REST_XML] = "rest-xml",
    };

    for (unsigned i = 0; name && i < sizeof(names) / sizeof(*names); i++) {
        if (!strcmp(name, names[i])) {
            model->protocol = (enum aws_protocol)i;
            return true;
        }
    }
    return false;
}

/* "CloudWatch Logs" -> "CLOUDWATCH_LOGS". */
static char *config_id(const char *service_id)
{
    char *id = mem_text(service_id);

    for (char *p = id; *p; p++)
        *p = *p == ' ' ? '_' : (char)toupper((unsigned char)*p);
    return id;
}

static const char *text_or(const json_t *metadata, const char *key, const char *otherwise)
{
    const char *text = json_text(metadata, key);

    return text ? text : otherwise;
}

/* document: has the metadata; a reference is taken.  NULL when these are wrong. */
static struct loaded *new_model(const char *name, json_t *document)
{
    const json_t *metadata = json_object_get(document, "metadata");
    struct loaded *loaded = mem_new(sizeof(*loaded));
    struct aws_model *model = &loaded->model;
    const json_t *xmlns = json_object_get(metadata, "xmlNamespace");

    if (!set_protocol(model, json_text(metadata, "protocol"))) {
        free(loaded);
        return NULL;
    }
    loaded->document = json_share(document);
    model->name = loaded->name = mem_text(name);
    model->endpoint = text_or(metadata, "endpointPrefix", name);
    model->signing = text_or(metadata, "signingName", model->endpoint);
    model->config_id = loaded->config_id = config_id(text_or(metadata, "serviceId", name));
    model->api_version = text_or(metadata, "apiVersion", "");
    model->global = json_text(metadata, "globalEndpoint") && !strcmp(name, "iam");
    model->query_compatible = json_object_get(metadata, "awsQueryCompatible") != NULL;
    if (model->protocol == AWS_JSON) {
        model->target = text_or(metadata, "targetPrefix", "");
        model->json_version = text_or(metadata, "jsonVersion", "1.0");
    }
    model->xml_namespace =
        json_is_object(xmlns) ? json_text(xmlns, "uri") : json_string_value(xmlns);
    return loaded;
}

struct aws_model *aws_model_new(const char *name, json_t *document)
{
    json_t *shapes = json_object_get(document, "shapes");
    json_t *operations = json_object_get(document, "operations");
    struct loaded *loaded =
        json_is_object(shapes) && json_is_object(operations) ? new_model(name, document) : NULL;

    if (!loaded)
        return NULL;
    loaded->shapes_given = shapes;
    loaded->operations_given = operations;
    return &loaded->model;
}

static void free_section(struct section *section)
{
    for (size_t i = 0; i < section->count; i++)
        json_decref(section->members[i].parsed);
    free(section->members);
}

void aws_model_free(struct aws_model *model)
{
    struct loaded *loaded = (struct loaded *)model;

    if (!loaded)
        return;
    json_decref(loaded->document);
    free_section(&loaded->shapes);
    free_section(&loaded->operations);
    free(loaded->name);
    free(loaded->config_id);
    free(loaded);
}

/* Compiled in: only a broken build gets here. */
static json_t *parse(const char *text, const char *end, size_t flags)
{
    json_error_t error;
    json_t *value = json_loadb(text, (size_t)(end - text), flags, &error);

    if (!value)
        abort();
    return value;
}

/* scripts/models writes the metadata first, then each operation and shape on a line of its own. */
static const char start[] = "{\"metadata\":";

static json_t *parse_metadata(const struct model_embed_file *file)
{
    if (strncmp(file->text, start, sizeof start - 1) != 0)
        abort();
    return parse(file->text + sizeof start - 1, file->end, JSON_DISABLE_EOF_CHECK);
}

/* text: the line that names the section.  Returns what follows its members. */
static const char *index_section(struct section *section, const char *text, const char *end)
{
    size_t room = 0;
    const char *line = memchr(text, '\n', (size_t)(end - text)), *next, *quote;

    for (line = line ? line + 1 : end; line < end && *line == '"'; line = next) {
        next = memchr(line, '\n', (size_t)(end - line));
        next = next ? next + 1 : end;
        quote = memchr(line + 1, '"', (size_t)(next - line - 1));
        if (!quote)
            abort();
        if (section->count == room) {
            room = room ? 2 * room : 32;
            section->members = mem_resize(section->members, room, sizeof *section->members);
        }
        section->members[section->count++] =
            (struct member){line + 1, (size_t)(quote - line - 1), quote + 2, next, NULL};
    }
    return line;
}

static struct loaded *load(const struct model_embed_file *file)
{
    json_auto_t *document = json_pack("{s:o}", "metadata", parse_metadata(file));
    struct loaded *loaded = new_model(file->name, document);
    const char *line = memchr(file->text, '\n', (size_t)(file->end - file->text));

    if (!loaded || !line)
        abort();
    line = index_section(&loaded->operations, line + 1, file->end);
    line = memchr(line, '\n', (size_t)(file->end - line));
    if (!line)
        abort();
    (void)index_section(&loaded->shapes, line + 1, file->end);
    return loaded;
}

char *aws_model_config_id(const struct model_embed_file *file)
{
    json_auto_t *metadata = parse_metadata(file);

    return config_id(text_or(metadata, "serviceId", file->name));
}

static const struct model_embed_file *find_file(const char *name)
{
    for (const struct model_embed_file *file = model_embed_files; file->name; file++)
        if (!strcmp(file->name, name))
            return file;
    return NULL;
}

json_t *aws_model_document(const char *name)
{
    const struct model_embed_file *file = find_file(name);

    return file ? parse(file->text, file->end, 0) : NULL;
}

static const struct aws_model *find(const char *name)
{
    const struct model_embed_file *file;
    struct loaded *loaded;

    for (loaded = embedded; loaded; loaded = loaded->next)
        if (!strcmp(loaded->name, name))
            return &loaded->model;
    file = find_file(name);
    if (!file)
        return NULL;
    loaded = load(file);
    loaded->next = embedded;
    embedded = loaded;
    return &loaded->model;
}

const struct aws_model *aws_model(const char *name)
{
    const struct aws_model *found;

    (void)pthread_mutex_lock(&loading);
    found = find(name);
    (void)pthread_mutex_unlock(&loading);
    return found;
}

void aws_model_unload(void)
{
    while (embedded) {
        struct loaded *loaded = embedded;

        embedded = loaded->next;
        aws_model_free(&loaded->model);
    }
}

static int compare(const void *key, const void *element)
{
    const struct member *member = element;
    const char *name = key;
    int order = strncmp(name, member->name, member->length);

    return order ? order : (unsigned char)name[member->length];
}

static const json_t *find_member(const struct section *section, const char *name)
{
    struct member *member = section->count ? bsearch(name, section->members, section->count,
                                                     sizeof *section->members, compare)
                                           : NULL;

    if (!member || member->parsed)
        return member ? member->parsed : NULL;
    (void)pthread_mutex_lock(&loading);
    if (!member->parsed)
        member->parsed = parse(member->text, member->end, JSON_DISABLE_EOF_CHECK);
    (void)pthread_mutex_unlock(&loading);
    return member->parsed;
}

bool aws_model_operation(const struct aws_model *model, const char *name, struct aws_operation *out)
{
    const struct loaded *loaded = (const struct loaded *)model;
    json_t *given = loaded->operations_given;
    const json_t *document =
        given ? json_object_get(given, name) : find_member(&loaded->operations, name);

    if (!document)
        return false;
    *out = (struct aws_operation){model,
                                  given ? json_object_iter_key(json_object_iter_at(given, name))
                                        : json_text(document, "name"),
                                  document};
    return true;
}

const json_t *aws_model_shape(const struct aws_model *model, const char *name)
{
    const struct loaded *loaded = (const struct loaded *)model;

    if (!name)
        return NULL;
    return loaded->shapes_given ? json_object_get(loaded->shapes_given, name)
                                : find_member(&loaded->shapes, name);
}

/* The shape a reference {"shape": NAME} names. */
static const json_t *named(const struct aws_model *model, const json_t *reference)
{
    return aws_model_shape(model, json_text(reference, "shape"));
}

static const json_t *step(const struct aws_model *model, const json_t *shape, const char *name,
                          size_t length)
{
    const char *type = json_text(shape, "type");
    bool item = length == 2 && !strncmp(name, "[]", 2);

    if (!type)
        return NULL;
    if (!strcmp(type, "list"))
        return item ? named(model, json_object_get(shape, "member")) : NULL;
    if (!strcmp(type, "map"))
        return named(model, json_object_get(shape, "value"));
    return named(model, json_object_getn(json_object_get(shape, "members"), name, length));
}

static const json_t *walk(const struct aws_operation *operation, const char *side, const char *path)
{
    const json_t *shape = named(operation->model, json_object_get(operation->document, side));

    while (shape && *path) {
        size_t n = *path == '[' ? strcspn(path, ".") : strcspn(path, ".[");

        shape = step(operation->model, shape, path, n);
        path += n;
        if (*path == '.')
            path++;
    }
    return shape;
}

const json_t *aws_model_input(const struct aws_operation *operation, const char *path)
{
    return walk(operation, "input", path);
}

const json_t *aws_model_output(const struct aws_operation *operation, const char *path)
{
    return walk(operation, "output", path);
}
