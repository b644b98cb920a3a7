/* codec_private.h -- what the files of the codec share.  From the top down: codec.c (the way in),
 * the protocols, codec_xml.c, codec_error.c; codec_check.c stands beside them.
 *
 * Encoders trust their parameters: codec_check has refused all that does not fit the shape. */
#ifndef AWS_CODEC_CODEC_PRIVATE_H
#define AWS_CODEC_CODEC_PRIVATE_H

#include "aws/codec/codec.h"
#include "aws/codec/scalar.h"
#include "aws/codec/shape.h"
#include "base/str.h"
#include "base/xml.h"

/* codec_check.c */
/* Refuses parameters that do not fit: -1 and *e (ERR_INVALID) naming the member. */
int codec_check(const struct aws_model *model, struct shape shape, const json_t *value,
                struct err *e);

/* codec_error.c */
void codec_error_read(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                      struct aws_error *error);
/* True when the document is an error: fills *error from it. */
bool codec_error_xml(const struct xml_node *root, struct aws_error *error);
void codec_error_request_id(const struct aws_raw_reply *reply, struct aws_error *error);
/* Says that a reply is none: code "InvalidReply".  Returns NULL, for decoders. */
json_t *codec_error_refuse(struct aws_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* codec_json.c */
json_t *codec_json_write(const struct aws_model *model, struct shape shape, const json_t *value);
json_t *codec_json_read(const struct aws_model *model, struct shape shape, const json_t *value,
                        struct aws_error *error);
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

/* codec_rest_encode.c, codec_rest_decode.c: both rest-json and rest-xml. */
int codec_rest_encode(const struct aws_operation *operation, const json_t *params,
                      struct aws_message *out, struct err *e);
json_t *codec_rest_decode(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                          struct aws_error *error);

#endif
