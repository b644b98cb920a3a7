/* shape.h -- shapes of a model as the codec sees them: a type, and traits that a reference
 * overrides. */
#ifndef AWS_CODEC_SHAPE_H
#define AWS_CODEC_SHAPE_H

#include "aws/codec/model.h"

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

struct shape shape_of(const struct aws_model *model, const json_t *reference);
/* The shape of a list's "member", a map's "key" or "value". */
struct shape shape_inner(const struct aws_model *model, struct shape outer, const char *which);
const json_t *shape_trait(struct shape shape, const char *name);
const char *shape_trait_text(struct shape shape, const char *name); /* NULL when absent */
bool shape_flag(struct shape shape, const char *name);
/* The name on the wire: the reference's locationName, else otherwise. */
const char *shape_name(struct shape shape, const char *otherwise);

/* Of a member's reference alone: no shape has these traits itself, and a model parses each shape
 * when it is first looked for, so that of a member that is not there is not. */
const char *shape_member_name(const json_t *member, const char *otherwise);
/* Whether a member of an output is read from the body (and not from headers or status). */
bool shape_member_in_body(const json_t *member);

/* The shape's own locationName or its name: the root of an XML document, where the reference does
 * not say otherwise. */
const char *shape_root(struct shape shape);
const json_t *shape_members(struct shape shape);
/* The shape of the input or output ("input"), false when the operation has none. */
bool shape_side(const struct aws_operation *operation, const char *side, struct shape *out);
/* The member that is the whole body ("payload" trait), false when there is none. */
bool shape_payload(const struct aws_model *model, struct shape shape, const char **name,
                   struct shape *out);

#endif
