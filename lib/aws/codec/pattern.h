/* pattern.h -- the patterns of AWS's models (Java regular expressions) tried on a text.
 *
 * PCRE2 tries them.  A pattern that means something else there is not tried at all: it never
 * refuses what AWS accepts. */
#ifndef AWS_CODEC_PATTERN_H
#define AWS_CODEC_PATTERN_H

#include <stdbool.h>

/* False only when the whole text (UTF-8) is known not to match. */
bool pattern_matches(const char *pattern, const char *text);
/* Whether it is tried: it compiles, and means the same to Java and PCRE2. */
bool pattern_is_known(const char *pattern);

#endif
