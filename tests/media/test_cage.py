"""The cage: whatever a decoder does, it ends in time as one clear error, and nothing of it is left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.errors import StudioError, UnreadableMedia
from engine.media.cage import Decoder, Inlet
from engine.media.images import write_image
from engine.media.probe import probe
from engine.media.video import open_video
from engine.settings import Settings
from tests.media import corpus

SETTINGS = Settings()
HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
TEXTS = {
    "hls.mp4": HLS,
    "concat.mp4": "ffconcat version 1.0\nfile secret.mp4\n",
    "picture.mp4": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "dash.mp4": '<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>',
    "sdp.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "meta.mp4": ";FFMETADATA1\ntitle=x\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_playlists_and_other_texts_are_refused(tmp_path: Path, name: str) -> None:
    corpus.make_clip(tmp_path / "secret.mp4", [corpus.quadrants()] * 2)
    path = tmp_path / name
    path.write_text(TEXTS[name])
    # FFmpeg itself opens the ffconcat one and plays the file that it names.
    with pytest.raises(UnreadableMedia, match="it is text"):
        open_video(path, SETTINGS)


def test_a_name_is_never_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    corpus.make_clip(tmp_path / "secret.mp4", [corpus.quadrants()] * 2)
    for name in ("concat:secret.mp4|secret.mp4", "http://127.0.0.1:9/a.mp4", "subfile,,start,0,end,0,,:secret.mp4", "pipe:0", "-i"):
        with pytest.raises(UnreadableMedia, match="cannot be opened"):
            open_video(name, SETTINGS)


def test_a_header_alone_does_not_make_a_clip(tmp_path: Path) -> None:
    for head in (
        b"\0\0\0\x18ftypmp42",
        b"\x1aE\xdf\xa3",
        b"RIFF\xff\xff\xff\x7fAVI ",
        b"RIFF\x10\0\0\0WAVE",
        b"OggS",
        b"fLaC",
        b"ID3\4\0\0\0\0\0\0",
    ):
        path = tmp_path / "a.mp4"
        path.write_bytes(head + HLS.encode() * 20)
        with pytest.raises(UnreadableMedia):
            probe(path, SETTINGS)


MISBEHAVIOUR = {
    "hangs": "import time\ntime.sleep(600)",
    "hangs in C": "import re\nre.match('(a+)+$', 'a' * 60 + 'b')",
    "forks": "import os, time\nfor _ in range(3): os.fork()\ntime.sleep(600)",
    "allocates": "b = bytearray(10 << 30)",
    "crashes": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "floods stderr": "import sys\nwhile True: sys.stderr.write('x' * 65536); sys.stderr.flush()",
    "prints": "print('J' * 100000, flush=True)\nimport os\nos.write(answers._fd, b'Jgarbage')",
    "answers nonsense": "import os\nos.write(answers._fd, b'J' + (5).to_bytes(8, 'little') + b'[1,2]')",
    "answers endlessly": "import os\nos.write(answers._fd, b'J' + (1 << 40).to_bytes(8, 'little'))",
    "writes files": "open(os.path.join(os.environ.get('TMPDIR', '/tmp'), 'kinora-cage-test'), 'wb').write(b'x' * (10 << 20))",
}
STUB = """
import json, os, sys
from engine.media.decoder import Answers, confine, leave_the_network, reported
order = json.loads(sys.argv[1])
leave_the_network()
answers = Answers(order["limits"]["silence"])
confine(order["limits"])
with reported(order, answers):
{body}
"""


@pytest.mark.parametrize("what", MISBEHAVIOUR)
def test_a_wicked_decoder_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    body = "\n".join("    " + line for line in MISBEHAVIOUR[what].splitlines())
    (tmp_path / "wicked.py").write_text(STUB.format(body=body))
    path = write_image(tmp_path / "a.png", corpus.quadrants())
    monkeypatch.setattr("engine.media.cage._environment", lambda: {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)})
    settings = Settings(decode_seconds=1.0, decode_memory_mib=1024)
    begin = time.monotonic()
    with Inlet(path, settings) as inlet, Decoder(inlet, settings, "probe", module="wicked") as decoder:
        group = decoder.pid
        with pytest.raises(StudioError, match=r"a\.png"):
            decoder.read_json()
    assert time.monotonic() - begin < 6.0
    assert not group_members(group)
    leftover = Path(os.environ.get("TMPDIR", "/tmp")) / "kinora-cage-test"
    if leftover.exists():
        size = leftover.stat().st_size
        leftover.unlink()
        assert size <= 64 << 10


def group_members(group: int) -> list[str]:
    listing = subprocess.run(["ps", "-eo", "pgid,stat"], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines()[1:] if line.split()[0] == str(group) and "Z" not in line.split()[1]]


def test_an_orphaned_decoder_ends_by_itself(tmp_path: Path) -> None:
    (tmp_path / "sleeper.py").write_text(
        STUB.format(body="    answers._seconds = 1\n    answers.json({})\n    import time\n    time.sleep(600)")
    )
    write_image(tmp_path / "a.png", corpus.quadrants())
    parent = (
        "import sys, os; from engine.media import cage; from engine.settings import Settings\n"
        f"cage._environment = lambda: {{'PYTHONPATH': {str(tmp_path)!r}}}\n"
        f"d = cage.Decoder(cage.Inlet({str(tmp_path / 'a.png')!r}, Settings()), Settings(), 'probe', module='sleeper')\n"
        "d.read_json(); print(d.pid, flush=True); os._exit(0)"
    )
    root = Path(__file__).resolve().parents[2]
    pid = int(subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, check=True, cwd=root).stdout)
    deadline = time.monotonic() + 8
    while group_members(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not group_members(pid)


def test_the_decoder_loads_nothing_heavy() -> None:
    code = "import engine.media.decode_av, engine.media.decode_image, engine.media.decoder, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2]
    ).stdout.split()
    assert not {"torch", "cv2", "gradio", "scipy", "pydantic", "moviepy"} & set(loaded)
    code = "import engine.media.probe, engine.media.images, engine.media.video, engine.media.audio, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2]
    ).stdout.split()
    assert not {"torch", "cv2", "gradio", "av", "PIL"} & set(loaded)
