"""A local double of a transit secrets engine: the few calls the library makes, answered as the documentation says."""

from __future__ import annotations

import base64
import hmac
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "double-token"

Answer = tuple[int, Any]


class TransitDouble:
    """
    Keys by name and version in memory.

    Attributes:
        asked: Method and path of every request, in order.
        instead: What to answer in place of the next requests; a status and a body each.
        headers: Sent with every answer.
        binds: Whether associated data is bound, as an engine that knows none would not.
        turns: Whether the answers of a batch come in another order.
    """

    def __init__(self) -> None:
        self.keys: dict[str, dict[int, bytes]] = {"bankcif": {1: os.urandom(32)}, "bankcif-index": {1: os.urandom(32)}}
        self.asked: list[str] = []
        self.instead: list[Answer] = []
        self.headers: dict[str, str] = {}
        self.binds, self.turns = True, False
        self.url = ""

    def rotate(self, name: str = "bankcif") -> None:
        """A new version of a key."""
        self.keys[name][max(self.keys[name]) + 1] = os.urandom(32)

    def answer(self, method: str, path: str, token: str | None, body: Any) -> Answer:
        """What the engine says to one request."""
        self.asked.append(f"{method} {path}")
        if self.instead:
            return self.instead.pop(0)
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        _, version, mount, action, name, *_ = path.split("/")
        if (version, mount) != ("v1", "transit") or name not in self.keys:
            return 404, {"errors": []}
        versions = self.keys[name]
        if action == "keys" and method == "GET":
            return 200, {"data": {"name": name, "type": "aes256-gcm96", "latest_version": max(versions)}}
        if action == "hmac":
            if body["key_version"] not in versions:
                return 400, {"errors": ["cannot generate HMAC: no such key version"]}
            made = hmac.digest(versions[body["key_version"]], base64.b64decode(body["input"]), "sha256")
            return 200, {"data": {"hmac": f"vault:v{body['key_version']}:{base64.b64encode(made).decode()}"}}
        work = {"encrypt": self._encrypt, "decrypt": self._decrypt}[action]
        items = body["batch_input"]
        if not self.binds:
            items = [{**item, "associated_data": ""} for item in items]
        results = [work(versions, item) for item in items]
        if self.turns and action == "encrypt":
            results.reverse()
        return (400 if any("error" in one for one in results) else 200), {"data": {"batch_results": results}}

    def _encrypt(self, versions: dict[int, bytes], item: dict[str, Any]) -> dict[str, str]:
        version, nonce = item["key_version"], os.urandom(12)
        sealed = nonce + AESGCM(versions[version]).encrypt(
            nonce, base64.b64decode(item["plaintext"]), base64.b64decode(item["associated_data"])
        )
        return {"ciphertext": f"vault:v{version}:{base64.b64encode(sealed).decode()}"}

    def _decrypt(self, versions: dict[int, bytes], item: dict[str, Any]) -> dict[str, str]:
        try:
            prefix, version, content = item["ciphertext"].split(":")
            sealed, associated = base64.b64decode(content), base64.b64decode(item["associated_data"])
            opened = AESGCM(versions[int(version[1:])]).decrypt(sealed[:12], sealed[12:], associated)
        except (ValueError, KeyError, InvalidTag):
            return {"error": "cipher: message authentication failed"}
        return {"plaintext": base64.b64encode(opened).decode()} if prefix == "vault" else {"error": "no prefix"}


@contextmanager
def serving(double: TransitDouble) -> Iterator[TransitDouble]:
    """Serves *double* on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, content = double.answer(self.command, self.path, self.headers.get("X-Vault-Token"), body)
            written = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(written)))
            for name, value in double.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(written)

        do_GET: Callable[[], None] = _serve  # noqa: N815 (the base class's names)
        do_POST: Callable[[], None] = _serve  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    double.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
