"""Instructions a pixel of each stage, counted by valgrind: the same on a busy machine as on a quiet one."""
import os
import re
import shutil
import subprocess
import tempfile

from . import pictures, process, store

COLUMNS = ['codec', 'quality', 'picture', 'side', 'kind', 'name', 'instructions_a_pixel']

# Each stage: functions whose inclusive counts are added, and others that run inside them and are taken away.
STAGES = {
    'encode': [
        ('conversion', ['ainn_rotate_row'], []),
        ('analysis', ['ainn_analysis_push'], ['ainn_group_encode']),     # finished rows of groups are coded from within
        ('entropy networks', ['ainn_hyper_analysis', 'ainn_hyper_synthesis', 'ainn_context_step'], []),
        ('coding', ['ainn_group_encode'], ['ainn_hyper_analysis', 'ainn_hyper_synthesis', 'ainn_context_step']),
    ],
    'decode': [
        ('entropy networks', ['ainn_hyper_synthesis', 'ainn_context_step'], []),
        ('coding', ['ainn_group_decode'], ['ainn_hyper_synthesis', 'ainn_context_step']),
        ('synthesis', ['ainn_synthesis_push'], ['ainn_store_pixels']),
        ('conversion', ['ainn_store_pixels'], []),
    ],
}
SHOWN_FUNCTIONS = 8


def parse(text, inclusive=False):
    """({function: instructions}, total) from what callgrind_annotate prints. A function has a line for each file that lines of
    it come from (headers whose functions became part of it), which are added up. Of inclusive counts the largest line has all
    of them: the others are parts of it, or the whole once more under another spelling of the file's name."""
    counts, total = {}, 0
    for line in text.splitlines():
        match = re.match(r'\s*([\d,]+) \([\s\d.]+%\)\s+(.*)$', line)
        if not match:
            continue
        count, rest = int(match.group(1).replace(',', '')), match.group(2)
        if rest.startswith('PROGRAM TOTALS'):
            total = count
            continue
        name = re.sub(r"('\d+)?( \[.*)?$", '', rest).split(':')[-1]
        counts[name] = max(counts.get(name, 0), count) if inclusive else counts.get(name, 0) + count
    return counts, total


def _base(name):
    """A function's name without what the compiler adds to the parts and copies that it makes."""
    return re.sub(r'\.(constprop|part|isra|cold)\b.*$', '', name)


def _inclusive(counts, function):
    """A function's inclusive count; of its copies and parts, which may call each other, the largest."""
    return max((count for name, count in counts.items() if _base(name) == function), default=0)


def _annotate(profile, inclusive):
    command = ['callgrind_annotate', '--auto=no', '--tree=none', '--threshold=100', '--inclusive=%s' % ('yes' if inclusive else 'no'), profile]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise process.ProgramError('callgrind_annotate: ' + done.stderr.strip())
    return parse(done.stdout, inclusive)


def _profile(command, env, folder):
    profile = os.path.join(folder, 'profile')
    process.run(['valgrind', '--quiet', '--tool=callgrind', '--callgrind-out-file=' + profile] + command, env=env)
    return profile


def stages_of(side, inclusive, total):
    """[(stage, instructions)]: the stages, everything else, the whole."""
    found = [(stage, sum(_inclusive(inclusive, f) for f in parts) - sum(_inclusive(inclusive, f) for f in inside)) for stage, parts, inside in STAGES[side]]
    rest = total - sum(count for _, count in found)
    if rest < 0 or any(count < 0 for _, count in found):
        raise process.ProgramError('callgrind: the stages of %s (%s) do not add up to the whole (%d): something was counted twice'
                                   % (side, ', '.join('%s %d' % stage for stage in found), total))
    return found + [('files and start-up', rest), ('all', total)]


def rows_of(codec, quality, source, side, profile):
    """Rows of COLUMNS from one profile: stages, everything else, and the functions that take most by themselves."""
    inclusive, total = _annotate(profile, True)
    alone = {}
    for name, count in _annotate(profile, False)[0].items():
        alone[_base(name)] = alone.get(_base(name), 0) + count
    found = [('stage', name, count) for name, count in stages_of(side, inclusive, total)]
    most = sorted(alone.items(), key=lambda item: -item[1])[:SHOWN_FUNCTIONS]
    found += [('function', name, count) for name, count in most]
    return [{'codec': codec.name, 'quality': store.setting_text(quality), 'picture': source.name, 'side': side, 'kind': kind, 'name': name,
             'instructions_a_pixel': '%.1f' % (count / source.count)} for kind, name, count in found]


def table(rows):
    """Lines of text."""
    lines = []
    for codec in dict.fromkeys(r['codec'] for r in rows):
        for side in ('encode', 'decode'):
            own = [r for r in rows if r['codec'] == codec and r['side'] == side]
            lines.append('%s, %s: instructions a pixel' % (codec, side))
            lines += ['  %-22s %10s' % (r['name'], r['instructions_a_pixel']) for r in own if r['kind'] == 'stage']
            lines.append('  of which, function by function (its own instructions):')
            lines += ['  %-40s %10s' % (r['name'], r['instructions_a_pixel']) for r in own if r['kind'] == 'function']
    return '\n'.join(lines)


def text(picture, codecs, folder=None, quality=50):
    """Profiles both tools with each model; keeps FOLDER/callgrind.csv where a folder is given; returns the table."""
    for program in ('valgrind', 'callgrind_annotate'):
        if not shutil.which(program):
            raise SystemExit('ainnbench: %s was not found (Debian: apt-get install valgrind)' % program)
    rows = []
    with tempfile.TemporaryDirectory(prefix='ainnbench-') as work:
        source = pictures.prepare(picture, work)
        values = dict(ppm=source.ppm, png=source.png, file=os.path.join(work, 'coded.ainn'), out=os.path.join(work, 'decoded.ppm'), q=quality, threads=1)
        for codec in codecs:
            for side, template in (('encode', codec.encode), ('decode', codec.decode)):
                profile = _profile(codec.command(template, **values), codec.env, work)
                rows += rows_of(codec, quality, source, side, profile)
    if folder:
        os.makedirs(folder, exist_ok=True)
        store.write(os.path.join(folder, 'callgrind.csv'), COLUMNS, rows)
    return table(rows)
