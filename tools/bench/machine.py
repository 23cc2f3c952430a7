"""What machine and which programs a run was made with."""
import datetime
import json
import os
import platform
import re

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
    try:
        system = platform.freedesktop_os_release().get('PRETTY_NAME', '')
    except OSError:
        system = ''
    return {
        'processor': _first_line('/proc/cpuinfo', 'model name') or platform.processor() or platform.machine(),
        'instruction sets': ' '.join(known), 'cores': str(os.cpu_count()),
        'memory': '%.0f GiB' % (int(memory.split()[0]) / 2 ** 20) if memory else '',
        'system': ', '.join(filter(None, [system, '%s %s' % (platform.system(), platform.release().split('-')[0])]))}


def load():
    """The load average over a minute, as a warning that times may be noisy."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0


def model_macs(codec):
    """{'analysis', 'entropy', 'synthesis': thousands of multiply-accumulates a pixel} of a libainn codec's model, from
    ainninfo beside its encoder; empty where that does not tell."""
    if not codec.name.startswith('ainn-'):
        return {}
    info, env = codec_list.find_tool('ainninfo', os.path.dirname(codec.encode[0]))
    if not info:
        return {}
    model = codec.encode[codec.encode.index('-m') + 1]
    output = process.run([info, '--model', model], env=codec.env or env, check=False).output
    return parse_macs(output)


def parse_macs(output):
    """The three counts from what `ainninfo --model` prints."""
    found = {}
    for line in output.splitlines():
        match = re.match(r'\s*(analysis|entropy|synthesis)\D*([0-9.]+)\s*kMAC', line)
        if match:
            found[match.group(1)] = float(match.group(2))
    return found


def read_record(folder):
    """What record() has written."""
    try:
        with open(os.path.join(folder, 'run.json')) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def record(folder, part, codecs, command, threads=1):
    """Adds machine, date, command, versions and command lines of one part of the measurement to run.json."""
    all_parts = read_record(folder)
    entry = all_parts.get(part, {})
    entry['machine'] = describe()
    entry['date'] = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d %H:%M UTC')
    entry['load before'] = round(load(), 2)
    entry['threads'] = threads
    commands = entry.setdefault('commands', [])
    if command not in commands:
        commands.append(command)
    known = entry.setdefault('codecs', {})
    for codec in codecs:
        known[codec.name] = {'title': codec.title, 'version': codec.version_line(), 'commands': codec.example()}
        macs = model_macs(codec)
        if macs:
            known[codec.name]['macs'] = macs
    all_parts[part] = entry
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, 'run.json')
    with open(path + '.part', 'w') as file:
        json.dump(all_parts, file, indent=1)
        file.write('\n')
    os.replace(path + '.part', path)
