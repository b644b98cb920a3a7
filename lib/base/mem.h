/* mem.h -- memory that is there or the process is not.
 *
 * Out of memory ends the process: all state is in AWS, systemd restarts us and we read again.
 * Results belong to the caller and are given back with free(). */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* What a process ends with for which the machine has too little room. */
enum { MEM_EXIT = 1 };

/* Says "billingd: WHY" on standard error and ends the process with MEM_EXIT, from any thread. */
_Noreturn void mem_give_up(const char *why);
/* The pointer, which is there: for NULL the process says so, and ends. */
void *mem_checked(void *pointer);
/* size bytes of zeroes.  (No malloc attribute: with it clang's analyzer takes them for garbage.) */
void *mem_new(size_t size);
/* Grows (or makes, for NULL) an array to count elements of size bytes; the new part is not zeroed.
 */
void *mem_resize(void *old, size_t count, size_t size);
/* A copy of text; NULL for NULL. */
char *mem_text(const char *text);
char *mem_text_n(const char *text, size_t length);
/* Formatted text. */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Overwrites a secret before giving it back; NULL is harmless. */
void mem_free_secret(char *text);

static inline void mem_cleanup(void *pointer)
{
    free(*(void **)pointer);
}
/* A local of this kind is freed when it goes out of scope. */
#define cleanup_free __attribute__((cleanup(mem_cleanup)))

#endif
