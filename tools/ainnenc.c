/* ainnenc: pictures into .ainn. Here: its options; encoding.c does the work. */
#include "common.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"

static const char help[] =
    "Usage: ainnenc [OPTIONS] IN... -o OUT.ainn\n"
    "Encodes a PNG, JPEG, PGM, PPM or PAM picture; several, with --fps, make a sequence.\n"
    "\"-\" is standard input or output; \"--\" ends the options.\n"
    "\n"
    "  -o, --output OUT          the file to write\n"
    "  -q, --quality Q           0 (smallest) to 100 (best), fractions allowed; default 50\n"
    "      --target-size BYTES   the best quality that fits; suffixes k, M, Ki, Mi\n"
    "      --target-psnr DB      the lowest quality that reaches this PSNR\n"
    "  -m, --model MODEL         a model's name or file; default: the first embedded one\n"
    "  -e, --effort N            0 to 9, default 5: time spent on making the file smaller\n"
    "  -j, --threads N           default 0: one for each core\n"
    "      --alpha-quality Q     0 to 100, default 100: lossless\n"
    "      --fps N or N/D        frames a second: makes a sequence of all inputs\n"
    "      --icc FILE            this ICC profile in place of the picture's\n"
    "      --exif FILE           the same for EXIF\n"
    "      --xmp FILE            the same for XMP\n"
    "      --ignore-icc          leave the ICC profile out\n"
    "      --ignore-exif         leave EXIF out (the orientation is kept)\n"
    "      --ignore-xmp          leave XMP out\n"
    "      --ignore-metadata     leave all three out\n"
    "      --orientation N       1 to 8 as in EXIF, in place of the picture's\n"
    "      --cicp P,T,M,R        colour primaries, transfer, matrix, full range (H.273)\n"
    "      --max-pixels N        refuse larger pictures; suffixes k, M, G\n"
    "      --max-memory BYTES    refuse to use more memory\n"
    "      --stats               print sizes of the parts, PSNR, times and memory\n"
    "      --quiet               no progress, no warnings\n"
    "  -V, --version             print the version\n"
    "  -h, --help                print this\n";

enum {
    OPTION_TARGET_SIZE = 256, OPTION_TARGET_PSNR, OPTION_ALPHA_QUALITY, OPTION_FPS, OPTION_ICC, OPTION_EXIF, OPTION_XMP, OPTION_IGNORE_ICC,
    OPTION_IGNORE_EXIF, OPTION_IGNORE_XMP, OPTION_IGNORE_METADATA, OPTION_ORIENTATION, OPTION_CICP, OPTION_MAX_PIXELS, OPTION_MAX_MEMORY,
    OPTION_STATS, OPTION_QUIET
};

