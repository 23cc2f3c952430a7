"""The codecs that are compared: their programs, settings and command lines."""
import os
import re
import shutil
from dataclasses import dataclass, field

from . import process


@dataclass
class Codec:
    """One codec. Commands are lists in which {ppm} and {png} (both uncompressed) name the source, {file} the coded file,
    {out} the decoded picture, {q} the setting and {threads} the number of threads."""
    name: str
    title: str
    encode: list
    decode: list
    suffix: str
    settings: list
    search: tuple                    # lowest quality, highest quality, smallest step of the setting (0: continuous)
    package: str
    decoded_suffix: str = '.ppm'
    version: list = field(default_factory=list)
    version_word: str = ''
    env: dict = None

    def missing(self):
        """Names of programs that are not there."""
        return [p for p in (self.encode[0], self.decode[0]) if not shutil.which(p)]

    def command(self, template, **values):
        """A command list with its places filled in."""
        return [part.format(**values) for part in template]

    def round_trip(self, source, setting, folder, threads=1):
        """Encodes and decodes once. Returns (coded path, decoded path, encoder's Run, decoder's Run)."""
        coded = os.path.join(folder, 'coded' + self.suffix)
        decoded = os.path.join(folder, 'decoded' + self.decoded_suffix)
        for path in (coded, decoded):
            if os.path.exists(path):
                os.unlink(path)
        values = dict(ppm=source.ppm, png=source.png, file=coded, out=decoded, q=setting, threads=threads)
        encoded = process.run(self.command(self.encode, **values), env=self.env)
        done = process.run(self.command(self.decode, **values), env=self.env)
        return coded, decoded, encoded, done

    def example(self):
        """Both command lines as they would be typed."""
        values = dict(ppm='IN.ppm', png='IN.png', file='FILE' + self.suffix, out='OUT' + self.decoded_suffix, q='Q', threads='1')
        lines = [self.command(t, **values) for t in (self.encode, self.decode)]
        lines = [[os.path.basename(line[0])] + line[1:] for line in lines]
        return [' '.join(os.path.basename(part) if os.path.isabs(part) else part for part in line) for line in lines]

    def version_line(self):
        """One line that names the program's version, or ''."""
        if not self.version:
            return ''
        output = process.run(self.version, env=self.env, check=False).output
        for line in output.splitlines():
            if self.version_word in line and any(c.isdigit() for c in line):
                return ' '.join(line.split())[:120]
        return ''


_SCALE = 'scale=%s:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp,format=%s'
_FFMPEG = ['ffmpeg', '-nostdin', '-v', 'error', '-y', '-threads', '{threads}']

PEERS = [
    Codec('jpeg', 'JPEG (libjpeg-turbo)',
          ['cjpeg', '-quality', '{q}', '-optimize', '-outfile', '{file}', '{ppm}'],
          ['djpeg', '-outfile', '{out}', '{file}'],
          '.jpg', [5, 10, 20, 35, 50, 70, 85, 92], (1, 100, 1), 'libjpeg-turbo-progs', version=['cjpeg', '-version'], version_word='version'),
    Codec('webp', 'WebP (cwebp -m 6)',
          ['cwebp', '-quiet', '-m', '6', '-q', '{q}', '{ppm}', '-o', '{file}'],
          ['dwebp', '-quiet', '{file}', '-ppm', '-o', '{out}'],
          '.webp', [0, 5, 20, 40, 65, 80, 90, 95], (0, 100, 0), 'webp', version=['cwebp', '-version']),
    Codec('jpeg2000', 'JPEG 2000 (OpenJPEG 9/7)',
          ['opj_compress', '-i', '{ppm}', '-o', '{file}', '-I', '-r', '{q}'],
          ['opj_decompress', '-threads', '{threads}', '-i', '{file}', '-o', '{out}'],
          '.jp2', [240, 120, 60, 34, 24, 16, 12], (1000, 2, 0), 'libopenjp2-tools', version=['opj_compress', '-h'], version_word='library'),
    Codec('jxl', 'JPEG XL (cjxl -e 7)',
          ['cjxl', '{ppm}', '{file}', '-e', '7', '-d', '{q}', '--num_threads=0'],
          ['djxl', '{file}', '{out}', '--num_threads={threads}'],
          '.jxl', [15, 10, 6.5, 4, 2.5, 1.5, 1, 0.7], (15, 0.1, 0), 'libjxl-tools', version=['cjxl', '-V'], version_word='cjxl'),
    # tuned for what is measured here; without it x265 spends about 15 % of its bits on the eye instead
    Codec('x265', 'HEVC (x265 slow 4:4:4)',
          _FFMPEG + ['-i', '{ppm}', '-vf', _SCALE % ('out_color_matrix=bt601:out_range=full', 'yuv444p'),
                     '-c:v', 'libx265', '-preset', 'slow', '-tune', 'psnr', '-crf', '{q}', '-x265-params',
                     'log-level=error:info=0:pools=none:frame-threads=1:keyint=1:range=full:colormatrix=smpte170m', '-f', 'hevc', '{file}'],
          _FFMPEG + ['-i', '{file}', '-vf', _SCALE % ('in_color_matrix=bt601:in_range=full', 'rgb24'), '-frames:v', '1', '{out}'],
          '.hevc', [46, 41, 36, 31, 27, 23], (51, 0, 0), 'ffmpeg', version=['ffmpeg', '-version'], version_word='version'),
    Codec('avif', 'AVIF (libaom speed 4 4:4:4)',
          ['avifenc', '-j', '{threads}', '-s', '4', '-y', '444', '--min', '{q}', '--max', '{q}', '{png}', '{file}'],
          ['avifdec', '-j', '{threads}', '--png-compress', '0', '{file}', '{out}'],
          '.avif', [60, 52, 42, 34, 26, 19], (63, 1, 1), 'libavif-bin', decoded_suffix='.png', version=['avifenc', '-V'], version_word='Version'),
]

