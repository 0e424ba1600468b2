"""A hub of the tests: the real one's API as far as models need it, over HTTP on this machine, with the faults that real networks have."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c0ffee" + "0" * 34
BLOCK = 4096


class Hub:
    """Repositories by name; each maps file names to bytes. Large files (`.safetensors`) are redirected to a store of blobs, as the hub does.

    cut: close the connection after so many bytes of a large file, `cuts` times. pause: seconds between blocks. refuse: (status, code) for everything.
    served: (file, first byte, bytes) of each answer. given: other bytes than those that the API promises.
    """

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, bytes]] = {}
        self.given: dict[str, bytes] = {}
        self.commit = COMMIT
        self.cut, self.cuts, self.pause, self.refuse, self.ranges = 0, 0, 0.0, (0, ""), True
        self.served: list[list[Any]] = []
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.answer(self)

            do_HEAD = do_GET

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def sent(self, name: str) -> int:
        """Bytes that were sent of a file, in all connections."""
        return sum(count for served, _, count in self.served if served == name)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = urllib.parse.unquote(request.path.split("?")[0])
        self.asked.append(path)
        status, code = self.refuse
        if status:
            self._send(request, status, b"{}", {"X-Error-Code": code} if code else {})
        elif (found := re.fullmatch(r"/api/models/(.+)/revision/(.+)", path)) and found[1] in self.repos:
            self._send(request, 200, json.dumps(self._listing(found[1])).encode(), {"Content-Type": "application/json"})
        elif (found := re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", path)) and found[3] in self.repos.get(found[1], {}):
            if found[2] != self.commit:
                self._send(request, 404, b"", {"X-Error-Code": "RevisionNotFound"})
            elif found[3].endswith(".safetensors"):
                body = self.repos[found[1]][found[3]]
                linked = {"X-Repo-Commit": self.commit, "X-Linked-Etag": f'"{hashlib.sha256(body).hexdigest()}"', "X-Linked-Size": str(len(body))}
                self._send(request, 302, b"", {"Location": f"{self.url}/cdn/{found[1]}/{found[3]}", **linked})
            else:
                self._file(request, found[3], self.given.get(found[3], self.repos[found[1]][found[3]]))
        elif found := re.fullmatch(r"/cdn/([^/]+/[^/]+)/(.+)", path):
            self._file(request, found[2], self.given.get(found[2], self.repos[found[1]][found[2]]))
        else:
            self._send(request, 404, b"", {"X-Error-Code": "RepoNotFound"})

    def _listing(self, repo: str) -> dict[str, Any]:
        def sibling(name: str, body: bytes) -> dict[str, Any]:
            large = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body), "pointerSize": 130} if name.endswith(".safetensors") else None
            oid = hashlib.sha1(f"blob {len(body)}\0".encode() + body).hexdigest()
            return {"rfilename": name, "size": len(body), "blobId": oid, **({"lfs": large} if large else {})}

        return {"id": repo, "modelId": repo, "sha": self.commit, "siblings": [sibling(name, body) for name, body in self.repos[repo].items()]}

    def _file(self, request: BaseHTTPRequestHandler, name: str, body: bytes) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", "")) if self.ranges else None
        first = int(asked[1]) if asked else 0
        etag = hashlib.sha256(body).hexdigest() if name.endswith(".safetensors") else hashlib.sha1(f"blob {len(body)}\0".encode() + body).hexdigest()
        headers = {"ETag": f'"{etag}"', "Accept-Ranges": "bytes", "X-Repo-Commit": self.commit}
        if first >= len(body) and asked:
            return self._send(request, 416, b"", {"Content-Range": f"bytes */{len(body)}"})
        if asked:
            headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
        request.send_response(206 if asked else 200)
        for key, value in {**headers, "Content-Length": str(len(body) - first)}.items():
            request.send_header(key, value)
        request.end_headers()
        if request.command == "HEAD":
            return None
        end = len(body)
        if self.cut and self.cuts and name.endswith(".safetensors"):
            end, self.cuts = min(end, max(first, first + self.cut)), self.cuts - 1
        told = [name, first, 0]  # told before it is sent: a client may be done before this thread is
        self.served.append(told)
        try:
            while first + told[2] < end:
                block = body[first + told[2] : min(first + told[2] + BLOCK, end)]
                told[2] += len(block)
                request.wfile.write(block)
                time.sleep(self.pause)
        except OSError:
            pass
        if end < len(body):
            request.close_connection = True
        return None

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
        request.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(key, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
