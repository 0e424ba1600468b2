"""Plans from a server that speaks OpenAI's chat completions. Standard library only; the key is sent to that server alone and written nowhere."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from engine.errors import InvalidInput, ModelUnavailable
from engine.settings import Settings

PATIENCE = 120.0
"""Seconds that an answer may take in all."""

MOST_BYTES = 1_000_000
"""Of an answer: a plan of forty scenes has some 40,000."""

TOKENS_EACH, TOKENS_BASE = 220, 600
"""Tokens that a scene, and the rest of a plan, may take."""

POLL = 0.1
LOOPBACK = ("localhost", "127.0.0.1", "::1")

Check = Callable[[], None]


def address(settings: Settings) -> str:
    """The URL that is asked. Raises `InvalidInput` when none is set, or it is not a plain http(s) address."""
    base = settings.planner_url.strip().rstrip("/")
    if not base:
        raise InvalidInput("no planner server is set", fix="set KINORA_PLANNER_URL to the address of an OpenAI-compatible server, such as http://127.0.0.1:8080/v1, or choose the built-in planner", field="planner")
    try:
        parts = urlsplit(base)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and not parts.query and not parts.fragment and (parts.port or 1) > 0 and base.isprintable() and " " not in base
    except ValueError:
        good = False
    if not good:
        raise InvalidInput("the planner server's address is wrong", why="it must be http or https, without user or password in it", fix="set KINORA_PLANNER_URL, such as http://127.0.0.1:8080/v1", field="planner")
    return base if base.endswith("/chat/completions") else f"{base}/chat/completions"


def key_of(settings: Settings) -> str:
    """The key, from the settings or, in processes to which settings came without it, from the environment."""
    return settings.planner_key.get_secret_value() or os.environ.get("KINORA_PLANNER_KEY", "")


def ask(messages: list[dict[str, str]], scenes: int, settings: Settings, *, patience: float = PATIENCE, check: Check = lambda: None) -> str:
    """What the server's model answers to a chat, as text. `check` is called while it is waited for, and may raise.

    Raises `InvalidInput` for a wrong address, `ModelUnavailable` for a server that is not there, refuses, is slow, or answers too much or nonsense.
    """
    url = address(settings)
    key = key_of(settings)
    body = {"model": settings.planner_model, "messages": messages, "temperature": 0.8, "max_tokens": TOKENS_BASE + TOKENS_EACH * scenes, "stream": False}
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "Kinora"}
    if key:
        if not (key.isascii() and key.isprintable()):
            raise InvalidInput("the planner server's key is not a key", why="it has signs that no header may have", fix="set KINORA_PLANNER_KEY anew", field="planner")
        headers["Authorization"] = f"Bearer {key}"
    asked = urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers, method="POST")
    return _content(_waited(asked, patience, check))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a POST with a key goes where the user said, and nowhere else."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _waited(asked: urllib.request.Request, patience: float, check: Check) -> bytes:
    """The answer's bytes. It is read by a thread of its own, so that a slow server does not keep Stop from acting."""
    answer: list[bytes] = []
    faults: list[Exception] = []

    def fetch() -> None:
        try:
            answer.append(_fetched(asked, time.monotonic() + patience, patience))
        except (OSError, HTTPException, ValueError, ModelUnavailable) as error:
            faults.append(error)

    thread = threading.Thread(target=fetch, daemon=True)
    thread.start()
    until = time.monotonic() + patience + 1.0
    while thread.is_alive() and time.monotonic() < until:
        check()
        thread.join(POLL)
    if faults:
        raise _told(faults[0], patience) from None
    if not answer:
        raise _slow(patience)
    return answer[0]


def _fetched(asked: urllib.request.Request, until: float, patience: float) -> bytes:
    handlers: list[Any] = [_NoRedirects()]
    if urlsplit(asked.full_url).hostname in LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    read = b""
    with urllib.request.build_opener(*handlers).open(asked, timeout=patience) as response:
        while part := response.read1(65536):
            read += part
            if len(read) > MOST_BYTES:
                raise ModelUnavailable("the planner server's answer is too long", why=f"over {MOST_BYTES // 1000} kB", fix="choose another model, or the built-in planner")
            if time.monotonic() > until:
                raise _slow(patience)
    return read


def _slow(patience: float) -> ModelUnavailable:
    return ModelUnavailable("the planner server is too slow", why=f"no whole answer within {patience:g} s", fix="ask for fewer scenes, or choose a smaller model or the built-in planner")


def _told(error: Exception, patience: float) -> Exception:
    """The error in plain words. Neither the key nor anything that the server said is in it."""
    if isinstance(error, ModelUnavailable):
        return error
    if isinstance(error, HTTPError):
        why = {401: "it wants another key", 403: "it refuses the key", 404: "it has no such address or model", 429: "it has too much to do"}.get(error.code, "")
        moved = 300 <= error.code < 400
        return ModelUnavailable(
            f"the planner server answered with {'a redirect' if moved else f'error {error.code}'}", why="redirects are not followed" if moved else why, fix="check KINORA_PLANNER_URL, KINORA_PLANNER_MODEL and KINORA_PLANNER_KEY, or choose the built-in planner"
        )
    if isinstance(error, TimeoutError) or (isinstance(error, URLError) and isinstance(error.reason, TimeoutError)):
        return _slow(patience)
    return ModelUnavailable("the planner server cannot be reached", why=type(getattr(error, "reason", error)).__name__, fix="start it, check KINORA_PLANNER_URL, or choose the built-in planner")


def _content(answer: bytes) -> str:
    """The text of the first choice. Raises `ModelUnavailable` when the answer is not of the known shape."""
    from engine.movie.planner.extracting import MOST_CHARACTERS

    try:
        document = json.loads(answer.decode("utf-8", "replace"))
        choice = document["choices"][0]
        content = choice["message"]["content"] if "message" in choice else choice["text"]
        if isinstance(content, list):
            content = "".join(part["text"] for part in content)
        if not isinstance(content, str):
            raise TypeError(content)
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise ModelUnavailable("the planner server's answer cannot be read", why="it is not a chat completion", fix="check KINORA_PLANNER_URL, or choose the built-in planner") from None
    return content[:MOST_CHARACTERS]
