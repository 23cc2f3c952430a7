/* ainndec: .ainn into pictures. Here: its options; decoding.c does the work. */
#include "common.h"

#include <getopt.h>
#include <string.h>

#include "decoding.h"
#include "output.h"
#include "pattern.h"

static const char help[] =
    "Usage: ainndec [OPTIONS] IN.ainn -o OUT.{png,ppm,pgm,pam}\n"
    "Decodes a picture, or frames of a sequence: a %d or %04d in OUT becomes the frame's number.\n"
    "\"-\" is standard input or output; \"--\" ends the options.\n"
    "\n"
    "  -o, --output OUT          the file to write; its ending chooses the format\n"
    "  -f, --format FORMAT       png, ppm, pgm, pam or pnm, whatever the ending\n"
    "  -r, --region X,Y,W,H      only this part (of the pixels as they are stored)\n"
    "      --preview             a blurred picture from a small part of the file\n"
    "      --frame N             frame N of a sequence, counted from 0, or \"all\"\n"
    "      --ignore-damage       go on where data is damaged or missing, and report it\n"
    "      --depth D             bits a sample, 8 to 16 (PNG: 8 or 16); default: the file's\n"
    "      --apply-orientation   turn the picture as its orientation says\n"
    "      --ignore-metadata     write no ICC, EXIF or XMP (the orientation is kept)\n"
    "  -m, --model MODEL         this model's name or file, in place of looking for it\n"
    "  -j, --threads N           default 0: one for each core\n"
    "  -z, --compression N       0 to 9, default 3: effort to make a PNG smaller\n"
    "      --max-pixels N        refuse larger pictures; suffixes k, M, G\n"
    "      --max-memory BYTES    refuse to use more memory\n"
    "      --no-output           decode for nothing, to measure the time\n"
    "      --repeat N            decode N times (with --no-output)\n"
    "      --stats               print sizes of the parts, times and memory\n"
    "      --quiet               no progress, no warnings\n"
    "  -V, --version             print the version\n"
    "  -h, --help                print this\n";

enum {
    OPTION_PREVIEW = 256,
    OPTION_FRAME,
    OPTION_IGNORE_DAMAGE,
    OPTION_DEPTH,
    OPTION_APPLY_ORIENTATION,
    OPTION_IGNORE_METADATA,
    OPTION_MAX_PIXELS,
    OPTION_MAX_MEMORY,
    OPTION_NO_OUTPUT,
    OPTION_REPEAT,
    OPTION_STATS,
    OPTION_QUIET
};

