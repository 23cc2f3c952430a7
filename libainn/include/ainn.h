/*
 * libainn: an image codec built on the Approximately Invertible Neural Network.
 *
 * Conventions
 *  - Every function may be called from any thread. One object (encoder, decoder, reader, writer) may be used by one
 *    thread at a time; different objects are independent. An ainn_model is immutable and may be shared by any number
 *    of objects and threads.
 *  - No function keeps a pointer that it was given beyond its return, except where its comment says so.
 *  - Structs that the caller allocates are filled by their *_init function first; fields are only ever added at the
 *    end, and the init function, being part of the library, is told the caller's size by a macro.
 *  - Decoding is exact: a file gives the same pixels on every machine, with every number of threads.
 */
#ifndef AINN_H
#define AINN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(AINN_DLL)
#define AINN_API __declspec(dllimport)
#elif defined(__GNUC__)
#define AINN_API __attribute__((visibility("default")))
#else
#define AINN_API
#endif

#if defined(__GNUC__)
#define AINN_NODISCARD __attribute__((warn_unused_result))
#else
#define AINN_NODISCARD
#endif

/* ---- Version ---------------------------------------------------------------------------------------------- */

#define AINN_VERSION_MAJOR 0
#define AINN_VERSION_MINOR 1
#define AINN_VERSION_PATCH 0
#define AINN_VERSION_NUMBER (AINN_VERSION_MAJOR * 1000000 + AINN_VERSION_MINOR * 1000 + AINN_VERSION_PATCH)
#define AINN_VERSION_STRING "0.1.0"

/* The version of the library that runs, as AINN_VERSION_NUMBER and as a static string. */
AINN_API int ainn_version(void);
AINN_API const char *ainn_version_string(void);

/* ---- Errors ----------------------------------------------------------------------------------------------- */

typedef enum ainn_status {
    AINN_OK = 0,
    AINN_ERROR_ARGUMENT = -1,      /* the caller broke a rule of this header, or options contradict each other */
    AINN_ERROR_MEMORY = -2,        /* an allocation failed */
    AINN_ERROR_NOT_AINN = -3,      /* the data does not begin with the signature */
    AINN_ERROR_INVALID = -4,       /* the data breaks the format: damaged or made by a broken program */
    AINN_ERROR_TRUNCATED = -5,     /* the data ends too early */
    AINN_ERROR_UNSUPPORTED = -6,   /* valid, but of a version or with a critical part that this library lacks */
    AINN_ERROR_LIMIT = -7,         /* a limit of ainn_limits would be exceeded */
    AINN_ERROR_MODEL_MISSING = -8, /* the model that the file names is not embedded and was not found */
    AINN_ERROR_MODEL_INVALID = -9, /* a model file is damaged or breaks a bound of the format */
    AINN_ERROR_IO = -10,           /* a callback or a file operation failed */
    AINN_ERROR_CHECKSUM = -11,     /* a part's checksum or an entropy coder's final state is wrong */
    AINN_ERROR_TARGET = -12,       /* the target size or PSNR is out of the model's reach */
    AINN_ERROR_INTERNAL = -13      /* a bug in libainn; no input may cause it */
} ainn_status;

/* A static sentence for a status. The objects below add detail with their *_error functions. */
AINN_API const char *ainn_status_string(ainn_status status);

/* ---- Memory and limits ------------------------------------------------------------------------------------ */

/* All memory that an object takes comes from its allocator. `allocate` returns memory aligned as malloc's, or NULL.
 * The struct is copied; `opaque` must outlive the objects made with it. NULL in place of an allocator: malloc, free.
 * A model's is also called by threads that use the model, one at a time. */
typedef struct ainn_allocator {
    void *opaque;
    void *(*allocate)(void *opaque, size_t size);
    void (*release)(void *opaque, void *memory);
} ainn_allocator;

typedef struct ainn_limits {
    size_t struct_size;
    uint32_t max_width;      /* default 65535 * 16 */
    uint32_t max_height;
    uint64_t max_pixels;     /* width * height of a frame; default 2^30 */
    uint64_t max_memory;     /* bytes that one object may hold at a time; default 4 GiB */
    uint64_t max_metadata;   /* bytes of ICC + EXIF + XMP; default 64 MiB */
} ainn_limits;

