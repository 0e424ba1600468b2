"""Cards of large models that draw clips, one file per family."""

from __future__ import annotations

from engine.catalog.card import Card
from engine.catalog.video.animate import CARDS as _ANIMATE
from engine.catalog.video.animatediff import CARDS as _ANIMATEDIFF
from engine.catalog.video.cogvideox import CARDS as _COGVIDEOX
from engine.catalog.video.hunyuan import CARDS as _HUNYUAN
from engine.catalog.video.ltx import CARDS as _LTX
from engine.catalog.video.mochi import CARDS as _MOCHI
from engine.catalog.video.sana import CARDS as _SANA
from engine.catalog.video.skyreels import CARDS as _SKYREELS
from engine.catalog.video.svd import CARDS as _SVD
from engine.catalog.video.vace import CARDS as _VACE
from engine.catalog.video.wan import CARDS as _WAN

CARDS: tuple[Card, ...] = (*_WAN, *_VACE, *_ANIMATE, *_LTX, *_HUNYUAN, *_SKYREELS, *_SANA, *_COGVIDEOX, *_MOCHI, *_ANIMATEDIFF, *_SVD)
