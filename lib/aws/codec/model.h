/* model.h -- AWS's own service models, trimmed to the operations billingd uses, compiled in.
 *
 * One JSON document per service in lib/aws/models/, in botocore's format (metadata, operations,
 * shapes), made by scripts/models from the botocore that comes with moto.  Everything that encodes,
 * decodes or validates is driven by these, so no operation is written by hand. */
#ifndef AWS_CODEC_MODEL_H
#define AWS_CODEC_MODEL_H

#include <jansson.h>
#include <stdbool.h>

enum aws_protocol { AWS_QUERY, AWS_JSON, AWS_REST_JSON, AWS_REST_XML };

/* A service.  Lives until aws_model_unload; all members borrowed. */
struct aws_model {
    const char *name; /* our name and file name: s3 iam sts firehose logs glue athena apigatewayv2
                         cloudwatch */
    const char *endpoint;      /* endpoint prefix: "apigateway" */
    const char *signing;       /* SigV4 service name: "apigateway" */
    const char *config_id;     /* AWS_ENDPOINT_URL_<this>: "CLOUDWATCH_LOGS" */
    const char *api_version;   /* "2010-05-08" */
    const char *target;        /* X-Amz-Target prefix, NULL unless AWS_JSON */
    const char *json_version;  /* "1.1", NULL unless AWS_JSON */
    const char *xml_namespace; /* default xmlns of rest-xml bodies, or NULL */
    enum aws_protocol protocol;
    bool global;           /* one endpoint per partition (iam) */
    bool query_compatible; /* AWS_JSON in place of query: send x-amzn-query-mode (cloudwatch) */
};

struct aws_operation {
    const struct aws_model *model;
    const char *name;
    const json_t *document; /* {"name", "http", "input", "output", "errors", ...} */
};

struct model_embed_file;

/* The config id of an embedded model, without loading it; new text. */
char *aws_model_config_id(const struct model_embed_file *file);
/* All of an embedded model, {"metadata", "operations": {name: ..}, "shapes": {name: ..}}, for who
 * walks it; new reference. */
json_t *aws_model_document(const char *name);
/* The embedded model by our name, loaded on first use, its parts as they are asked for; NULL for a
 * name we do not have. */
const struct aws_model *aws_model(const char *name);
/* A model from a document of the same format (tests), of which a reference is taken; NULL when it
 * is malformed.  Free it with aws_model_free. */
struct aws_model *aws_model_new(const char *name, json_t *document);
void aws_model_free(struct aws_model *model);
/* Frees all embedded models that were loaded. */
void aws_model_unload(void);

/* False when the model has no such operation. */
bool aws_model_operation(const struct aws_model *model, const char *name,
                         struct aws_operation *out);
/* The shape of that name, or NULL; lives as long as the model. */
const json_t *aws_model_shape(const struct aws_model *model, const char *name);
/* The shape of an operation's input (output) member at a dotted path ("Configuration.Description");
 * a list step is written "[]" ("Tags[].Key"), a map step by any key.  "" is the whole input.  NULL
 * when there is no such member. */
const json_t *aws_model_input(const struct aws_operation *operation, const char *path);
const json_t *aws_model_output(const struct aws_operation *operation, const char *path);

#endif