AINN_API void ainn_limits_init_sized(ainn_limits *limits, size_t struct_size);
#define ainn_limits_init(limits) ainn_limits_init_sized((limits), sizeof(ainn_limits))

/* ---- Models ----------------------------------------------------------------------------------------------- */

typedef struct ainn_model ainn_model;

typedef struct ainn_model_info {
    uint32_t id;                 /* what files name their model by: CRC-32C of the model's contents */
    const char *name;            /* "fast", "standard", "fast-msssim", ...; lives as long as the model */
    uint32_t latent_channels;
    double kmac_analysis;        /* thousands of multiply-accumulates a pixel */
    double kmac_entropy;
    double kmac_synthesis;
    uint64_t bytes;              /* size of the model file */
    const char *metric;          /* "squared error" or "MS-SSIM": what it was trained to keep; static */
} ainn_model_info;

/* A model by name: embedded in the library, or NAME.ainnmodel in the folders of AINN_MODEL_PATH (':' between them) or
 * in the library's data folder. A name with a '/' or ending in .ainnmodel is a file. NULL: the default model.
 * If `message` is not NULL, up to `message_size` bytes receive a sentence that says what failed and where it was
 * looked for. The caller releases the result with ainn_model_release(). */
AINN_API AINN_NODISCARD ainn_status ainn_model_open(const char *name, const ainn_allocator *allocator, ainn_model **model, char *message, size_t message_size);
/* The model with this id, looked for in the same places. */
AINN_API AINN_NODISCARD ainn_status ainn_model_open_id(uint32_t id, const ainn_allocator *allocator, ainn_model **model, char *message, size_t message_size);
/* A model from memory, which is used in place and must stay unchanged until the model's last user is gone.
 * `data` must be aligned to 64 bytes, else it is copied. */
AINN_API AINN_NODISCARD ainn_status ainn_model_open_memory(const void *data, size_t size, const ainn_allocator *allocator, ainn_model **model, char *message, size_t message_size);
/* One more owner; returns the same pointer. */
AINN_API ainn_model *ainn_model_retain(ainn_model *model);
/* One owner less; the last one frees it. NULL is allowed. */
AINN_API void ainn_model_release(ainn_model *model);
AINN_API void ainn_model_get_info(const ainn_model *model, ainn_model_info *info);
/* Names of the embedded models, NULL at the end; static. The first is the default. */
AINN_API const char *const *ainn_model_names(void);

/* ---- Pictures --------------------------------------------------------------------------------------------- */

typedef enum ainn_channels {
    AINN_GRAY = 1,
    AINN_GRAY_ALPHA = 2,
    AINN_RGB = 3,
    AINN_RGB_ALPHA = 4
} ainn_channels;

/* A view of pixels that the caller owns. Samples are uint8_t where depth is 8, else uint16_t in the machine's byte
 * order holding values below 2^depth. Planes are in the order R, G, B, A, or Y, A for grey. Alpha is not premultiplied. */
typedef struct ainn_image {
    uint32_t width, height;
    uint32_t depth;              /* 8 to 16 */
    ainn_channels channels;
    void *plane[4];
    ptrdiff_t row_stride[4];     /* bytes from a sample to the one below it; may be negative */
    ptrdiff_t pixel_stride[4];   /* bytes from a sample to the one right of it */
} ainn_image;

/* Fills an image that describes interleaved samples at `pixels`, rows `row_stride` bytes apart (0: tightly packed). */
AINN_API void ainn_image_interleaved(ainn_image *image, void *pixels, uint32_t width, uint32_t height, uint32_t depth, ainn_channels channels, ptrdiff_t row_stride);

/* Colour, as in ITU-T H.273 (CICP). Pixels are always RGB or grey; default: sRGB (1, 13), full range. */
typedef struct ainn_color {
    uint8_t primaries;
    uint8_t transfer;
    uint8_t matrix;              /* of the YUV that the pixels came from, for those who go back to it; default 0: RGB */
    uint8_t full_range;
} ainn_color;

typedef enum ainn_metadata_kind { AINN_ICC = 0, AINN_EXIF = 1, AINN_XMP = 2 } ainn_metadata_kind;
#define AINN_METADATA_KINDS 3

typedef struct ainn_bytes {
    const uint8_t *data;
    size_t size;
} ainn_bytes;

