"""A local double of a witness over HTTP: it checks what C2SP tlog-witness says it must, in that order."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bankcif.audit import Checkpoint, NoteKey, NoteSigner, opened
from bankcif.audit.note import COSIGNATURE
from bankcif.audit.tree import is_consistent
from bankcif.errors import AuditError

SECONDS = 1_764_000_000


class WitnessDouble:
    """
    Remembers the last checkpoint of each log it knows.

    Attributes:
        logs: Keys of the logs it takes, by origin.
        held: The last checkpoint of each.
        asked: Old size and new size of each request that could be read.
        instead: What to answer in place of the next requests.
    """

    def __init__(self) -> None:
        self.signer = NoteSigner("witness.example/w1", b"w" * 32, COSIGNATURE)
        self.logs: dict[str, NoteKey] = {}
        self.held: dict[str, Checkpoint] = {}
        self.asked: list[tuple[int, int]] = []
        self.instead: list[tuple[int, str]] = []
        self.url = ""

    def answer(self, path: str, body: str) -> tuple[int, str]:
        if self.instead:
            return self.instead.pop(0)
        if path != "/prefix/add-checkpoint":
            return 404, ""
        head, _, note = body.partition("\n\n")
        first, *proof = head.split("\n")
        origin = note.partition("\n")[0]
        if origin not in self.logs:
            return 404, "unknown log\n"
        try:
            text = opened(note, [self.logs[origin]])
        except AuditError:
            return 403, "no known signature\n"
        new, old = Checkpoint.read(text), int(first.removeprefix("old "))
        self.asked.append((old, new.size))
        held = self.held.get(origin)
        if old > new.size:
            return 400, ""
        if old != (held.size if held else 0):
            return 409, f"{held.size if held else 0}\n"
        if held and held.size == new.size and held.root != new.root:
            return 409, f"{held.size}\n"
        hashes = [base64.b64decode(one) for one in proof]
        if held and not is_consistent(held.size, new.size, hashes, held.root, new.root):
            return 422, ""
        self.held[origin] = new
        return 200, self.signer.line(text, seconds=SECONDS)


@contextmanager
def running() -> Iterator[WitnessDouble]:
    double = WitnessDouble()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, answer = double.answer(self.path, body)
            content = answer.encode()
            self.send_response(status)
            if status == 409:
                self.send_header("Content-Type", "text/x.tlog.size")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's word)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}/prefix"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
