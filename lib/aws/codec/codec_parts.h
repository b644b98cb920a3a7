/* codec_parts.h -- what the files of the codec share; nobody else includes it.
 *
 * Encoders trust their parameters: codec_check has refused all that does not fit the shape. */
#ifndef AWS_CODEC_CODEC_PARTS_H
#define AWS_CODEC_CODEC_PARTS_H

#include "aws/codec/codec.h"
#include "base/str.h"
#include "base/xml.h"

enum shape_type {
    SHAPE_STRUCTURE,
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_STRING,
    SHAPE_INTEGER,
    SHAPE_FLOAT,
    SHAPE_BOOLEAN,
    SHAPE_TIMESTAMP,
    SHAPE_BLOB,
    SHAPE_DOCUMENT, /* any JSON */
};

/* A shape as a member, list item or map entry refers to it; the reference's traits win. */
struct shape {
    const json_t *reference; /* {"shape": NAME, traits} */
    const json_t *body;      /* {"type": ..., traits}; never NULL */
    enum shape_type type;
};

/* codec_shape.c */
struct shape shape_of(const struct aws_model *model, const json_t *reference);
/* The shape of a list's "member", a map's "key" or "value". */
struct shape shape_inner(const struct aws_model *model, struct shape outer, const char *which);
const json_t *shape_trait(struct shape shape, const char *name);
const char *shape_trait_text(struct shape shape, const char *name); /* NULL when absent */
bool shape_flag(struct shape shape, const char *name);
/* The name on the wire: the reference's locationName, else otherwise. */
const char *shape_name(struct shape shape, const char *otherwise);
/* The shape's own locationName or its name: the root of an XML document, where the reference does
 * not say otherwise. */
const char *shape_root(struct shape shape);
/* Whether a member of an output is read from the body (and not from headers or status). */
bool shape_in_body(struct shape shape);
const json_t *shape_members(struct shape shape);
/* The shape of the input or output ("input"), false when the operation has none. */
bool shape_side(const struct aws_operation *operation, const char *side, struct shape *out);
/* The member that is the whole body ("payload" trait), false when there is none. */
bool shape_payload(const struct aws_model *model, struct shape shape, const char **name,
                   struct shape *out);
/* Refuses parameters that do not fit: -1 and *e (ERR_INVALID) naming the member. */
int codec_check(const struct aws_model *model, struct shape shape, const json_t *value,
                struct err *e);

/* codec_scalar.c.  Texts of scalars as query, headers, paths and XML hold them. */
void scalar_add(struct str *out, struct shape shape, const json_t *value, const char *time_format);
/* New reference, or NULL when the text is no such scalar. */
json_t *scalar_read(struct shape shape, const char *text, size_t length);
/* A timestamp as a JSON number (epoch seconds), or as JSON text of another format. */
json_t *scalar_time_json(const json_t *seconds, const char *format);
/* ISO 8601 with offset and fraction, RFC 822, or a number; NULL when it is none of these. */
json_t *scalar_time_read(const char *text);

/* Says that a reply is none: code "InvalidReply".  Returns NULL, for decoders. */
json_t *codec_refuse(struct aws_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* codec_json.c */
json_t *codec_json_write(const struct aws_model *model, struct shape shape, const json_t *value);
json_t *codec_json_read(const struct aws_model *model, struct shape shape, const json_t *value,
                        struct aws_error *error);
/* Any JSON text, or NULL (not set in error). */
json_t *codec_json_parse(const char *text, size_t length);
int codec_json_encode(const struct aws_operation *operation, const json_t *params,
                      struct aws_message *out);
json_t *codec_json_decode(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                          struct aws_error *error);

/* codec_query.c */
int codec_query_encode(const struct aws_operation *operation, const json_t *params,
                       struct aws_message *out);
json_t *codec_query_decode(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                           struct aws_error *error);

/* codec_xml.c */
void codec_xml_write(const struct aws_model *model, struct shape shape, const json_t *value,
                     const char *root, struct str *out);
json_t *codec_xml_read(const struct aws_model *model, struct shape shape,
                       const struct xml_node *node, struct aws_error *error);

/* codec_rest.c, codec_rest_reply.c: both rest-json and rest-xml. */
int codec_rest_encode(const struct aws_operation *operation, const json_t *params,
                      struct aws_message *out, struct err *e);
json_t *codec_rest_decode(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                          struct aws_error *error);

/* codec_error.c */
void codec_error_read(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                      struct aws_error *error);
/* True when the document is an error: fills *error from it. */
bool codec_error_xml(const struct xml_node *root, struct aws_error *error);
void codec_error_request_id(const struct aws_raw_reply *reply, struct aws_error *error);

#endif