/* What a header says; also what is asked of an encoder. */
typedef struct ainn_info {
    size_t struct_size;
    uint32_t width, height;
    uint32_t depth;
    ainn_channels channels;
    ainn_color color;
    uint8_t orientation;         /* EXIF's 1 to 8; pixels are stored as they are, viewers turn them; default 1 */
    uint32_t model_id;
    double quality;              /* 0 to 100 */
    double alpha_quality;        /* 100: lossless */
    int is_sequence;
    uint32_t frame_count;        /* of a sequence; 0: not known */
    uint32_t timebase_num, timebase_den;  /* of a sequence, seconds a tick */
    uint64_t frame_size;         /* bytes of this frame, header included */
    uint32_t header_bytes;       /* of this frame: header and index */
    uint32_t metadata_bytes;
    uint64_t hyper_bytes;        /* hyperprior stream */
    uint64_t latent_bytes;       /* latent stream */
    uint64_t alpha_bytes;
    uint32_t group_size;         /* pixels along one side of an entropy-coding group */
    uint32_t group_columns, group_rows;
    const char *model_name;      /* of an embedded model with this id, else NULL */
    uint64_t detail_bytes;       /* detail stream, which corrects what the network is bad at; 0: none */
} ainn_info;

/* Reads the header of a frame or of a sequence file, without decoding. AINN_ERROR_TRUNCATED: more bytes are needed. */
AINN_API AINN_NODISCARD ainn_status ainn_probe_sized(const uint8_t *data, size_t size, ainn_info *info, size_t struct_size);
#define ainn_probe(data, size, info) ainn_probe_sized((data), (size), (info), sizeof(ainn_info))

/* The whole length of the frame that begins at `data`, from its first bytes (32 are always enough).
 * 0: more bytes are needed. Negative: an ainn_status. */
AINN_API int64_t ainn_frame_length(const uint8_t *data, size_t size);

/* ---- Encoding --------------------------------------------------------------------------------------------- */

typedef struct ainn_encode_options {
    size_t struct_size;
    double quality;              /* 0 to 100, default 50; used when no target is set */
    uint64_t target_size;        /* bytes of the whole frame, 0: none; the largest quality that fits is taken */
    double target_psnr;          /* dB over the colour channels, 0: none; the smallest quality that reaches it */
    int effort;                  /* 0 to 9, default 5: time spent on choosing latents. From 2 on text, drawings and noise get a detail layer where
                                  * that is better, which takes a few times as long; from 8 on every picture is tried with one, and always those that
                                  * are at most 16 pixels wide or high. From 6 on latents are searched for better ones, which takes eight times as long at
                                  * 6, fifty times at 9: with models for squared error and pictures of up to 16 million pixels. It needs up to 350
                                  * MiB; with less, it is left out. */
    double alpha_quality;        /* 0 to 100, default 100: lossless */
    uint32_t threads;            /* default 1; no thread is started for 1 */
    ainn_color color;
    uint8_t orientation;
    ainn_bytes metadata[AINN_METADATA_KINDS];
} ainn_encode_options;

AINN_API void ainn_encode_options_init_sized(ainn_encode_options *options, size_t struct_size);
#define ainn_encode_options_init(options) ainn_encode_options_init_sized((options), sizeof(ainn_encode_options))

/* Elapsed seconds in the stages of the last call (networks of the entropy model: entropy; entropy coder: coding), and what it made. */
typedef struct ainn_stats {
    size_t struct_size;
    double seconds_convert, seconds_analysis, seconds_entropy, seconds_coding, seconds_synthesis;
    double quality;              /* that was used */
    uint64_t peak_memory;        /* bytes the object held at most */
    double seconds_search;       /* for better latents, at efforts from 6 on; the codings in between count above */
} ainn_stats;

typedef struct ainn_encoder ainn_encoder;

/* `limits` may be NULL. The encoder takes a share of the model. */
AINN_API AINN_NODISCARD ainn_status ainn_encoder_create(ainn_model *model, const ainn_limits *limits, const ainn_allocator *allocator, ainn_encoder **encoder);
AINN_API void ainn_encoder_destroy(ainn_encoder *encoder);
/* Encodes a picture into one frame, which is a complete file of its own. *frame belongs to the encoder and stays until
 * its next call. The same pixels and options give the same bytes, whatever the number of threads. */
