/* ainninfo: what is in .ainn files and in models. Here: its options; describe.c and bitmap.c do the work. */
#include "common.h"

#include <getopt.h>
#include <string.h>

#include "bitmap.h"
#include "describe.h"
#include "imageio/imageio.h"
#include "output.h"

static const char help[] =
    "Usage: ainninfo [OPTIONS] IN.ainn...\n"
    "Shows header, model, quality and the bytes of every part; a sequence frame by frame.\n"
    "\"-\" is standard input; \"--\" ends the options.\n"
    "\n"
    "      --json                a JSON array with an object for each file or model\n"
    "      --map OUT.png         draw where the bits go over the picture (one input)\n"
    "      --frame N             the frame of a sequence for --map, counted from 0\n"
    "  -m, --model MODEL         show a model's own numbers, by its name or file\n"
    "      --list-models         show the models inside the library\n"
    "  -j, --threads N           for --map; default 0: one for each core\n"
    "      --quiet               no progress, no warnings\n"
    "  -V, --version             print the version\n"
    "  -h, --help                print this\n";

enum { OPTION_JSON = 256, OPTION_MAP, OPTION_FRAME, OPTION_LIST_MODELS, OPTION_QUIET };

static const struct option long_options[] = {
    { "json", no_argument, NULL, OPTION_JSON },
    { "map", required_argument, NULL, OPTION_MAP },
    { "frame", required_argument, NULL, OPTION_FRAME },
    { "model", required_argument, NULL, 'm' },
    { "list-models", no_argument, NULL, OPTION_LIST_MODELS },
    { "threads", required_argument, NULL, 'j' },
    { "quiet", no_argument, NULL, OPTION_QUIET },
    { "version", no_argument, NULL, 'V' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

typedef struct command_line {
    bool json, list_models, frame_set, show_help, show_version;
    const char *map;
    const char *model;
    uint32_t frame, threads;
} command_line;

static int set_option(command_line *line, int option, char *const argv[])
{
    uint64_t number = 0;
    switch (option) {
    case OPTION_JSON: line->json = true; break;
    case OPTION_MAP: line->map = optarg; break;
    case OPTION_FRAME:
        if (!parse_integer(optarg, 0, UINT32_MAX, &number)) {
            return usage_error("--frame: %s is not a number", optarg);
        }
        line->frame = (uint32_t)number;
        line->frame_set = true;
        break;
    case 'm': line->model = optarg; break;
    case OPTION_LIST_MODELS: line->list_models = true; break;
    case 'j':
        if (!parse_integer(optarg, 0, 1024, &number)) {
            return usage_error("-j: %s is not a number of threads from 0 to 1024", optarg);
        }
        line->threads = number > 0 ? (uint32_t)number : core_count();
        break;
    case OPTION_QUIET: common_set_quiet(true); break;
    case 'V': line->show_version = true; break;
    case 'h': line->show_help = true; break;
    default:
        return option_error(option, argv);
    }
    return EXIT_DONE;
}

static int check(const command_line *line, char *const *inputs, int count)
{
    int standard = 0;
    if (count == 0 && line->model == NULL && !line->list_models) {
        return usage_error("no file is given");
    }
    if (line->map != NULL && count != 1) {
        return usage_error("--map goes with one file");
    }
    if (line->frame_set && line->map == NULL) {
        return usage_error("--frame goes with --map");
    }
    if (line->map != NULL && strcmp(line->map, "-") == 0) {
        return usage_error("--map cannot share standard output with the text");
    }
    if (line->map != NULL) {
        imageio_format format = imageio_format_of_path(line->map);
        if (format == IMAGEIO_NONE || format == IMAGEIO_PGM) {
            return usage_error("--map: %s ends in none of .png, .ppm, .pam, .pnm", line->map);
        }
    }
    for (int i = 0; i < count; i++) {
        standard += strcmp(inputs[i], "-") == 0 ? 1 : 0;
    }
    return standard > 1 ? usage_error("standard input is given twice") : EXIT_DONE;
}

static int show_model(const char *name, json *out)
{
    ainn_model *model = NULL;
    char message[512] = "";
    ainn_status status = ainn_model_open(name, NULL, &model, message, sizeof message);
    if (status != AINN_OK) {
        return library_error(name, status, message);
    }
    describe_model(model, out);
    ainn_model_release(model);
    return EXIT_DONE;
}

static int draw_map(const command_line *line, const ainn_file *file, const char *path)
{
    ainn_sequence_frame frame;
    bitmap_scale scale;
    if (line->frame >= file->frames) {
        complain(file->name, "there is no frame %u: the file has %u, counted from 0", (unsigned)line->frame, (unsigned)file->frames);
        return EXIT_TROUBLE;
    }
    bool good = !output_is_input(line->map, path) && ainn_file_frame(file, line->frame, &frame) &&
                bitmap_write(file->name, frame.frame, line->threads, line->map, &scale);
    if (good && !line->json) {
        printf("  map          %.1f bits per block of 16 x 16 pixels on average, red from %.1f\n", scale.mean, scale.red);
    }
    return good ? EXIT_DONE : EXIT_TROUBLE;
}

static int show_file(const command_line *line, const char *path, json *out)
{
    ainn_file file;
    int result = EXIT_TROUBLE;
    if (ainn_file_open(&file, path, NULL)) {
        result = describe_file(&file, out);
        if (line->map != NULL && draw_map(line, &file, path) != EXIT_DONE) {
            result = EXIT_TROUBLE;
        }
    }
    ainn_file_close(&file);
    return result;
}

static int show_all(const command_line *line, char *const *inputs, int count)
{
    json writer, *out = line->json ? &writer : NULL;
    int result = EXIT_DONE;
    if (out != NULL) {
        json_begin(out);
        json_open(out, NULL, '[');
    }
    if (line->list_models) {
        for (const char *const *name = ainn_model_names(); *name != NULL; name++) {
            result |= show_model(*name, out);
        }
    }
    if (line->model != NULL) {
        result |= show_model(line->model, out);
    }
    for (int i = 0; i < count; i++) {
        result |= show_file(line, inputs[i], out);
    }
    if (out != NULL) {
        json_close(out, '[');
        json_end(out);
    }
    if (!stdout_arrived()) {
        result = EXIT_TROUBLE;
    }
    return result == EXIT_DONE && output_commit_all() ? EXIT_DONE : EXIT_TROUBLE;
}

static int run(command_line *line, int argc, char *argv[])
{
    int option, result;
    while ((option = getopt_long(argc, argv, ":m:j:Vh", long_options, NULL)) != -1) {
        if ((result = set_option(line, option, argv)) != EXIT_DONE) {
            return result;
        }
    }
    if (line->show_help || line->show_version) {
        return show_help_or_version("ainninfo", line->show_help ? help : NULL);
    }
    if ((result = check(line, argv + optind, argc - optind)) != EXIT_DONE) {
        return result;
    }
    return show_all(line, argv + optind, argc - optind);
}

int main(int argc, char *argv[])
{
    command_line line;
    common_start("ainninfo");
    memset(&line, 0, sizeof line);
    line.threads = core_count();
    opterr = 0;
    int result = run(&line, argc, argv);
    output_discard_all();
    return result;
}
