"""A line that says how far a long run is."""
import sys
import time


class Progress:
    """Counts steps; on a terminal one line is rewritten, elsewhere a line is written every half minute."""

    def __init__(self, total, stream=sys.stderr):
        self.total, self.done, self.stream = total, 0, stream
        self.start = self.last = time.monotonic()
        self.terminal = stream.isatty()

    def step(self, text, count=1):
        """One step (or several) done; `text` says which."""
        self.done += count
        now = time.monotonic()
        left = (now - self.start) / max(self.done, 1) * (self.total - self.done)
        line = '[%d/%d] %s, %s left' % (self.done, self.total, text, _duration(left))
        if self.terminal:
            self.stream.write('\r\033[K' + line[:110])
        elif now - self.last > 30 or self.done >= self.total:
            self.stream.write(line + '\n')
            self.last = now
        self.stream.flush()

    def end(self):
        """Leaves the line."""
        if self.terminal and self.total:
            self.stream.write('\n')


def _duration(seconds):
    return '%d s' % seconds if seconds < 100 else '%d min' % round(seconds / 60)
