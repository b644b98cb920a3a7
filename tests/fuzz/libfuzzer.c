/* libFuzzer's entry to the one target of a program: FUZZ_NAME. */
#include "fuzz.h"

void FUZZ_NAME(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FUZZ_NAME(data, size);
    return 0;
}
