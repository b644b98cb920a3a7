/* model.c -- loads service models and finds things in them. */
#include "aws/codec/model.h"

#include "aws/codec/model_embed.h"
#include "base/json.h"
#include "base/mem.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

struct loaded {
    struct aws_model model; /* first: a model is freed through it */
    json_t *document;
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

struct aws_model *aws_model_new(const char *name, json_t *document)
{
    const json_t *metadata = json_object_get(document, "metadata");
    struct loaded *loaded = mem_new(sizeof(*loaded));
    struct aws_model *model = &loaded->model;
    const json_t *xmlns = json_object_get(metadata, "xmlNamespace");

    model->shapes = json_object_get(document, "shapes");
    model->operations = json_object_get(document, "operations");
    if (!set_protocol(model, json_text(metadata, "protocol")) || !json_is_object(model->shapes) ||
        !json_is_object(model->operations)) {
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
    return model;
}

void aws_model_free(struct aws_model *model)
{
    struct loaded *loaded = (struct loaded *)model;

    if (!loaded)
        return;
    json_decref(loaded->document);
    free(loaded->name);
    free(loaded->config_id);
    free(loaded);
}

static struct loaded *load(const struct model_embed_file *file)
{
    json_error_t error;
    json_auto_t *document = json_loadb(file->text, (size_t)(file->end - file->text), 0, &error);
    struct aws_model *model = document ? aws_model_new(file->name, document) : NULL;

    if (!model) /* compiled in: only a broken build gets here */
        abort();
    return (struct loaded *)model;
}

/* scripts/models writes the metadata first; what follows it is not looked at. */
char *aws_model_config_id(const struct model_embed_file *file)
{
    static const char start[] = "{\"metadata\":";
    const char *text = file->text + sizeof start - 1;
    json_error_t error;
    json_auto_t *metadata = NULL;

    if (!strncmp(file->text, start, sizeof start - 1))
        metadata = json_loadb(text, (size_t)(file->end - text), JSON_DISABLE_EOF_CHECK, &error);
    if (!metadata) /* compiled in: only a broken build gets here */
        abort();
    return config_id(text_or(metadata, "serviceId", file->name));
}

static const struct aws_model *find(const char *name)
{
    for (struct loaded *loaded = embedded; loaded; loaded = loaded->next)
        if (!strcmp(loaded->name, name))
            return &loaded->model;
    for (const struct model_embed_file *file = model_embed_files; file->name; file++) {
        if (!strcmp(file->name, name)) {
            struct loaded *loaded = load(file);

            loaded->next = embedded;
            embedded = loaded;
            return &loaded->model;
        }
    }
    return NULL;
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

bool aws_model_operation(const struct aws_model *model, const char *name, struct aws_operation *out)
{
    const char *key = json_object_iter_key(json_object_iter_at(model->operations, name));

    if (!key)
        return false;
    *out = (struct aws_operation){model, key, json_object_get(model->operations, name)};
    return true;
}

const json_t *aws_model_shape(const struct aws_model *model, const char *name)
{
    return name ? json_object_get(model->shapes, name) : NULL;
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
