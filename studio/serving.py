"""How the page is served: the address, the folder of uploads, and an orderly end. Gradio is loaded last, as it reads its folder when it is imported."""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path

from engine.cli import complain, settings_of
from engine.errors import InvalidInput, LimitExceeded, StudioError
from engine.media.disk import files_below
from studio.service import Studio

KEEP_UPLOADS = 86400.0
"""Seconds that uploads of a killed server outlive it, for pages that are still open."""


def serve(options: argparse.Namespace) -> int:
    """Serve the studio until Ctrl-C. Exit code 0, or 2 with one line when it cannot start."""
    try:
        settings = settings_of(options)
        port = _free_port(settings.host) if settings.port == 0 else settings.port
        _check_port(settings.host, port)
        if settings.mcp and find_spec("mcp") is None:
            raise InvalidInput("--mcp needs the package mcp", fix="pip install 'gradio[mcp]'")
        studio = Studio(settings)
        os.environ["GRADIO_TEMP_DIR"] = str(uploads_folder(settings.data_dir))
        studio.executor.prepare()
    except StudioError as error:
        complain(error)
        return 2
    from studio.shell import build, launch_options

    demo = build(studio)
    demo.launch(server_name=settings.host, server_port=port, quiet=True, prevent_thread_lock=True, inbrowser=False, **launch_options(studio))
    print(f"Kinora is at http://{'127.0.0.1' if settings.host == '0.0.0.0' else settings.host}:{port}", flush=True)
    try:
        studio.start()
    except StudioError as error:
        complain(error)
        demo.close(verbose=False)
        return 2
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    ended.wait()
    studio.stop()
    sys.stdout.flush()
    demo.close(verbose=False)
    return 0


def uploads_folder(data_dir: Path) -> Path:
    """The folder of what visitors upload to the server of `data_dir`; what is older than a day in it goes.

    Gradio names uploads by their content and deletes them when it ends, so two studios must not share a folder: the first to end would take the other's files.
    It lies among the machine's temporary files (or in `GRADIO_TEMP_DIR`), as nothing inside `data_dir` is served by its path. Raises `LimitExceeded`.
    """
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    folder = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()).resolve() / f"kinora-uploads-{os.getuid()}-{name}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise LimitExceeded(f"uploads cannot be kept in {folder}", why="it is another user's", fix="give another place with GRADIO_TEMP_DIR")
        for old, facts in files_below(folder):
            if time.time() - facts.st_ctime > KEEP_UPLOADS:
                old.unlink(missing_ok=True)
    except OSError as error:
        raise LimitExceeded(f"uploads cannot be kept in {folder}", why=error.strerror or "", fix="give another place with GRADIO_TEMP_DIR") from error
    return folder


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InvalidInput(f"port={port} on {host} cannot be used", why=error.strerror or "", fix="end the other program or give --port") from error


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