static const struct option long_options[] = {
    { "output", required_argument, NULL, 'o' },
    { "format", required_argument, NULL, 'f' },
    { "region", required_argument, NULL, 'r' },
    { "preview", no_argument, NULL, OPTION_PREVIEW },
    { "frame", required_argument, NULL, OPTION_FRAME },
    { "ignore-damage", no_argument, NULL, OPTION_IGNORE_DAMAGE },
    { "depth", required_argument, NULL, OPTION_DEPTH },
    { "apply-orientation", no_argument, NULL, OPTION_APPLY_ORIENTATION },
    { "ignore-metadata", no_argument, NULL, OPTION_IGNORE_METADATA },
    { "model", required_argument, NULL, 'm' },
    { "threads", required_argument, NULL, 'j' },
    { "compression", required_argument, NULL, 'z' },
    { "max-pixels", required_argument, NULL, OPTION_MAX_PIXELS },
    { "max-memory", required_argument, NULL, OPTION_MAX_MEMORY },
    { "no-output", no_argument, NULL, OPTION_NO_OUTPUT },
    { "repeat", required_argument, NULL, OPTION_REPEAT },
    { "stats", no_argument, NULL, OPTION_STATS },
    { "quiet", no_argument, NULL, OPTION_QUIET },
    { "version", no_argument, NULL, 'V' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

typedef struct command_line {
    decode_settings settings;
    const char *output;
    bool repeat_set, show_help, show_version;
} command_line;

static int set_region(decode_settings *settings, const char *text)
{
    uint32_t values[4];
    if (!parse_list(text, values, 4) || values[2] == 0 || values[3] == 0) {
        return usage_error("--region: %s is not X,Y,WIDTH,HEIGHT", text);
    }
    settings->options.region_x = values[0];
    settings->options.region_y = values[1];
    settings->options.region_width = values[2];
    settings->options.region_height = values[3];
    settings->region_set = true;
    return EXIT_DONE;
}

static int set_number(decode_settings *settings, int option, const char *text)
{
    uint64_t number = 0;
    switch (option) {
    case OPTION_FRAME:
        settings->all_frames = strcmp(text, "all") == 0;
        if (!settings->all_frames && !parse_integer(text, 0, UINT32_MAX, &number)) {
            return usage_error("--frame: %s is neither a number nor \"all\"", text);
        }
        settings->frame = (uint32_t)number;
        settings->frame_set = !settings->all_frames;
        return EXIT_DONE;
    case OPTION_DEPTH:
        if (!parse_integer(text, 8, 16, &number)) {
            return usage_error("--depth: %s is not 8 to 16", text);
        }
        settings->depth = (uint32_t)number;
        return EXIT_DONE;
    case 'j':
        if (!parse_integer(text, 0, 1024, &number)) {
            return usage_error("-j: %s is not a number of threads from 0 to 1024", text);
        }
        settings->options.threads = number > 0 ? (uint32_t)number : core_count();
        return EXIT_DONE;
    case 'z':
        if (!parse_integer(text, 0, 9, &number)) {
            return usage_error("-z: %s is not 0 to 9", text);
        }
        settings->compression = (int)number;
        return EXIT_DONE;
    case OPTION_REPEAT:
        if (!parse_integer(text, 1, 1000000, &number)) {
            return usage_error("--repeat: %s is not a number of times", text);
        }
        settings->repeat = (uint32_t)number;
        return EXIT_DONE;
    case OPTION_MAX_PIXELS:
        return parse_amount(text, &settings->limits.max_pixels) ? EXIT_DONE
                                                                : usage_error("--max-pixels: %s is not a number of pixels", text);
    default:
        return parse_amount(text, &settings->limits.max_memory) ? EXIT_DONE
                                                                : usage_error("--max-memory: %s is not a number of bytes", text);
    }
}

static int set_option(command_line *line, int option, char *const argv[])
{
    decode_settings *settings = &line->settings;
    switch (option) {
    case 'o': line->output = optarg; break;
    case 'f':
        settings->format = imageio_format_named(optarg);
        return settings->format != IMAGEIO_NONE ? EXIT_DONE : usage_error("-f: %s is none of png, ppm, pgm, pam, pnm", optarg);
    case 'r': return set_region(settings, optarg);
    case OPTION_PREVIEW: settings->options.preview = 1; break;
    case OPTION_IGNORE_DAMAGE: settings->options.ignore_damage = 1; break;
    case OPTION_APPLY_ORIENTATION: settings->apply_orientation = true; break;
    case OPTION_IGNORE_METADATA: settings->ignore_metadata = true; break;
    case 'm': settings->model = optarg; break;
    case OPTION_NO_OUTPUT: settings->no_output = true; break;
    case OPTION_STATS: settings->stats = true; break;
    case OPTION_QUIET: common_set_quiet(true); break;
    case 'V': line->show_version = true; break;
    case 'h': line->show_help = true; break;
    case '?':
    case ':':
        return option_error(option, argv);
    default:
        line->repeat_set = line->repeat_set || option == OPTION_REPEAT;
        return set_number(settings, option, optarg);
    }
    return EXIT_DONE;
}

static int choose_format(command_line *line)
{
    decode_settings *settings = &line->settings;
    if (settings->no_output) {
        if (settings->format == IMAGEIO_NONE) {
            settings->format = IMAGEIO_PAM;   /* holds every depth and kind as the file has it */
        }
        return EXIT_DONE;
    }
    if (settings->format == IMAGEIO_NONE) {
        settings->format = strcmp(line->output, "-") == 0 ? IMAGEIO_PNG : imageio_format_of_path(line->output);
    }
    if (settings->format == IMAGEIO_NONE) {
        return usage_error("%s ends in none of .png, .ppm, .pgm, .pam, .pnm; choose with -f", line->output);
    }
    if (settings->format == IMAGEIO_PNG && settings->depth > 8 && settings->depth < 16) {
        return usage_error("--depth: PNG holds 8 or 16 bits, not %u", (unsigned)settings->depth);
    }
    return EXIT_DONE;
}

static int check(command_line *line, int count)
{
    decode_settings *settings = &line->settings;
    if (count == 0) {
        return usage_error("no file is given");
    }
    if (count > 1) {
        return usage_error("more than one file is given");
    }
    if (settings->no_output ? line->output != NULL : line->output == NULL) {
        return usage_error(settings->no_output ? "-o and --no-output exclude each other" : "no output is given: -o OUT.png");
    }
    if (line->repeat_set && !settings->no_output) {
        return usage_error("--repeat goes with --no-output");
    }
    pattern_kind pattern = line->output != NULL ? pattern_look(line->output) : PATTERN_NONE;
    if (pattern == PATTERN_SEVERAL) {
        return usage_error("%s has more than one place for a number", line->output);
    }
    if (settings->all_frames && line->output != NULL && pattern == PATTERN_NONE && strcmp(line->output, "-") != 0) {
        return usage_error("--frame all needs a %%d in %s for the frame's number", line->output);
    }
    return choose_format(line);
}

static int run(command_line *line, int argc, char *argv[])
{
    int option, result;
    while ((option = getopt_long(argc, argv, ":o:f:r:m:j:z:Vh", long_options, NULL)) != -1) {
        if ((result = set_option(line, option, argv)) != EXIT_DONE) {
            return result;
        }
    }
    if (line->show_help || line->show_version) {
        return show_help_or_version("ainndec", line->show_help ? help : NULL);
    }
    if ((result = check(line, argc - optind)) != EXIT_DONE) {
        return result;
    }
    return decode_file(&line->settings, argv[optind], line->output);
}

int main(int argc, char *argv[])
{
    command_line line;
    common_start("ainndec");
    memset(&line, 0, sizeof line);
    ainn_decode_options_init(&line.settings.options);
    ainn_limits_init(&line.settings.limits);
    line.settings.options.threads = core_count();
    line.settings.compression = 3;   /* 5 % larger than zlib's 6, several times faster */
    line.settings.repeat = 1;
    opterr = 0;
    return run(&line, argc, argv);
}
