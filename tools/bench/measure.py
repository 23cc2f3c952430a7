"""The measurement: every picture through every codec at every setting, interleaved so that noise hits all alike."""
import os
import tempfile

from . import metrics, pictures, process, store
from .progress import Progress


def missing(paths, codecs, table):
    """[(path, [(codec, setting)])]: what `table` still lacks of each picture. Pictures of which it lacks nothing are left out."""
    work = [(p, [(c, s) for c in codecs for s in c.settings if not table.has(c.name, store.setting_text(s), pictures.name_of(p))]) for p in paths]
    return [(path, lacking) for path, lacking in work if lacking]


def round_trip(codec, source, setting, folder, threads, failed, say):
    """Codec.round_trip(), or None where the codec fails; that is told of, and the codec's name goes to `failed`."""
    try:
        return codec.round_trip(source, setting, folder, threads)
    except process.ProgramError as error:
        failed.add(codec.name)
        say('%s is left out from here on: %s' % (codec.name, error))
        return None


def rate_distortion(paths, codecs, table, threads=1, repeat=1, say=print):
    """Fills `table` with a row for each codec, setting and picture. For one picture all codecs take turns: first each one's
    first setting, then each one's second. Codecs that fail are told of once and skipped from then on."""
    work = missing(paths, codecs, table)
    progress = Progress(sum(len(lacking) for _, lacking in work))
    failed = set()
    for path, _ in work:
        with tempfile.TemporaryDirectory(prefix='ainnbench-') as folder:
            source = pictures.prepare(path, folder)
            for turn in range(max(len(c.settings) for c in codecs)):
                rows = _one_turn(source, codecs, turn, table, failed, folder, threads, repeat, say)
                for row in rows:
                    table.add(row)
                    progress.step('%s %s %s: %.3f bpp, %.2f dB' % (source.name, row['codec'], row['setting'], row['bpp'], row['psnr']))
    progress.end()


def _one_turn(source, codecs, turn, table, failed, folder, threads, repeat, say):
    """Each codec's setting number `turn`, `repeat` times around. Returns the rows."""
    runs, pixels = {}, {}
    for _ in range(repeat):
        for codec in codecs:
            if turn >= len(codec.settings) or codec.name in failed:
                continue
            setting = codec.settings[turn]
            if table.has(codec.name, store.setting_text(setting), source.name):
                continue
            done = round_trip(codec, source, setting, folder, threads, failed, say)
            if not done:
                continue
            coded, decoded, encoder, decoder = done
            runs.setdefault(codec.name, []).append((encoder, decoder))
            if codec.name not in pixels:
                pixels[codec.name] = (os.path.getsize(coded), metrics.load(decoded))
    rows = []
    for codec in codecs:
        if codec.name not in pixels or codec.name in failed:
            continue
        size, picture = pixels[codec.name]
        if picture.shape != source.pixels.shape:
            raise SystemExit('ainnbench: %s made a picture of another size from %s' % (codec.name, source.name))
        taken = runs[codec.name]
        rows.append({
            'codec': codec.name, 'setting': store.setting_text(codec.settings[turn]), 'picture': source.name, 'bytes': size,
            'bpp': size * 8 / source.count, 'psnr': metrics.psnr(source.pixels, picture), 'msssim': metrics.msssim(source.pixels, picture),
            'enc_s': process.median([e.wall for e, _ in taken]), 'dec_s': process.median([d.wall for _, d in taken]),
            'enc_cpu_s': process.median([e.cpu for e, _ in taken]), 'dec_cpu_s': process.median([d.cpu for _, d in taken])})
    return rows


def nearest_settings(codecs, rows, target):
    """{codec: setting} whose average PSNR in `rows` is nearest to `target` dB, for the codecs that have rows."""
    means = store.averages(rows)
    chosen = {}
    for codec in codecs:
        own = [m for m in means.get(codec.name, []) if m['psnr'] is not None]
        if own:
            chosen[codec.name] = min(own, key=lambda m: abs(m['psnr'] - target))['setting']
    return chosen


def timing(paths, codecs, chosen, table, threads=1, repeat=5):
    """Fills `table` with single timings of each codec at its chosen setting: the pictures in order, `repeat` times around,
    all codecs taking turns on each picture."""
    codecs = [c for c in codecs if c.name in chosen]
    progress = Progress(len(paths) * repeat * len(codecs))
    for number in range(1, repeat + 1):
        for path in paths:
            name = pictures.name_of(path)
            with tempfile.TemporaryDirectory(prefix='ainnbench-') as folder:
                source = pictures.prepare(path, folder)
                for codec in codecs:
                    setting = chosen[codec.name]
                    if not table.has(codec.name, setting, name, number):
                        _, _, encoder, decoder = codec.round_trip(source, setting, folder, threads)
                        table.add({'codec': codec.name, 'setting': setting, 'picture': name, 'repeat': number, 'enc_s': encoder.wall,
                                   'dec_s': decoder.wall, 'enc_cpu_s': encoder.cpu, 'dec_cpu_s': decoder.cpu})
                    progress.step('%s %s, round %d' % (name, codec.name, number))
    progress.end()


def timing_medians(rows):
    """{codec: {column: seconds}}: medians over rounds, then means over pictures."""
    runs = {}
    for row in rows:
        runs.setdefault(row['codec'], {}).setdefault(row['picture'], []).append(row)
    result = {}
    for codec, by_picture in runs.items():
        entry = {'setting': next(iter(by_picture.values()))[0]['setting'], 'pictures': len(by_picture),
                 'repeat': min(len(rounds) for rounds in by_picture.values())}
        for column in ('enc_s', 'dec_s', 'enc_cpu_s', 'dec_cpu_s'):
            medians = [process.median([float(r[column]) for r in rounds]) for rounds in by_picture.values()]
            entry[column] = sum(medians) / len(medians)
        result[codec] = entry
    return result
