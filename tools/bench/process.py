"""Runs programs and measures them: wall-clock and CPU seconds of the whole process, peak memory."""
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass


class ProgramError(Exception):
    """A program ended with an error; the message holds its command line and the end of what it wrote."""


@dataclass
class Run:
    """What one run of a program took."""
    wall: float
    cpu: float
    output: str


def run(argv, env=None, stdin=None, check=True):
    """Runs a program to its end and returns a Run. The clock stands around the whole process, start-up included."""
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        child = subprocess.Popen([str(a) for a in argv], stdin=stdin or subprocess.DEVNULL, stdout=log, stderr=log, env=env)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        output = log.read().decode('utf-8', 'replace')
    if check and child.returncode != 0:
        raise ProgramError('%s: exit status %d\n%s' % (' '.join(map(str, argv)), child.returncode, output.strip()[-1500:]))
    return Run(wall, usage.ru_utime + usage.ru_stime, output)


# A child inherits the peak of the process that started it, so a small interpreter stands between this large one and the program.
_MEMORY_LAUNCHER = '''
import os, sys, time, json
null = os.open(os.devnull, os.O_RDWR)
start = time.perf_counter()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,
                     file_actions=[(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1)])
_, status, usage = os.wait4(pid, 0)
print(json.dumps([time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status)]))
'''


def run_with_memory(argv, env=None):
    """Like run(), but returns (wall seconds, CPU seconds, peak resident kilobytes). argv[0] is a path."""
    command = [sys.executable, '-I', '-S', '-c', _MEMORY_LAUNCHER] + [str(a) for a in argv]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode != 0 or not done.stdout.strip():
        raise ProgramError('%s\n%s' % (' '.join(command[5:]), done.stderr.strip()[-1500:]))
    wall, cpu, peak, status = json.loads(done.stdout.strip().splitlines()[-1])
    if status != 0:
        raise ProgramError('%s: exit status %d\n%s' % (' '.join(command[5:]), status, done.stderr.strip()[-1500:]))
    return wall, cpu, peak


def median(values):
    """The middle value, or the mean of the two in the middle."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