AINN_QUALITIES = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
EFFORT = re.compile(r'-e(\d)$')          # after a model's name
AINN_MODELS = ['fast', 'standard', 'fast-msssim', 'standard-msssim']


def find_tool(name, folder=None):
    """(path, environment) of one of libainn's tools. Where libtool left a shell script that starts the real program, the
    program itself is named, since the script's own time would be measured too."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [folder] if folder else [os.getcwd(), os.path.dirname(here), here] + os.environ.get('PATH', '').split(os.pathsep)
    for base in folders:
        path = os.path.join(base, name)
        if not (os.path.isfile(path) and os.access(path, os.X_OK)):
            continue
        with open(path, 'rb') as file:
            script = file.read(2) == b'#!'
        real = os.path.join(base, '.libs', name)
        if script and os.path.isfile(real):
            env = dict(os.environ)
            env['LD_LIBRARY_PATH'] = os.pathsep.join(filter(None, [os.path.abspath(os.path.join(base, '.libs')), env.get('LD_LIBRARY_PATH')]))
            return real, env
        return path, None
    return None, None


def ainn(model, tools=None, qualities=None):
    """libainn with one model: a name, or a file NAME.ainnmodel, and -eN after it for an effort. None when the tools are not there."""
    effort = EFFORT.search(model)
    model = model[:effort.start()] if effort else model
    encoder, env = find_tool('ainnenc', tools)
    decoder, _ = find_tool('ainndec', tools)
    if not encoder or not decoder:
        return None
    name = os.path.basename(model)
    name = name[:-len('.ainnmodel')] if name.endswith('.ainnmodel') else name
    from_file = ['-m', model] if os.path.sep in model or model.endswith('.ainnmodel') else []
    name += effort[0] if effort else ''
    return Codec('ainn-' + name, 'libainn ' + name,
                 [encoder, '{ppm}', '-o', '{file}', '-q', '{q}', '-m', model, '-j', '{threads}'] + (['-e', effort[1]] if effort else []),
                 [decoder, '{file}', '-o', '{out}', '-j', '{threads}'] + from_file,
                 '.ainn', list(qualities or AINN_QUALITIES), (0, 100, 0), 'libainn', version=[encoder, '-V'], env=env)


def parse_number(text):
    """A setting as an int where it is one, else a float."""
    value = float(text)
    return int(value) if value == int(value) else value


def select(names=None, tools=None, qualities=None, settings=None, say=print):
    """The codecs that are asked for and can run; each one that cannot is told of in a line. `settings`: {codec: list}."""
    known = {c.name: c for c in PEERS}
    wanted = names or ['ainn-' + m for m in AINN_MODELS] + list(known)
    chosen = []
    for name in wanted:
        if name in known:
            codec = known[name]
            gone = codec.missing()
            if gone:
                say('%s is left out: %s not found (Debian: %s)' % (name, ', '.join(gone), codec.package))
                continue
        else:
            model = name[5:] if name.startswith(('ainn-', 'ainn:')) else None
            if not model:
                raise SystemExit('ainnbench: no codec named %s; there are %s, ainn-MODEL, ainn-MODEL-eEFFORT and ainn:FILE.ainnmodel' % (name, ', '.join(known)))
            codec = ainn(model, tools, qualities)
            if codec is None:
                say('%s is left out: ainnenc and ainndec not found (build them, or give --tools DIR)' % name)
                continue
        if settings and codec.name in settings:
            codec.settings = settings[codec.name]
        chosen.append(codec)
    return chosen
