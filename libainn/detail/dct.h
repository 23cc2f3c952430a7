/* The 8x8 transform of the detail layer (format-spec/detail.md), in integers. */
#ifndef AINN_DETAIL_DCT_H
#define AINN_DETAIL_DCT_H

#include <stdint.h>

#define AINN_DCT_SIDE 8
#define AINN_DCT_SIZE 64
#define AINN_DCT_BOUND 262143    /* of coefficients */
#define AINN_DCT_SAMPLE 65535    /* of samples: components in units of 4 u */
#define AINN_STEP_CODES 96

/* Frequencies in the order of coding: vertical * 8 + horizontal. */
extern const uint8_t ainn_zigzag[AINN_DCT_SIZE];

/* 2^(i / 8) in units of 2^-16. */
extern const uint32_t ainn_octave[9];

/* Distance of the quantiser's values, from 8 on, an eighth of an octave a code. */
static inline int32_t ainn_step(unsigned code)
{
    return (int32_t)(ainn_octave[code & 7] << (code >> 3) >> 13);
}

/* Coefficients [vertical * 8 + horizontal] to samples [y * 8 + x]. Every input is allowed. */
void ainn_dct_inverse(const int32_t coefficients[AINN_DCT_SIZE], int32_t samples[AINN_DCT_SIZE]);

/* The encoder's direction; |samples| at most 28378, which is full scale. */
void ainn_dct_forward(const int32_t samples[AINN_DCT_SIZE], int32_t coefficients[AINN_DCT_SIZE]);

#endif