static const struct option long_options[] = {
    { "output", required_argument, NULL, 'o' },
    { "quality", required_argument, NULL, 'q' },
    { "target-size", required_argument, NULL, OPTION_TARGET_SIZE },
    { "target-psnr", required_argument, NULL, OPTION_TARGET_PSNR },
    { "model", required_argument, NULL, 'm' },
    { "effort", required_argument, NULL, 'e' },
    { "threads", required_argument, NULL, 'j' },
    { "alpha-quality", required_argument, NULL, OPTION_ALPHA_QUALITY },
    { "fps", required_argument, NULL, OPTION_FPS },
    { "icc", required_argument, NULL, OPTION_ICC },
    { "exif", required_argument, NULL, OPTION_EXIF },
    { "xmp", required_argument, NULL, OPTION_XMP },
    { "ignore-icc", no_argument, NULL, OPTION_IGNORE_ICC },
    { "ignore-exif", no_argument, NULL, OPTION_IGNORE_EXIF },
    { "ignore-xmp", no_argument, NULL, OPTION_IGNORE_XMP },
    { "ignore-metadata", no_argument, NULL, OPTION_IGNORE_METADATA },
    { "orientation", required_argument, NULL, OPTION_ORIENTATION },
    { "cicp", required_argument, NULL, OPTION_CICP },
    { "max-pixels", required_argument, NULL, OPTION_MAX_PIXELS },
    { "max-memory", required_argument, NULL, OPTION_MAX_MEMORY },
    { "stats", no_argument, NULL, OPTION_STATS },
    { "quiet", no_argument, NULL, OPTION_QUIET },
    { "version", no_argument, NULL, 'V' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static const char *const metadata_names[AINN_METADATA_KINDS] = { "icc", "exif", "xmp" };

typedef struct command_line {
    encode_settings settings;
    const char *output;
    const char *attachments[AINN_METADATA_KINDS];
    bool quality_set, show_help, show_version;
} command_line;

static int set_color(command_line *line, const char *text)
{
    uint32_t values[4];
    if (!parse_list(text, values, 4) || values[0] > 255 || values[1] > 255 || values[2] > 255 || values[3] > 1) {
        return usage_error("--cicp: %s is not P,T,M,R with numbers up to 255 and R 0 or 1", text);
    }
    line->settings.color = (ainn_color){ (uint8_t)values[0], (uint8_t)values[1], (uint8_t)values[2], (uint8_t)values[3] };
    line->settings.color_set = true;
    return EXIT_DONE;
}

static int set_number(command_line *line, int option, const char *text)
{
    encode_settings *settings = &line->settings;
    ainn_encode_options *options = &settings->options;
    uint64_t number = 0;
    switch (option) {
    case 'q':
        line->quality_set = true;
        return parse_real(text, 0, 100, &options->quality) ? EXIT_DONE : usage_error("-q: %s is not a quality of 0 to 100", text);
    case OPTION_TARGET_SIZE:
        return parse_amount(text, &options->target_size) ? EXIT_DONE : usage_error("--target-size: %s is not a number of bytes", text);
    case OPTION_TARGET_PSNR:
        return parse_real(text, 1, 200, &options->target_psnr) ? EXIT_DONE : usage_error("--target-psnr: %s is not 1 to 200 dB", text);
    case OPTION_ALPHA_QUALITY:
        return parse_real(text, 0, 100, &options->alpha_quality) ? EXIT_DONE
                                                                 : usage_error("--alpha-quality: %s is not a quality of 0 to 100", text);
    case 'e':
        if (!parse_integer(text, 0, 9, &number)) {
            return usage_error("-e: %s is not an effort of 0 to 9", text);
        }
        options->effort = (int)number;
        return EXIT_DONE;
    case 'j':
        if (!parse_integer(text, 0, 1024, &number)) {
            return usage_error("-j: %s is not a number of threads from 0 to 1024", text);
        }
        options->threads = number > 0 ? (uint32_t)number : core_count();
        return EXIT_DONE;
    case OPTION_FPS:
        settings->sequence = true;
        return parse_ratio(text, &settings->rate_num, &settings->rate_den)
                   ? EXIT_DONE
                   : usage_error("--fps: %s is not a rate such as 25 or 30000/1001", text);
    case OPTION_ORIENTATION:
        if (!parse_integer(text, 1, 8, &number)) {
            return usage_error("--orientation: %s is not 1 to 8", text);
        }
        settings->orientation = (uint8_t)number;
        return EXIT_DONE;
    case OPTION_MAX_PIXELS:
        return parse_amount(text, &settings->limits.max_pixels) ? EXIT_DONE
                                                                : usage_error("--max-pixels: %s is not a number of pixels", text);
    case OPTION_MAX_MEMORY:
        return parse_amount(text, &settings->limits.max_memory) ? EXIT_DONE
                                                                : usage_error("--max-memory: %s is not a number of bytes", text);
    default:
        return set_color(line, text);
    }
}

static int set_option(command_line *line, int option, char *const argv[])
{
    bool *ignore = line->settings.ignore;
    switch (option) {
    case 'o': line->output = optarg; break;
    case 'm': line->settings.model = optarg; break;
    case OPTION_ICC: line->attachments[AINN_ICC] = optarg; break;
    case OPTION_EXIF: line->attachments[AINN_EXIF] = optarg; break;
    case OPTION_XMP: line->attachments[AINN_XMP] = optarg; break;
    case OPTION_IGNORE_ICC: ignore[AINN_ICC] = true; break;
    case OPTION_IGNORE_EXIF: ignore[AINN_EXIF] = true; break;
    case OPTION_IGNORE_XMP: ignore[AINN_XMP] = true; break;
    case OPTION_IGNORE_METADATA: ignore[AINN_ICC] = ignore[AINN_EXIF] = ignore[AINN_XMP] = true; break;
    case OPTION_STATS: line->settings.stats = true; break;
    case OPTION_QUIET: common_set_quiet(true); break;
    case 'V': line->show_version = true; break;
    case 'h': line->show_help = true; break;
    case '?':
    case ':':
        return option_error(option, argv);
    default:
        return set_number(line, option, optarg);
    }
    return EXIT_DONE;
}

static int check(const command_line *line, char *const *inputs, int count)
{
    const ainn_encode_options *options = &line->settings.options;
    int goals = (line->quality_set ? 1 : 0) + (options->target_size > 0 ? 1 : 0) + (options->target_psnr > 0 ? 1 : 0);
    int standard = 0;
    if (count == 0) {
        return usage_error("no picture is given");
    }
    if (line->output == NULL) {
        return usage_error("no output is given: -o OUT.ainn");
    }
    if (goals > 1) {
        return usage_error("-q, --target-size and --target-psnr exclude each other");
    }
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++) {
        if (line->attachments[kind] != NULL && line->settings.ignore[kind]) {
            return usage_error("--%s and --ignore-%s exclude each other", metadata_names[kind], metadata_names[kind]);
        }
    }
    if (count > 1 && !line->settings.sequence) {
        return usage_error("several pictures make a sequence: give its rate with --fps");
    }
    for (int i = 0; i < count; i++) {
        standard += strcmp(inputs[i], "-") == 0 ? 1 : 0;
    }
    return standard > 1 ? usage_error("standard input is given twice") : EXIT_DONE;
}

/* Refuses what is not of the kind that its option names, before it ends up in a file. */
static const char *wrong_with(int kind, const imageio_bytes *bytes)
{
    if (bytes->size == 0) {
        return "the file is empty";
    }
    if (kind == AINN_ICC && (bytes->size < 132 || memcmp(bytes->data + 36, "acsp", 4) != 0)) {
        return "is not an ICC profile";
    }
    if (kind == AINN_EXIF && (bytes->size < 14 || (memcmp(bytes->data, "II*\0", 4) != 0 && memcmp(bytes->data, "MM\0*", 4) != 0))) {
        return "is not EXIF data (a TIFF structure)";
    }
    return NULL;
}

static bool load_attachments(command_line *line)
{
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++) {
        const char *path = line->attachments[kind];
        file_data file;
        if (path == NULL) {
            continue;
        }
        if (output_is_input(line->output, path) || !file_data_open(path, &file)) {
            return false;
        }
        size_t skip = kind == AINN_EXIF && file.size > 6 && memcmp(file.data, "Exif\0", 6) == 0 ? 6 : 0;
        imageio_bytes *bytes = &line->settings.attached[kind];
        bytes->size = file.size - skip;
        bytes->data = malloc(bytes->size + 1);
        if (bytes->data != NULL && bytes->size > 0) {
            memcpy(bytes->data, file.data + skip, bytes->size);
        }
        file_data_close(&file);
        const char *wrong = bytes->data == NULL ? "out of memory" : wrong_with(kind, bytes);
        if (wrong != NULL) {
            complain(path, "%s", wrong);
            return false;
        }
        line->settings.attach[kind] = true;
    }
    return true;
}

static int run(command_line *line, int argc, char *argv[])
{
    int option, result;
    while ((option = getopt_long(argc, argv, ":o:q:m:e:j:Vh", long_options, NULL)) != -1) {
        if ((result = set_option(line, option, argv)) != EXIT_DONE) {
            return result;
        }
    }
    if (line->show_help || line->show_version) {
        return show_help_or_version("ainnenc", line->show_help ? help : NULL);
    }
    if ((result = check(line, argv + optind, argc - optind)) != EXIT_DONE) {
        return result;
    }
    return load_attachments(line) ? encode_pictures(&line->settings, argv + optind, (uint32_t)(argc - optind), line->output) : EXIT_TROUBLE;
}

int main(int argc, char *argv[])
{
    command_line line;
    common_start("ainnenc");
    memset(&line, 0, sizeof line);
    ainn_encode_options_init(&line.settings.options);
    ainn_limits_init(&line.settings.limits);
    line.settings.options.threads = core_count();
    opterr = 0;
    int result = run(&line, argc, argv);
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++) {
        free(line.settings.attached[kind].data);
    }
    return result;
}
