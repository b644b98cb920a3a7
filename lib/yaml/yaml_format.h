/* yaml_format.h -- a YAML file laid out in the one way that is usual here, its words and comments
 * kept: two blanks a level, lists indented below their key, one blank after ":" and "-", no blanks
 * at line ends, at most one empty line in a row, "\n" at line ends.
 *
 * Works on lines, by the tokens of libyaml: what is not indentation is not touched, nor are lines
 * broken or joined. */
#ifndef YAML_YAML_FORMAT_H
#define YAML_YAML_FORMAT_H

#include "yaml/yaml.h"

/* The bytes laid out anew; new text.  NULL: they cannot be read (problems are told), or, told too
 * with the place, the result would not mean the same: it is read again and compared, value by
 * value. */
char *yaml_format(const char *file, const char *bytes, size_t length, yaml_problem_fn *problem,
                  void *arg);

#endif
