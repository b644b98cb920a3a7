#include "fuzz.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *file, int line, const char *property)
{
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, property);
    abort();
}

unsigned fuzz_byte(struct fuzz_input *input)
{
    if (!input->size)
        return 0;
    input->size--;
    return *input->data++;
}

static char *take(struct fuzz_input *input, size_t length)
{
    char *text = mem_new(length + 1);

    if (length)
        memcpy(text, input->data, length);
    text[length] = '\0';
    input->data += length;
    input->size -= length;
    return text;
}

char *fuzz_text(struct fuzz_input *input)
{
    const uint8_t *end = input->size ? memchr(input->data, '\0', input->size) : NULL;
    char *text = take(input, end ? (size_t)(end - input->data) : input->size);

    (void)fuzz_byte(input);
    return text;
}

char *fuzz_rest(struct fuzz_input *input, size_t *length)
{
    *length = input->size;
    return take(input, input->size);
}

json_t *fuzz_json(struct fuzz_input *input)
{
    size_t length;
    cleanup_free char *text = fuzz_rest(input, &length);

    return json_parse(text, length);
}

void fuzz_told(const char *text)
{
    must(text && str_is_utf8(text, strlen(text)));
    must(!strpbrk(text, "\r\n"));
}

void fuzz_error(const struct err *e)
{
    must(e->kind != ERR_NONE && *e->text);
    must(!strpbrk(e->text, "\r\n"));
}

/* A sanitizer's allocator adds red zones, and malloc's own counts know nothing of it. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *))
    __attribute__((weak));
size_t __sanitizer_get_allocated_size(const volatile void *memory) __attribute__((weak));
static size_t allocated;

static void on_malloc(const volatile void *memory, size_t size)
{
    allocated += memory ? size : 0;
}

static void on_free(const volatile void *memory)
{
    allocated -= memory ? __sanitizer_get_allocated_size(memory) : 0;
}

size_t fuzz_allocated(void)
{
    static bool counts;

    if (!__sanitizer_install_malloc_and_free_hooks)
        return mallinfo2().uordblks + mallinfo2().hblkhd;
    if (!counts)
        (void)__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    counts = true;
    return allocated;
}
