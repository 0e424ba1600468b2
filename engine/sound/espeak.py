"""espeak-ng, the voice that speaks a hundred languages plainly: asked in a process of its own, text through a pipe, never through a shell.

espeak-ng is GPL-3 and not part of Kinora: it is used where the machine has it. `python -m engine.sound.espeak` is that process: a JSON request a line on its
input; on its output a JSON line and 16-bit samples for each. It is the library that tells when each sound begins, the command does not.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engine.errors import LimitExceeded, ModelUnavailable
from engine.settings import python
from engine.sound.phones import Phone, spelled

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (python(), "-m", "engine.sound.espeak")
INSTALL = "install it: apt-get install espeak-ng"
PACE = 175
"""Words a minute at speed 1."""


def missing() -> ModelUnavailable:
    """The error of a machine without espeak-ng."""
    return ModelUnavailable("espeak-ng is not on this machine", fix=INSTALL)


@lru_cache(maxsize=1)
def languages() -> dict[str, tuple[str, str]]:
    """Language -> its name in English, and the file that `say` wants; empty without espeak-ng."""
    program = shutil.which("espeak-ng")
    if program is None:
        return {}
    try:
        told = subprocess.run([program, "--voices"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = [line.split() for line in told.splitlines()[1:]]
    return {row[1]: (row[3].replace("_", " "), row[4]) for row in rows if len(row) > 4}


def say(text: str, voice: str, speed: float = 1.0, *, seconds: float = 30.0, command: tuple[str, ...] = COMMAND) -> tuple[np.ndarray, int, tuple[Phone, ...]]:
    """(samples (N,) float32, rate in Hz, phones with their times). voice: a file of `languages`; seconds: after which the process is ended.

    Raises `ModelUnavailable` when espeak-ng is missing or fails, `LimitExceeded` when it does not answer in time.
    """
    ask = json.dumps({"text": text, "voice": voice, "speed": round(PACE * speed), "pitch": 50}) + "\n"
    try:
        done = subprocess.run(command, input=ask.encode(), capture_output=True, timeout=seconds, cwd=ROOT, check=False)
    except subprocess.TimeoutExpired as error:
        raise LimitExceeded(f"espeak-ng did not answer within {seconds:g} seconds", fix="say less, or use another voice", field="text") from error
    except OSError as error:
        raise missing() from error
    head, _, body = done.stdout.partition(b"\n")
    if done.returncode or not head:
        raise missing()
    return heard(json.loads(head), body)


def heard(told: dict[str, Any], body: bytes) -> tuple[np.ndarray, int, tuple[Phone, ...]]:
    """An answer of the process as samples (N,) float32, rate and phones; marks that are no sound, such as a change of language, are left out."""
    samples = np.frombuffer(body[: 2 * told["count"]], np.int16).astype(np.float32) / 32768
    return samples, int(told["rate"]), tuple(phone for phone in (Phone(*one) for one in told["phones"]) if spelled(phone.symbol) and phone.symbol[0] != "(")


class _Name(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("position", ctypes.c_int), ("length", ctypes.c_int),
        ("audio", ctypes.c_int), ("sample", ctypes.c_int), ("user", ctypes.c_void_p), ("id", _Name),
    ]  # fmt: skip


_PHONEME, _RATE, _PITCH = 7, 1, 3
_SYNCHRONOUS, _PHONEMES_IN_IPA, _UTF8 = 1, 0b11, 1
"""Constants of espeak-ng's speak_lib.h."""


def serve(asks: BinaryIO, answers: BinaryIO) -> int:
    """Answer requests until the input ends; 1 when the library is not there."""
    try:
        library = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
    except OSError:
        return 1
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEMES_IN_IPA)
    if rate <= 0:
        return 1
    sound: list[np.ndarray] = []
    begins: list[tuple[float, str]] = []

    def hear(wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            sound.append(np.ctypeslib.as_array(wave, (count,)).copy())
        place = 0
        while events[place].type:
            if events[place].type == _PHONEME:
                begins.append((events[place].sample / rate, bytes(events[place].id.string).split(b"\0")[0].decode("utf-8", "ignore")))
            place += 1
        return 0

    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))(hear)
    library.espeak_SetSynthCallback(callback)
    for line in asks:
        ask = json.loads(line)
        sound.clear()
        begins.clear()
        if library.espeak_SetVoiceByName(ask["voice"].encode()):
            return 1
        library.espeak_SetParameter(_RATE, ask["speed"], 0)
        library.espeak_SetParameter(_PITCH, ask["pitch"], 0)
        text = ask["text"].replace("\0", " ").encode() + b"\0"
        library.espeak_Synth(text, len(text), 0, 1, 0, _UTF8, None, None)
        library.espeak_Synchronize()
        wave = np.concatenate(sound) if sound else np.zeros(0, np.int16)
        ends = [start for start, _ in begins[1:]] + [len(wave) / rate]
        phones = [(symbol, round(start, 4), round(end, 4)) for (start, symbol), end in zip(begins, ends, strict=True) if symbol]
        answers.write((json.dumps({"count": len(wave), "rate": rate, "phones": phones}) + "\n").encode())
        answers.write(wave.astype(np.int16).tobytes())
        answers.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(serve(sys.stdin.buffer, sys.stdout.buffer))