AINN_API AINN_NODISCARD ainn_status ainn_encoder_encode(ainn_encoder *encoder, const ainn_image *image, const ainn_encode_options *options, ainn_bytes *frame);
/* The same for pictures that do not fit memory: `read` fills rows first_row .. first_row + rows - 1 of an image whose
 * planes are given; it is called with rows in order, at most 16 at a time, from the calling thread, in one pass unless a
 * target PSNR makes further ones (then in order again). It returns 0, or another number to stop with AINN_ERROR_IO.
 * A detail layer needs the pixels more than once: they are kept for it, of pictures of more than 4 million pixels only if the first 1024 rows
 * show what it is for. So does the search of efforts from 6 on, for which all are kept. Pictures of more than 16 million pixels have neither, whether
 * they come in rows or not. */
typedef int (*ainn_read_rows)(void *opaque, uint32_t first_row, uint32_t rows, const ainn_image *strip);
AINN_API AINN_NODISCARD ainn_status ainn_encoder_encode_rows(ainn_encoder *encoder, uint32_t width, uint32_t height, uint32_t depth, ainn_channels channels, ainn_read_rows read, void *opaque, const ainn_encode_options *options, ainn_bytes *frame);
/* What went wrong in the last call, in words; "" after success. Lives until the next call. */
AINN_API const char *ainn_encoder_error(const ainn_encoder *encoder);
AINN_API void ainn_encoder_get_stats_sized(const ainn_encoder *encoder, ainn_stats *stats, size_t struct_size);
#define ainn_encoder_get_stats(encoder, stats) ainn_encoder_get_stats_sized((encoder), (stats), sizeof(ainn_stats))

/* ---- Decoding --------------------------------------------------------------------------------------------- */

typedef struct ainn_decode_options {
    size_t struct_size;
    uint32_t threads;            /* default 1 */
    uint32_t region_x, region_y, region_width, region_height;  /* default 0, 0, 0, 0: everything */
    int preview;                 /* hyperprior, and detail layer if there is one: a blurred picture from a small part of the file */
    int ignore_damage;           /* go on where a checksum is wrong or data is missing: those parts are predicted */
} ainn_decode_options;

AINN_API void ainn_decode_options_init_sized(ainn_decode_options *options, size_t struct_size);
#define ainn_decode_options_init(options) ainn_decode_options_init_sized((options), sizeof(ainn_decode_options))

/* How much of a picture was really there. */
typedef struct ainn_damage {
    uint32_t groups;             /* in the region that was asked for */
    uint32_t groups_whole;
    uint32_t groups_partial;     /* some latents decoded, the others predicted */
    double latents_decoded;      /* share, 0 to 1 */
    int alpha_missing;
    uint32_t detail_missing;     /* groups whose detail stream was cut or damaged: what it corrects is not corrected */
} ainn_damage;

typedef struct ainn_decoder ainn_decoder;

/* `model` may be NULL: each frame's model is then looked for as ainn_model_open_id() does. `limits` may be NULL. */
AINN_API AINN_NODISCARD ainn_status ainn_decoder_create(ainn_model *model, const ainn_limits *limits, const ainn_allocator *allocator, ainn_decoder **decoder);
AINN_API void ainn_decoder_destroy(ainn_decoder *decoder);
/* Takes one frame, which must stay valid until the pixels are decoded, and validates its header. */
AINN_API AINN_NODISCARD ainn_status ainn_decoder_open_sized(ainn_decoder *decoder, const uint8_t *data, size_t size, ainn_info *info, size_t struct_size);
#define ainn_decoder_open(decoder, data, size, info) ainn_decoder_open_sized((decoder), (data), (size), (info), sizeof(ainn_info))
/* A metadata part of the open frame; size 0 if it has none. Points into the caller's data. */
AINN_API AINN_NODISCARD ainn_status ainn_decoder_get_metadata(ainn_decoder *decoder, ainn_metadata_kind kind, ainn_bytes *bytes);
/* Decodes the open frame into an image of the region's size. Depth and channels may differ from the file's: depths
 * are rescaled, grey is repeated into RGB, missing alpha is opaque, unwanted alpha is left out; RGB into grey is an
 * AINN_ERROR_ARGUMENT. With ignore_damage a frame cut short or damaged gives AINN_OK and a report in `damage` (may be
 * NULL); without, it gives AINN_ERROR_TRUNCATED or AINN_ERROR_CHECKSUM and pixels that are not to be used. */
