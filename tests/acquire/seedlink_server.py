"""A small SeedLink server on this machine: a ring of packets per station, and a bad connection."""

import contextlib
import re
import socket
import threading
import time

import obspy


class Ring:
    """Serves records; ``drop_after`` holds how many packets each connection in turn gets."""

    def __init__(self, stations, *, drop_after=(), resend=0, first=0xFFFFF0, speaks_time=True):
        self.rings = {
            name: [((first + i) & 0xFFFFFF, record) for i, record in enumerate(records)]
            for name, records in stations.items()
        }
        self.drop_after = list(drop_after)
        self.resend = resend
        self.speaks_time = speaks_time
        self.silent = False
        self.greeting = b"SeedLink v3.1 (test) :: SLPROTO:3.1\r\n"
        self.commands = []
        self.live = {}
        self.connections = 0
        self.over = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        self.over.set()
        self.socket.close()

    def _accept(self):
        while not self.over.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as file:
            self._talk(connection, file)

    def _talk(self, connection, file):
        limit = self.drop_after.pop(0) if self.drop_after else None
        station, selectors, wanted = None, [], []
        ok, bad = b"OK\r\n", b"ERROR\r\n"
        for line in file:
            words = line.decode().split()
            self.commands.append(" ".join(words))
            match words[0]:
                case "HELLO":
                    connection.sendall(self.greeting + b"somewhere\r\n")
                case "STATION":
                    station, selectors = f"{words[2]}.{words[1]}", []
                    connection.sendall(ok if station in self.rings else bad)
                case "SELECT":
                    selectors.append(words[1])
                    connection.sendall(ok)
                case "DATA" | "TIME":
                    if words[0] == "DATA" and len(words) > 2 and not self.speaks_time:
                        connection.sendall(bad)
                        continue
                    wanted.append((station, list(selectors), words))
                    connection.sendall(ok)
                case "END":
                    self._send(connection, wanted, limit)
                    return
                case _:
                    return

    def _send(self, connection, wanted, limit):
        packets = []
        for name, selectors, words in wanted:
            ring = self.rings[name]
            begin = 0
            if words[0] == "DATA" and len(words) > 1:
                number = int(words[1], 16)
                begin = next((i for i, (n, _) in enumerate(ring) if n == number), len(ring))
                begin = max(0, begin - self.resend)
            elif words[0] == "TIME":
                when = obspy.UTCDateTime(*map(int, words[1].split(",")))
                begin = next((i for i, (_, r) in enumerate(ring) if time_of(r) >= when), len(ring))
            elif not self.live.get(name, True):
                begin = len(ring)
            packets.append(
                [p for p in ring[begin:] if any(fits(p[1], s) for s in selectors) or not selectors]
            )
        sent = 0
        for i in range(max(map(len, packets), default=0)):
            for mine in packets:
                if i < len(mine):
                    number, record = mine[i]
                    data = b"SL%06X" % number + record
                    if sent == limit:
                        connection.sendall(data[:200])  # and the line is cut
                        return
                    connection.sendall(data)
                    sent += 1
        connection.settimeout(0.05)
        while not self.over.is_set():
            try:
                asked = connection.recv(100)
            except TimeoutError:
                continue
            if not asked:
                return
            self.commands.append(asked.decode().strip())
            if asked.startswith(b"INFO") and not self.silent:
                connection.sendall(b"SLINFO *" + b" " * 512)


def time_of(record):
    year, day = int.from_bytes(record[20:22], "big"), int.from_bytes(record[22:24], "big")
    h, m, s = record[24:27]
    return obspy.UTCDateTime(year=year, julday=day, hour=h, minute=m, second=s)


def fits(record, selector):
    return (
        re.fullmatch(selector.replace("?", ".").rjust(5, "."), record[13:18].decode()) is not None
    )


def wait_for(condition, seconds=15.0):
    """Wait until something is so; whether it has become so."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False
