"""What a file is by its first bytes, never by its name: the whitelist of formats that may reach a decoder.

Playlists, scripts, vector pictures and every other text are not in the list, so they are refused whatever they are called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HEAD_BYTES = 4096

Family = Literal["image", "av", "project"]


@dataclass(frozen=True)
class Format:
    """`name` is the format's name for people; `demuxer` is Pillow's format (image) or FFmpeg's demuxer (av). A project is no media: no decoder gets it."""

    family: Family
    name: str
    demuxer: str


MOV = Format("av", "MP4/MOV", "mov")
MATROSKA = Format("av", "WebM/Matroska", "matroska")
PROJECT = Format("project", "Kinora project", "")
PROJECT_TYPE = b"application/x-kinora-project"
"""Content of a project's first entry, `mimetype`, stored as it is, so that its place in the file is known (as in OpenDocument and EPUB)."""
_MP3 = Format("av", "MP3", "mp3")
_AAC = Format("av", "AAC", "aac")

_PREFIXES: tuple[tuple[bytes, Format], ...] = (
    (b"\x89PNG\r\n\x1a\n", Format("image", "PNG", "PNG")),
    (b"\xff\xd8\xff", Format("image", "JPEG", "JPEG")),
    (b"GIF87a", Format("image", "GIF", "GIF")),
    (b"GIF89a", Format("image", "GIF", "GIF")),
    (b"BM", Format("image", "BMP", "BMP")),
    (b"II*\0", Format("image", "TIFF", "TIFF")),
    (b"MM\0*", Format("image", "TIFF", "TIFF")),
    (b"\x1aE\xdf\xa3", MATROSKA),
    (b"OggS", Format("av", "Ogg", "ogg")),
    (b"fLaC", Format("av", "FLAC", "flac")),
    (b"ID3", _MP3),
)
_RIFF = {
    b"WEBP": Format("image", "WebP", "WEBP"),
    b"AVI ": Format("av", "AVI", "avi"),
    b"WAVE": Format("av", "WAV", "wav"),
}
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip")
_AVIF_BRANDS = (b"avif", b"avis")
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def sniff(head: bytes) -> Format | None:
    """The format that `head` (the first `HEAD_BYTES` of a file) begins, or None when it is not one of ours."""
    for prefix, found in _PREFIXES:
        if head.startswith(prefix):
            return found
    if head[:4] == b"PK\x03\x04":
        return PROJECT if head[30:].startswith(b"mimetype" + PROJECT_TYPE) else None
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return Format("av", "AIFF", "aiff")
    if head[4:8] == b"ftyp":
        if is_heic(head):
            return None
        return Format("image", "AVIF", "AVIF") if head[8:12] in _AVIF_BRANDS else MOV
    if head[4:8] in _OLD_QUICKTIME:
        return MOV
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return Format("av", "MPEG-TS", "mpegts")
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        # Eleven set bits begin an MPEG audio frame; layer bits 00 mean ADTS, which is AAC.
        return _AAC if head[1] & 0x06 == 0 else _MP3
    return None


def is_heic(head: bytes) -> bool:
    """True for HEIF pictures, which phones make and which we name in the refusal. AVIF files may list `mif1` second."""
    return head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS and not any(b in head[8:64] for b in _AVIF_BRANDS)


def looks_like_text(head: bytes) -> bool:
    """True when the bytes are printable text, to say so in a refusal."""
    sample = head[:512]
    if not sample or b"\0" in sample:
        return False
    printable = sum(b in b"\t\n\r\f" or 32 <= b < 127 or b >= 128 for b in sample)
    return printable == len(sample)
