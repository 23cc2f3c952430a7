"""What machine and which programs a run was made with, and what the machine can do at most."""
import datetime
import json
import os
import platform

from . import codecs as codec_list
from . import process


def _first_line(path, key):
    try:
        with open(path) as file:
            for line in file:
                if line.startswith(key):
                    return line.split(':', 1)[1].strip()
    except OSError:
        pass
    return ''


def describe():
    """Processor, cores, memory and system of this machine, as a dictionary of text."""
    memory = _first_line('/proc/meminfo', 'MemTotal')
    flags = _first_line('/proc/cpuinfo', 'flags').split()
    known = [f for f in ('avx2', 'avx512bw', 'avx512_vnni', 'avx_vnni', 'amx_int8', 'asimd') if f in flags]
    system = ''
    try:
        system = platform.freedesktop_os_release().get('PRETTY_NAME', '')
    except OSError:
        pass
    return {
        'processor': _first_line('/proc/cpuinfo', 'model name') or platform.processor() or platform.machine(),
        'instruction sets': ' '.join(known), 'cores': str(os.cpu_count()),
        'memory': '%.0f GiB' % (int(memory.split()[0]) / 2 ** 20) if memory else '', 'system': '%s, Linux %s' % (system, platform.release())}


def load():
    """The load average over a minute, as a warning that times may be noisy."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0


def read_record(folder):
    """What record() has written."""
    try:
        with open(os.path.join(folder, 'run.json')) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def record(folder, part, codecs, threads):
    """Adds machine, date, versions and command lines of one part of the measurement to run.json."""
    all_parts = read_record(folder)
    entry = all_parts.get(part, {})
    entry['machine'] = describe()
    entry['date'] = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d %H:%M UTC')
    entry['load before'] = round(load(), 2)
    entry['threads'] = threads
    known = entry.setdefault('codecs', {})
    for codec in codecs:
        known[codec.name] = {'title': codec.title, 'version': codec.version_line(), 'commands': codec.example()}
    all_parts[part] = entry
    path = os.path.join(folder, 'run.json')
    with open(path + '.part', 'w') as file:
        json.dump(all_parts, file, indent=1)
        file.write('\n')
    os.replace(path + '.part', path)


def peak_text(tools=None):
    """What ainnpeak prints: rates of multiply-accumulates for each instruction set, and memory bandwidth."""
    path, env = codec_list.find_tool('ainnpeak', tools)
    if not path:
        raise SystemExit('ainnbench: ainnpeak was not found beside the build (make ainnpeak)')
    return process.run([path], env=env).output.rstrip()
