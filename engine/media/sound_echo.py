"""What AAC makes of a sound: encoded as `ClipWriter` does it and decoded again, block by block, without a file. For peaks: a codec may raise them by 2 dB."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from engine.media.aac import AAC_BITS, AAC_FRAME


class AacEcho:
    """Stereo at `rate` Hz through AAC. Samples come back about 1024 late; the clip's length is not restored."""

    def __init__(self, rate: int) -> None:
        self._rate, self._sent = rate, 0
        self._rest = np.zeros((0, 2), np.float32)
        encoder, decoder = av.CodecContext.create("aac", "w"), av.CodecContext.create("aac", "r")
        assert isinstance(encoder, AudioCodecContext) and isinstance(decoder, AudioCodecContext)
        encoder.sample_rate, encoder.bit_rate, encoder.time_base = rate, 2 * AAC_BITS, Fraction(1, rate)
        encoder.layout, encoder.format = "stereo", "fltp"  # type: ignore[assignment]
        # As in a file, where the decoder learns the profile from the header.
        encoder.flags |= av.codec.context.Flags.global_header.value
        encoder.open()
        decoder.extradata = encoder.extradata
        self._encoder, self._decoder = encoder, decoder

    def feed(self, block: np.ndarray) -> np.ndarray:
        """(m, 2) float32, what is heard so far of (n, 2) float32."""
        self._rest = np.concatenate([self._rest, block])
        out = []
        while len(self._rest) >= AAC_FRAME:
            out += self._through(self._rest[:AAC_FRAME])
            self._rest = self._rest[AAC_FRAME:]
        return _joined(out)

    def finish(self) -> np.ndarray:
        """The rest. Nothing may be fed after it."""
        out = self._through(self._rest) if len(self._rest) else []
        for packet in self._encoder.encode(None):
            out += [frame.to_ndarray().T for frame in self._decoder.decode(packet)]
        return _joined(out + [frame.to_ndarray().T for frame in self._decoder.decode(None)])

    def _through(self, block: np.ndarray) -> list[np.ndarray]:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(np.clip(block.T, -1.0, 1.0), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._sent, Fraction(1, self._rate)
        self._sent += len(block)
        return [heard.to_ndarray().T for packet in self._encoder.encode(frame) for heard in self._decoder.decode(packet)]


def _joined(blocks: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(blocks).astype(np.float32, copy=False) if blocks else np.zeros((0, 2), np.float32)
