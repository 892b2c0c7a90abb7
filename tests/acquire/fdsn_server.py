"""A small FDSN data centre on this machine: lists stations, sends records, dies when told to."""

import fnmatch
import io
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import obspy

from .made import content


def wanted(code, pattern):
    return any(fnmatch.fnmatchcase(code or "--", p) for p in pattern.split(","))


class Centre:
    """Serves ``stream`` and ``inventory``; ``dying`` counts answers until it dies in one."""

    def __init__(self, stream, inventory):
        self.records = []
        for tr in stream:
            data = content(tr, reclen=512)
            for at in range(0, len(data), 512):
                record = data[at : at + 512]
                year, day, h, m, s, _, tenth, count = struct.unpack(">HHBBBBHH", record[20:32])
                start = obspy.UTCDateTime(year=year, julday=day, hour=h, minute=m, second=s)
                start += tenth * 1e-4
                end = start + (count - 1) * tr.stats.delta
                self.records.append((tr.id, start, end, record))
        self.inventory = inventory
        self.port = 0
        self.dying = None
        self.cut_silently = False
        self.refuses_lists = 0
        self.replace_with = None
        self.asked = []
        self.sent = 0
        self.server = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        centre = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def do_GET(self):
                if "dataselect" in self.path:
                    q = {k: v[0] for k, v in parse_qs(urlparse(self.path).query).items()}
                    names = ("network", "station", "location", "channel", "starttime", "endtime")
                    centre.send(self, [[q[name] for name in names]])
                else:
                    centre.stations(self)

            def do_POST(self):
                if centre.refuses_lists:
                    self.send_error(centre.refuses_lists)
                else:
                    centre.dataselect(self)

        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def answer(self, handler, data, *, kind="application/octet-stream"):
        self.asked.append(handler.path)
        if not data:
            handler.send_response(204)
            handler.end_headers()
            return
        cut = False
        if self.dying is not None and "dataselect" in handler.path:
            self.dying -= 1
            cut = self.dying == 0
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        if not (cut and self.cut_silently):
            handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[: len(data) // 2 + 100] if cut else data)
        if cut:
            self.dying = None
            if not self.cut_silently:
                self.server.socket.close()  # nobody is let in any more
                threading.Thread(target=self.stop).start()

    def stations(self, handler):
        q = {k: v[0] for k, v in parse_qs(urlparse(handler.path).query).items()}
        out = self.inventory.copy()
        for network in out:
            for station in network:
                station.channels = [
                    c
                    for c in station
                    if wanted(c.code, q.get("channel", "*"))
                    and wanted(c.location_code, q.get("location", "*"))
                ]
            network.stations = [
                s for s in network if s.channels and wanted(s.code, q.get("station", "*"))
            ]
        out.networks = [n for n in out if n.stations and wanted(n.code, q.get("network", "*"))]
        if not out.networks:
            self.answer(handler, b"")
            return
        room = io.BytesIO()
        out.write(room, format="STATIONXML")
        self.answer(handler, room.getvalue(), kind="application/xml")

    def dataselect(self, handler):
        text = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
        lines = [line.split() for line in text.splitlines() if line and "=" not in line]
        self.send(handler, lines)

    def send(self, handler, lines):
        out = b""
        for network, station, location, channel, *span in lines:
            name = f"{network}.{station}.{location.strip('-')}.{channel}"
            t1, t2 = map(obspy.UTCDateTime, span)
            for id, start, end, record in self.records:
                if id == name and start <= t2 and end >= t1:
                    out += record
        if self.replace_with is not None and out:
            out = self.replace_with
        self.sent += len(out)
        self.answer(handler, out)
