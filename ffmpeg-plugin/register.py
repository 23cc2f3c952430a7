#!/usr/bin/env python3
"""Puts the AINN codec into an FFmpeg source tree: copies our files and registers them in FFmpeg's own.

    register.py [--upstream] TREE

Every edit names an anchor, a regular expression that must match, so that one description serves all releases; where
an anchor is missing nothing is written at all. Files that are equal are not touched, so that a second run changes
nothing and make rebuilds nothing. Edited files are kept as they were in TREE/.libainn, and later versions of this
script begin from those as long as nobody else has changed the file. --upstream adds what only a patch for FFmpeg itself
needs: version numbers, change log, maintainers."""
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

COPIED = ['libavcodec', 'libavformat', 'tests']     # folders that mirror FFmpeg's


def texinfo(name):
    with open(f'{HERE}/doc/{name}.texi') as file:
        return file.read().rstrip('\n') + '\n\n'


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return None


def write(path, text):
    """All or nothing: a run that is stopped leaves no half-written file."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + '.part', 'w') as file:
        file.write(text)
    if os.path.exists(path):
        shutil.copymode(path, path + '.part')
    os.replace(path + '.part', path)


class Tree:
    def __init__(self, root):
        self.root, self.files, self.originals, self.missing = root, {}, {}, []

    def kept(self, kind, path):
        return os.path.join(self.root, '.libainn', kind, path)

    def text(self, path):
        if path not in self.files:
            text = read(os.path.join(self.root, path))
            original = read(self.kept('original', path))
            if original is not None and text == read(self.kept('edited', path)):
                text = original
            self.files[path] = self.originals[path] = text
        return self.files[path]

    def has(self, path, pattern):
        return os.path.exists(os.path.join(self.root, path)) and re.search(pattern, self.text(path), re.M)

    def before(self, path, anchor, text):
        """Inserts text before the first line that the anchor matches; \\1 and so on come from the match."""
        self._insert(path, anchor, text, lambda match: match.start())

    def after(self, path, anchor, text):
        """Inserts text after the line that the anchor ends in."""
        self._insert(path, anchor, text, lambda match: self.text(path).index('\n', match.end() - 1) + 1)

    def replace(self, path, anchor, text):
        match = re.search(anchor, self.text(path), re.M)
        if not match:
            self.missing.append(f'{path}: {anchor}')
            return
        self.files[path] = self.text(path)[:match.start()] + match.expand(text) + self.text(path)[match.end():]

    def _insert(self, path, anchor, text, where):
        match = re.search(anchor, self.text(path), re.M)
        if not match:
            self.missing.append(f'{path}: {anchor}')
            return
        text = re.sub(r'\\(\d)', lambda group: match.group(int(group[1])), text)
        if text not in self.text(path):
            position = where(match)
            self.files[path] = self.text(path)[:position] + text + self.text(path)[position:]

    def write(self):
        for path, text in self.files.items():
            if text == self.originals[path]:
                continue
            # In this order, so that whatever a stopped run has left is taken for what it is.
            for target, wanted in ((self.kept('original', path), self.originals[path]),
                                   (self.kept('edited', path), text), (os.path.join(self.root, path), text)):
                if read(target) != wanted:
                    write(target, wanted)


def register(tree):
    # Build
    tree.before('configure', r'^  --enable-libaom ',
                '  --enable-libainn         enable AINN image de/encoding via libainn [no]\n')
    tree.before('configure', r'^    libaom$', '    libainn\n')
    # Up to FFmpeg 7 the EXIF reader is compiled only where someone selects it.
    exif = 'libainn_decoder_select="exif"\n' if tree.has('configure', r'^    exif$') else ''
    tree.before('configure', r'^libaom_av1_decoder_deps=',
                'libainn_decoder_deps="libainn"\n' + exif + 'libainn_encoder_deps="libainn"\n')
    tree.before('configure', r'^enabled libaom  ',
                'enabled libainn           && require_pkg_config libainn "libainn >= 0.1.0" ainn.h ainn_version\n')
    tree.before('libavcodec/Makefile', r'^OBJS-\$\(CONFIG_LIBAOM_AV1_DECODER\)',
                'OBJS-$(CONFIG_LIBAINN_DECODER)            += libainndec.o libainn.o\n'
                'OBJS-$(CONFIG_LIBAINN_ENCODER)            += libainnenc.o libainn.o\n')
    tree.after('libavcodec/Makefile', r'^OBJS-\$\(CONFIG_ADX_PARSER\).*',
               'OBJS-$(CONFIG_AINN_PARSER)             += ainn_parser.o\n')
    tree.before('libavcodec/Makefile', r'^SKIPHEADERS-\$\(CONFIG_LIB',
                'SKIPHEADERS-$(CONFIG_LIBAINN)          += libainn.h\n')
    tree.before('libavformat/Makefile', r'^OBJS-\$\(CONFIG_AIX_DEMUXER\)',
                'OBJS-$(CONFIG_AINN_DEMUXER)              += ainndec.o\n'
                'OBJS-$(CONFIG_AINN_MUXER)                += ainnenc.o\n')
    tree.before('libavformat/Makefile', r'^OBJS-\$\(CONFIG_IMAGE_BMP_PIPE_DEMUXER\)',
                'OBJS-$(CONFIG_IMAGE_AINN_PIPE_DEMUXER)    += img2dec.o img2.o\n')

    # Codec
    video_end = r'^\n    /\* various PCM "codecs" \*/'
    tree.before('libavcodec/codec_id.h', video_end, '    AV_CODEC_ID_AINN,\n')
    tree.before('libavcodec/codec_desc.c', video_end, '''\
    {
        .id        = AV_CODEC_ID_AINN,
        .type      = AVMEDIA_TYPE_VIDEO,
        .name      = "ainn",
        .long_name = NULL_IF_CONFIG_SMALL("AINN (Approximately Invertible Neural Network) image"),
        .props     = AV_CODEC_PROP_INTRA_ONLY | AV_CODEC_PROP_LOSSY,
        .mime_types= MT("image/x-ainn"),
        .profiles  = NULL_IF_CONFIG_SMALL(ff_ainn_profiles),
    },
''')
    modern = tree.has('libavcodec/defs.h', r'^#define AV_PROFILE_UNKNOWN')
    tree.after('libavcodec/' + ('defs.h' if modern else 'avcodec.h'), r'^#define (AV|FF)_PROFILE_KLVA_ASYNC .*', '''\

#define AV_PROFILE_AINN_FAST            0
#define AV_PROFILE_AINN_STANDARD        1
#define AV_PROFILE_AINN_HIGH            2
#define AV_PROFILE_AINN_FAST_MSSSIM     3
#define AV_PROFILE_AINN_STANDARD_MSSSIM 4
''')
    tree.before('libavcodec/profiles.c', r'^#endif /\* !CONFIG_SMALL', f'''\
const AVProfile ff_ainn_profiles[] = {{
    {{ AV_PROFILE_AINN_FAST,            "fast"            }},
    {{ AV_PROFILE_AINN_STANDARD,        "standard"        }},
    {{ AV_PROFILE_AINN_HIGH,            "high"            }},
    {{ AV_PROFILE_AINN_FAST_MSSSIM,     "fast-msssim"     }},
    {{ AV_PROFILE_AINN_STANDARD_MSSSIM, "standard-msssim" }},
    {{ {'AV' if modern else 'FF'}_PROFILE_UNKNOWN }},
}};

''')
    tree.before('libavcodec/profiles.h', r'^\n#endif /\* AVCODEC_PROFILES_H',
                'extern const AVProfile ff_ainn_profiles[];\n')
    tree.before('libavcodec/allcodecs.c', r'^extern (const )?FFCodec ff_libaom_av1_encoder;',
                'extern const FFCodec ff_libainn_decoder;\nextern const FFCodec ff_libainn_encoder;\n')
    tree.after('libavcodec/parsers.c', r'^extern const (\w+) ff_adx_parser;',
               'extern const \\1 ff_ainn_parser;\n')

    # Formats
    tree.before('libavformat/allformats.c', r'^extern const (\w+)  ff_aix_demuxer;',
                'extern const \\1  ff_ainn_demuxer;\n')
    tree.before('libavformat/allformats.c', r'^extern const (\w+)  ff_aix_demuxer;',
                ('extern const FFOutputFormat' if tree.has('libavformat/mux.h', 'FFOutputFormat')
                 else 'extern const AVOutputFormat') + ' ff_ainn_muxer;\n')
    tree.before('libavformat/allformats.c', r'^extern const (\w+)  ff_image_bmp_pipe_demuxer;',
                'extern const \\1  ff_image_ainn_pipe_demuxer;\n')
    if tree.has('libavformat/img2.c', r'^    TAG\(JPEGXL, '):
        tree.after('libavformat/img2.c', r'^    TAG\(JPEGXL, .*', '    TAG(AINN,            ainn     ) \\\n')
    else:
        tree.after('libavformat/img2.c', r'^    \{ AV_CODEC_ID_JPEGXL,.*', '    { AV_CODEC_ID_AINN,       "ainn"     },\n')
    tree.before('libavformat/img2dec.c', r'^#include "libavcodec/gif.h"', '#include "libavcodec/ainn_header.h"\n')
    tree.before('libavformat/img2dec.c', r'^static int bmp_probe\(', '''\
static int ainn_probe(const AVProbeData *p)
{
    /* One less than the demuxer for .ainn files, which knows where frames end. */
    return ff_ainn_frame_length(p->buf, p->buf_size) > 0 ? AVPROBE_SCORE_MAX - 1 : 0;
}

''')
    tree.before('libavformat/img2dec.c', r'^IMAGEAUTO_DEMUXER\(bmp,', 'IMAGEAUTO_DEMUXER(ainn,      AINN)\n')
    if not tree.has('libavformat/img2enc.c', '"ainn,bmp,dpx'):
        tree.replace('libavformat/img2enc.c', r'"bmp,dpx,', '"ainn,bmp,dpx,')
    # Matroska, NUT and AVI use the first table, MOV the second.
    tree.after('libavformat/riff.c', r'^    \{ AV_CODEC_ID_CFHD, .*',
               "    { AV_CODEC_ID_AINN,         MKTAG('A', 'I', 'N', 'N') },\n")
    tree.after('libavformat/isom_tags.c', r"^    \{ AV_CODEC_ID_DNXHD, .*'n'\) \}.*\n.*",
               "\n    { AV_CODEC_ID_AINN,      MKTAG('A', 'I', 'N', 'N') }, /* AINN */\n")

    # -h encoder=ainn would say that there are no threads.
    tree.after('fftools/opt_common.c', r'^        case AV_CODEC_CAP_FRAME_THREADS: printf.*',
               '        case AV_CODEC_CAP_FRAME_THREADS |\n'
               '             AV_CODEC_CAP_OTHER_THREADS: printf("frame and other"); break;\n')

    # Tests and documentation
    tree.after('tests/Makefile', r'^include \$\(SRC_PATH\)/tests/fate/adpcm.mak', 'include $(SRC_PATH)/tests/fate/ainn.mak\n')
    tree.before('doc/general_contents.texi', r'^@item Alias PIX ', '''\
@item AINN         @tab X @tab X
    @tab Approximately Invertible Neural Network (via libainn)
''')
    tree.before('doc/general_contents.texi', r'^@section libjxl', texinfo('general_contents'))
    tree.before('doc/encoders.texi', r'^@section Cinepak', texinfo('encoders'))
    tree.before('doc/decoders.texi', r'^@section av1', texinfo('decoders'))
    tree.before('doc/demuxers.texi', r'^@section apng', texinfo('demuxers'))
    tree.before('doc/muxers.texi', r'^@(anchor\{alp\}\n@)?section alp', texinfo('muxers'))


def register_upstream(tree):
    for library in ('libavcodec', 'libavformat'):
        if not tree.has('doc/APIchanges', 'AV_CODEC_ID_AINN'):
            text   = tree.text(f'{library}/version.h')
            minor  = int(re.search(r'_VERSION_MINOR +(\d+)', text)[1]) + 1
            text   = re.sub(r'(_VERSION_MINOR +)\d+', rf'\g<1>{minor}', text, count=1)
            tree.files[f'{library}/version.h'] = re.sub(r'(_VERSION_MICRO +)\d+', r'\g<1>100', text, count=1)
    version = re.search(r'_VERSION_MINOR +(\d+)', tree.text('libavcodec/version.h'))[1]
    major   = re.search(r'_VERSION_MAJOR +(\d+)', tree.text('libavcodec/version_major.h'))[1]
    tree.after('doc/APIchanges', r'^API changes, most recent first:\n', f'''\

20xx-xx-xx - xxxxxxxxxx - lavc {major}.{version}.100 - codec_id.h defs.h
  Add AV_CODEC_ID_AINN and AV_PROFILE_AINN_*.
''')
    tree.after('Changelog', r'^version .*:', '- AINN image decoder and encoder (via libainn), parser, demuxer and muxer\n')
    tree.before('MAINTAINERS', r'^  libaom|^  libcelt|^  libdirac|^  libjxl', '  libainn*                              [The libainn authors]\n')


def main(arguments):
    upstream = '--upstream' in arguments
    roots = [a for a in arguments if a != '--upstream']
    if len(roots) != 1 or not os.path.exists(os.path.join(roots[0], 'libavcodec', 'allcodecs.c')):
        sys.exit(__doc__.split('\n\n')[1].strip() + '\nTREE must be an FFmpeg source tree')
    tree = Tree(roots[0])
    register(tree)
    if upstream:
        register_upstream(tree)
    if tree.missing:
        sys.exit('register.py: this FFmpeg is too different; not found:\n  ' + '\n  '.join(tree.missing))
    for folder in COPIED:
        for path, _, names in os.walk(os.path.join(HERE, folder)):
            for name in names:
                source = os.path.join(path, name)
                target = os.path.join(roots[0], os.path.relpath(source, HERE))
                with open(source) as file:
                    text = file.read()
                if read(target) != text:
                    write(target, text)
    tree.write()


if __name__ == '__main__':
    main(sys.argv[1:])
