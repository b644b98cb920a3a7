/* known.h -- what a declaration cannot tell an analyzer: an error is -1, and memory is there.
 * scripts/analyze has it included before everything else. */
#ifndef ANALYSIS_KNOWN_H
#define ANALYSIS_KNOWN_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define KNOWN_ERROR(e, call)                                                                       \
    __extension__({                                                                                \
        (void)(call);                                                                              \
        if ((e)->kind == ERR_NONE)                                                                 \
            __builtin_unreachable();                                                               \
        -1;                                                                                        \
    })
#define KNOWN_THERE(call)                                                                          \
    __extension__({                                                                                \
        __auto_type known_there = (call);                                                          \
        if (!known_there)                                                                          \
            __builtin_unreachable();                                                               \
        known_there;                                                                               \
    })

#define err_set(e, ...) KNOWN_ERROR(e, (err_set)(e, __VA_ARGS__))
#define err_wrap(e, ...) KNOWN_ERROR(e, (err_wrap)(e, __VA_ARGS__))
#define mem_new(...) KNOWN_THERE((mem_new)(__VA_ARGS__))
#define mem_resize(...) KNOWN_THERE((mem_resize)(__VA_ARGS__))
#define mem_text_n(...) KNOWN_THERE((mem_text_n)(__VA_ARGS__))
#define mem_printf(...) KNOWN_THERE((mem_printf)(__VA_ARGS__))
#define str_take(...) KNOWN_THERE((str_take)(__VA_ARGS__))
#define str_text(...) KNOWN_THERE((str_text)(__VA_ARGS__))

#endif
