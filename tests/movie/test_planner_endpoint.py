"""Plans from servers: good, bad, slow, huge and hostile ones; no redirect is followed, and the key is told to nobody else."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from engine.errors import Cancelled, InvalidInput, ModelUnavailable
from engine.movie.planner import plan_built_in, planner_of, write_plan
from engine.movie.planner.endpoint import MOST_BYTES, ask
from engine.settings import Settings
from tests.movie.test_planner_replies import GOOD, REQUEST

SECRET = "sk-do-not-tell-4711"


class Server(ThreadingHTTPServer):
    """Answers as it is told, and remembers what it was asked."""

    daemon_threads = True
    answer: Callable[[BaseHTTPRequestHandler], None]

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), json.loads(body)))
        self.server.answer(self)

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


def says(text: str, code: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text.encode())

    return answer


def chat(content: Any) -> str:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    one = Server()
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield one
    one.shutdown()
    one.server_close()


def settings_for(server: Server) -> Settings:
    return Settings.model_validate({"planner_url": server.url, "planner_model": "tiny", "planner_key": SECRET})


def test_a_server_writes_the_plan(server: Server) -> None:
    server.answer = says(chat(json.dumps(GOOD)))
    settings = settings_for(server)
    assert planner_of(REQUEST, settings) == "endpoint" and planner_of(REQUEST, Settings()) == "built-in"
    written = write_plan(REQUEST, 1, settings)
    assert written.planner == "endpoint" and written.plan.title == "Moonboat"
    path, headers, body = server.asked[0]
    assert path == "/v1/chat/completions" and headers["Authorization"] == f"Bearer {SECRET}" and body["model"] == "tiny"
    assert json.loads(body["messages"][1]["content"])["idea"] == REQUEST.idea
    server.answer = says(chat([{"type": "text", "text": json.dumps(GOOD)}]))
    assert write_plan(REQUEST, 1, settings).plan.title == "Moonboat"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (says("boom", 500), "error 500"), (says("no", 401), "another key"), (says("not json"), "cannot be read"), (says('{"choices": []}'), "cannot be read"), (says(chat(None)), "cannot be read"), (says("x" * (MOST_BYTES + 10)), "too long"),
        (says("", 302, Location="http://127.0.0.1:9/steal"), "redirect"), (says("", 307, Location="file:///etc/passwd"), "redirect"), (lambda handler: handler.connection.close(), "cannot be reached|cannot be read"), (says("[" * 100_000), "cannot be read"),
    ],
)  # fmt: skip
def test_a_bad_server_is_told_and_the_built_in_planner_writes(server: Server, answer: Callable[[BaseHTTPRequestHandler], None], fault: str, caplog: pytest.LogCaptureFixture) -> None:
    server.answer = answer
    settings = settings_for(server)
    with caplog.at_level(logging.DEBUG), pytest.raises(ModelUnavailable, match=fault) as caught:
        ask([{"role": "user", "content": "x"}], 1, settings, patience=5.0)
    assert SECRET not in caught.value.line and SECRET not in caplog.text and SECRET not in str(caught.value.__dict__)
    written = write_plan(REQUEST, 1, settings)
    assert written.planner == "built-in" and written.plan.scenes == plan_built_in(REQUEST, 1, settings).scenes and "built-in planner" in written.plan.notes[0]
    assert len(server.asked) == 2, "redirects are not followed"


def test_a_slow_server_is_left_and_stop_acts_at_once(server: Server) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    server.answer = drip
    with pytest.raises(ModelUnavailable, match="too slow"):
        ask([], 1, settings_for(server), patience=0.4)

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ask([], 1, settings_for(server), check=stop)


def test_nobody_there_and_wrong_addresses() -> None:
    written = write_plan(REQUEST, 1, Settings.model_validate({"planner_url": "http://127.0.0.1:9/v1"}))
    assert written.planner == "built-in" and "cannot be reached" in written.plan.notes[0]
    with pytest.raises(InvalidInput, match="no planner server is set"):
        write_plan(REQUEST.model_copy(update={"planner": "endpoint"}), 1, Settings())
    for url in ("file:///etc/passwd", "ftp://x/y", "http://", "http://user:pw@host/v1", "http://host:99999/", "http://host/?q=1", "http://ho st/"):
        with pytest.raises(InvalidInput, match="address is wrong"):
            write_plan(REQUEST, 1, Settings.model_validate({"planner_url": url}))


def test_the_key_is_in_no_dump_and_no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.cli import parse, settings_of
    from engine.movie.planner.endpoint import key_of

    monkeypatch.setenv("KINORA_PLANNER_KEY", SECRET)
    settings = settings_of(parse(["tasks"]))
    assert key_of(settings) == SECRET
    for text in (settings.model_dump_json(), repr(settings), str(settings), str(settings.planner_key)):
        assert SECRET not in text
    child = Settings.model_validate_json(settings.model_dump_json())
    assert key_of(child) == SECRET, "worker and helper get it from the environment that they inherit"
    with pytest.raises(SystemExit):
        parse(["tasks", "--planner-key", "x"])
