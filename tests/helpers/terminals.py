"""A terminal that keeps what is written to it."""

import os
import pty
import threading


class Terminal:
    """A pseudo-terminal: ``stream`` writes into it, ``close`` returns all that was written."""

    def __init__(self, encoding="utf-8"):
        self._master, slave = pty.openpty()
        self.stream = os.fdopen(slave, "w", encoding=encoding)
        self._parts = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        try:
            while part := os.read(self._master, 65536):
                self._parts.append(part)
        except OSError:
            pass  # the other end is closed

    def close(self):
        self.stream.close()
        self._reader.join()
        os.close(self._master)
        return b"".join(self._parts).decode(errors="replace")
