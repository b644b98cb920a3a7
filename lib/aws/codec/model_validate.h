/* model_validate.h -- what AWS would refuse of a value, told before it is sent. */
#ifndef AWS_CODEC_MODEL_VALIDATE_H
#define AWS_CODEC_MODEL_VALIDATE_H

#include "aws/codec/model.h"

/* Called for each thing AWS would refuse.  path: dotted below the value, list items as "[2]". */
typedef void aws_problem_fn(void *arg, const char *path, const char *problem);
/* Checks a value against a shape: unknown members (naming the nearest), types, required members,
 * enums, lengths, ranges, patterns.  Returns the number of problems. Strings still holding a
 * reference ("${") are checked for type only. */
int aws_model_validate(const struct aws_model *model, const json_t *shape, const json_t *value,
                       aws_problem_fn *problem, void *arg);

#endif
