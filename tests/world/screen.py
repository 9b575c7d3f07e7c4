# SPDX-License-Identifier: MPL-2.0
"""A program on a terminal of its own: typed to, resized, and read as a person reads the screen."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from world import Failed

SEQUENCE = re.compile(rb"\033\[([?0-9;]*)([A-Za-z])")


class Screen:
    """The few control sequences that `tandem top` uses; any other is a failure."""

    def __init__(self, words, environment, width=80, height=24):
        self.master, self.slave = pty.openpty()
        self.page, self.cursor_shown, self.raw, self.rest = "main", True, b"", b""
        self.width, self.height = width, height
        self.set_size(width, height)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(words, stdin=self.slave, stdout=self.slave, stderr=self.slave, preexec_fn=self.take,
                                        env=dict(environment, TERM="xterm") if "TERM" not in environment else environment)

    @staticmethod
    def take():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def set_size(self, width, height):
        """The kernel tells the program by SIGWINCH."""
        self.width, self.height = width, height
        self.lines, self.row, self.column = [[" "] * width for _ in range(height)], 0, 0
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    # ---- reading

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            data = os.read(self.master, 65536)
            self.raw += data
            self.rest += data
        self.draw()

    def draw(self):
        while self.rest:
            if self.rest[0] == 0x1B:
                found = SEQUENCE.match(self.rest)
                if found is None:
                    if len(self.rest) > 16:
                        raise Failed("an unknown sequence: %r" % self.rest[:16])
                    return  # the rest of it is on its way
                self.obey(found.group(1).decode(), found.group(2).decode())
                self.rest = self.rest[found.end():]
                continue
            self.put(self.rest[:1])
            self.rest = self.rest[1:]

    def obey(self, numbers, letter):
        if letter == "H":
            self.row = self.column = 0
        elif letter == "K":
            self.lines[self.row][self.column:] = [" "] * (self.width - self.column)
        elif letter == "J":
            self.lines[self.row][self.column:] = [" "] * (self.width - self.column)
            self.lines[self.row + 1:] = [[" "] * self.width for _ in range(self.height - self.row - 1)]
        elif letter in "hl" and numbers == "?1049":
            self.page = "other" if letter == "h" else "main"
        elif letter in "hl" and numbers == "?25":
            self.cursor_shown = letter == "h"
        elif not (letter == "m" or (letter in "hl" and numbers == "?7")):
            raise Failed("an unknown sequence: %s%s" % (numbers, letter))

    def put(self, byte):
        if byte == b"\r":
            self.column = 0
        elif byte == b"\n":
            self.row = min(self.row + 1, self.height - 1)
        elif byte >= b" ":
            self.lines[self.row][min(self.column, self.width - 1)] = byte.decode("ascii")
            self.column += 1

    def text(self):
        self.read()
        return "\n".join("".join(line).rstrip() for line in self.lines)

    # ---- waiting for a state

    def shows(self, *words, without=(), seconds=30):
        """Wait until all the words stand there and none of the others; what stands there."""
        until = time.monotonic() + seconds
        while True:
            text = self.text()
            if all(word in text for word in words) and not any(word in text for word in without):
                return text
            if time.monotonic() > until:
                raise Failed("waited %d s for %r without %r on\n%s" % (seconds, words, without, text))
            select.select([self.master], [], [], 0.05)

    def ended(self, seconds=20):
        """Its status; negative: the signal."""
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            self.read()
            select.select([self.master], [], [], 0.05)
        if self.process.poll() is None:
            raise Failed("it did not end within %d s" % seconds)
        self.read()
        return self.process.returncode

    def is_restored(self):
        """As the shell left it: page, cursor, and how the keyboard is read."""
        self.read()
        return self.page == "main" and self.cursor_shown and termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.send_signal(signal.SIGCONT)
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
