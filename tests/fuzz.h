/*
 * What the fuzz targets share. Every target has libFuzzer's entry point; the driver in fuzz_driver.c calls it where
 * libFuzzer is not there. To use libFuzzer: clang -fsanitize=fuzzer,address,undefined tests/fuzz_decode.c tests/fuzz_common.c ...
 */
#ifndef AINN_FUZZ_H
#define AINN_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "ainn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A valid input to begin with, number 0, 1, ...; its size, or 0 if there is none. The driver's only. */
size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity);

/* How many mutations a test run tries. */
extern const unsigned fuzz_runs;

/* A model that lives as long as the process. */
ainn_model *fuzz_model(void);

/* The frame of a small picture; its size. */
size_t fuzz_frame(unsigned number, uint8_t *out, size_t capacity);

/* Makes the checksums of a damaged frame right again as far as its structure can still be read, so that what lies
 * behind them is reached. */
void fuzz_repair(uint8_t *data, size_t size);

/* Stops the process where a status says that libainn has a bug. */
void fuzz_check(ainn_status status);

/* A copy of exactly this size on the heap. */
uint8_t *fuzz_copy(const uint8_t *data, size_t size);

#endif