AINN_API AINN_NODISCARD ainn_status ainn_decoder_decode(ainn_decoder *decoder, const ainn_image *image, const ainn_decode_options *options, ainn_damage *damage);
/* The same for pictures that do not fit memory: `write` receives the region's rows in order, in the depth and with the
 * channels asked for, interleaved. It returns 0, or another number to stop with AINN_ERROR_IO. */
typedef int (*ainn_write_rows)(void *opaque, uint32_t first_row, uint32_t rows, const ainn_image *strip);
AINN_API AINN_NODISCARD ainn_status ainn_decoder_decode_rows(ainn_decoder *decoder, uint32_t depth, ainn_channels channels, ainn_write_rows write, void *opaque, const ainn_decode_options *options, ainn_damage *damage);
/* Bits spent on each latent position (16x16 pixels) of the open frame; `bits` has ceil(width/16) * ceil(height/16) floats. */
AINN_API AINN_NODISCARD ainn_status ainn_decoder_bit_map(ainn_decoder *decoder, float *bits, uint32_t columns, uint32_t rows);
AINN_API const char *ainn_decoder_error(const ainn_decoder *decoder);
AINN_API void ainn_decoder_get_stats_sized(const ainn_decoder *decoder, ainn_stats *stats, size_t struct_size);
#define ainn_decoder_get_stats(decoder, stats) ainn_decoder_get_stats_sized((decoder), (stats), sizeof(ainn_stats))

/* ---- One-shot --------------------------------------------------------------------------------------------- */

/* Encodes with the named model (NULL: the default). The caller frees *data with ainn_free(). */
AINN_API AINN_NODISCARD ainn_status ainn_encode(const ainn_image *image, const char *model, const ainn_encode_options *options, uint8_t **data, size_t *size);
/* Decodes a frame, or the first frame of a sequence, into tightly packed interleaved samples of the file's own depth
 * and channels. The caller frees *pixels with ainn_free(). `info` may be NULL. */
AINN_API AINN_NODISCARD ainn_status ainn_decode_sized(const uint8_t *data, size_t size, void **pixels, ainn_info *info, size_t struct_size);
#define ainn_decode(data, size, pixels, info) ainn_decode_sized((data), (size), (pixels), (info), sizeof(ainn_info))
AINN_API void ainn_free(void *memory);

/* ---- Sequences -------------------------------------------------------------------------------------------- */

/* A sequence file is a header, frames (each a complete still file with a time stamp before it) and an index. */

typedef struct ainn_writer ainn_writer;

/* Appends bytes to the output; returns 0 or another number on failure. */
typedef int (*ainn_write_bytes)(void *opaque, const void *data, size_t size);

AINN_API AINN_NODISCARD ainn_status ainn_writer_create(uint32_t timebase_num, uint32_t timebase_den, uint32_t frame_count, ainn_write_bytes write, void *opaque, const ainn_allocator *allocator, ainn_writer **writer);
/* `pts` and `duration` in ticks of the time base; pts must grow. */
AINN_API AINN_NODISCARD ainn_status ainn_writer_add(ainn_writer *writer, ainn_bytes frame, uint64_t pts, uint64_t duration);
/* Writes the index. The writer must still be destroyed. */
AINN_API AINN_NODISCARD ainn_status ainn_writer_finish(ainn_writer *writer);
AINN_API void ainn_writer_destroy(ainn_writer *writer);

typedef struct ainn_sequence_frame {
    ainn_bytes frame;            /* points into the sequence's data */
    uint64_t pts, duration;
} ainn_sequence_frame;

typedef struct ainn_reader ainn_reader;

/* Reads a whole sequence file in memory (or mapped), which must stay valid. A still picture counts as one frame.
 * Without an index (a file cut short) the frames are found by walking. */
AINN_API AINN_NODISCARD ainn_status ainn_reader_create(const uint8_t *data, size_t size, const ainn_limits *limits, const ainn_allocator *allocator, ainn_reader **reader);
AINN_API uint32_t ainn_reader_count(const ainn_reader *reader);
AINN_API AINN_NODISCARD ainn_status ainn_reader_get(const ainn_reader *reader, uint32_t index, ainn_sequence_frame *frame);
AINN_API void ainn_reader_destroy(ainn_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
