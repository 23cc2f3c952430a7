"""Tables on disk: rows are appended as they are measured, so that an interrupted run goes on where it stopped."""
import csv
import os

from . import bdrate, metrics

COLUMNS = ['codec', 'setting', 'picture', 'bytes', 'bpp', 'psnr', 'msssim', 'enc_s', 'dec_s', 'enc_cpu_s', 'dec_cpu_s']
TIMING_COLUMNS = ['codec', 'setting', 'picture', 'repeat', 'enc_s', 'dec_s', 'enc_cpu_s', 'dec_cpu_s']
SCALE_COLUMNS = ['codec', 'setting', 'megapixels', 'width', 'height', 'threads', 'repeat', 'bytes',
                 'enc_s', 'dec_s', 'enc_cpu_s', 'dec_cpu_s', 'enc_peak_kb', 'dec_peak_kb']


def setting_text(setting):
    """How a setting is written in a table."""
    return '%g' % setting if isinstance(setting, (int, float)) else str(setting)


def read(path):
    """The rows of a table as dictionaries of text; none if there is no file. A row that was cut off is left out."""
    if not os.path.exists(path):
        return []
    with open(path, newline='') as file:
        reader = csv.DictReader(file)
        return [row for row in reader if None not in row.values() and None not in row]


def write(path, columns, rows):
    """Writes a whole table under a temporary name and renames it."""
    with open(path + '.part', 'w', newline='') as file:
        writer = csv.DictWriter(file, columns, lineterminator='\n', extrasaction='ignore')
        writer.writeheader()
        writer.writerows(rows)
    os.replace(path + '.part', path)


class Table:
    """A table that grows. `key` names the columns that identify a row."""

    def __init__(self, path, columns, key):
        self.path, self.columns, self.key = path, columns, key
        self.rows = read(path)
        write(path, columns, self.rows)   # ends a line that an interruption left half written
        self.known = {self._key(row) for row in self.rows}

    def _key(self, row):
        return tuple(str(row[k]) for k in self.key)

    def has(self, *key):
        """Whether a row is there."""
        return tuple(map(str, key)) in self.known

    def add(self, row):
        """Appends a row to the table and to the file."""
        text = {c: _text(row[c]) for c in self.columns}
        with open(self.path, 'a', newline='') as file:
            csv.DictWriter(file, self.columns, lineterminator='\n').writerow(text)
        self.rows.append(text)
        self.known.add(self._key(text))

    def drop(self, codecs):
        """Forgets every row of these codecs."""
        self.rows = [row for row in self.rows if row['codec'] not in codecs]
        self.known = {self._key(row) for row in self.rows}
        write(self.path, self.columns, self.rows)


def _text(value):
    if value is None:
        return ''
    return '%.6g' % value if isinstance(value, float) else str(value)


def averages(rows):
    """{codec: [row]} with the mean over pictures of each setting, by rising rate. Only pictures that every row of that codec
    has are counted, so that a run in progress compares like with like; settings that lack one of them are left out."""
    result = {}
    for codec in dict.fromkeys(row['codec'] for row in rows):
        by_setting = {}
        for row in rows:
            if row['codec'] == codec:
                by_setting.setdefault(row['setting'], {})[row['picture']] = row
        most = max(len(pictures) for pictures in by_setting.values())
        means = []
        for setting, pictures in by_setting.items():
            if len(pictures) < most:
                continue
            mean = {'codec': codec, 'setting': setting, 'pictures': len(pictures)}
            for column in (c for c in next(iter(pictures.values())) if c not in ('codec', 'setting', 'picture')):
                values = [float(row[column]) for row in pictures.values() if row[column] not in ('', None)]
                mean[column] = sum(values) / len(values) if values else None
            means.append(mean)
        result[codec] = sorted(means, key=lambda m: m['bpp'])
    return result


def curve(means, metric='psnr'):
    """A bdrate.Curve of averaged rows: 'psnr', or 'msssim' or a distance, both then in dB."""
    points = []
    for mean in means:
        if mean.get(metric) is not None:
            to_db = {'psnr': float, 'msssim': metrics.msssim_db}.get(metric, metrics.distance_db)
            points.append((mean['bpp'], to_db(mean[metric])))
    return bdrate.Curve(points)


def picture_curves(rows, codec):
    """{picture: Curve in PSNR} of one codec."""
    points = {}
    for row in rows:
        if row['codec'] == codec:
            points.setdefault(row['picture'], []).append((float(row['bpp']), float(row['psnr'])))
    return {picture: bdrate.Curve(p) for picture, p in points.items()}


def published(path):
    """{codec: [mean]} from a table of published curves: columns codec, bpp, psnr and ms-ssim or msssim."""
    result = {}
    for row in read(path):
        similarity = row.get('ms-ssim') or row.get('msssim') or ''
        mean = {'codec': row['codec'], 'setting': '', 'bpp': float(row['bpp']),
                'psnr': float(row['psnr']) if row.get('psnr') else None, 'msssim': float(similarity) if similarity else None}
        result.setdefault(row['codec'], []).append(mean)
    return {codec: sorted(means, key=lambda m: m['bpp']) for codec, means in result.items()}
