/* board_value.h -- what of a value is told to whom. */
#ifndef DAEMON_BOARD_BOARD_VALUE_H
#define DAEMON_BOARD_BOARD_VALUE_H

#include <jansson.h>
#include <stdbool.h>

/* To everybody numbers, truth values and that there is nothing; text may be AWS's, or name an
 * account: {"hidden": "text"}.  Who is trusted is told all but secrets.  NULL is nothing.  New
 * reference. */
json_t *board_value_told(const json_t *value, bool trusted);
/* The name of a field: what follows its first "." or "[" may be a key that AWS told; new text. */
char *board_value_field(const char *field, bool trusted);

#endif
