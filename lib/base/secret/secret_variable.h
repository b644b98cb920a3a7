/* secret_variable.h -- what of an environment variable is secret. */
#ifndef BASE_SECRET_VARIABLE_H
#define BASE_SECRET_VARIABLE_H

#include <stdbool.h>

/* Shorter values are words that stand in any text. */
enum { SECRET_SHORTEST = 8 };

#define SECRET_KEY_BEGINS "PRIVATE KEY-----"
#define SECRET_KEY_ENDS "-----END"

bool secret_variable_is_secret(const char *name);
bool secret_variable_is_private_key(const char *text);
/* Tells add what is secret of the variable: its value, or the user and password in it.  Each is
 * one byte long or more. */
void secret_variable_each(const char *name, const char *value,
                          void (*add)(const char *name, const char *secret));

#endif
