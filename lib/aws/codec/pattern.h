/* pattern.h -- the patterns of AWS's models (Java regular expressions) tried on a text.
 *
 * Only what POSIX can say with the same meaning is tried; everything else passes, so a pattern
 * never refuses what AWS accepts. */
#ifndef AWS_CODEC_PATTERN_H
#define AWS_CODEC_PATTERN_H

#include "base/str.h"

#include <stdbool.h>

/* False only when the whole text is known not to match.  Text that is not plain ASCII passes. */
bool pattern_matches(const char *pattern, const char *text);
/* Appends the POSIX extended expression, anchored at both ends, that matches the same ASCII texts.
 * False when there is none (look-around, back references, unknown escapes); *out is then useless.
 */
bool pattern_translate(const char *pattern, struct str *out);

#endif
