/* machine.h -- what the machine gives a process to live on, and that it is told when that is too
 * little. */
#ifndef DAEMON_MACHINE_H
#define DAEMON_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* No core dumps, no ptrace by others, and no signal that ends the process without a word.  Call
 * first. */
void machine_protect(void);
/* Whether it gives files and stack enough; told on standard error where it does not. */
bool machine_suffices(void);

/* What malloc, calloc and realloc are for the whole process (CMakeLists.txt), so that no library
 * goes on, or ends it in silence, without what it has no room for: out of memory is told, and ends
 * the process (mem_give_up).  Not under the sanitizers, which have their own. */
void *machine_malloc(size_t size);
void *machine_calloc(size_t count, size_t size);
void *machine_realloc(void *old, size_t size);

#endif
