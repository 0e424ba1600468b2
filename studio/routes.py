"""The studio's own addresses beside Gradio's: result files by run id, scenes by their key. Nothing else of the disk is reachable."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from studio.service import Studio
from studio.shown import FOLDER

TYPES = {".mp4": "video/mp4", ".webp": "image/webp", ".jpg": "image/jpeg", ".png": "image/png", ".json": "application/json", ".vtt": "text/vtt", ".npz": "application/octet-stream"}
"""What a browser may show; anything else is offered as a download."""

SHOWN = frozenset(path.name for path in FOLDER.glob("*.mp4"))


def routes(studio: Studio) -> list[Route]:
    """`/kinora/media/RUN/NAME`: a file of a result folder, with ranges; `?download=NAME` offers it for saving. `/kinora/part/KEY/NAME`: the same of a part. `/kinora/example/NAME`: a clip of an example. `/kinora/health`: alive."""

    async def media(request: Request) -> Response:
        return sent(request, studio.result_file(request.path_params["run"], request.path_params["name"]))

    async def part(request: Request) -> Response:
        return sent(request, studio.part_file(request.path_params["key"], request.path_params["name"]))

    def sent(request: Request, path: Path | None) -> Response:
        if path is None:
            return PlainTextResponse("There is no such file.", status_code=404)
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        live = path.name == "preview.webp"
        headers = {"Cache-Control": "no-store" if live else "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        name = request.query_params.get("download")
        if name or path.suffix not in TYPES:
            # The saved name is ASCII letters, digits, dots and dashes: it goes into a header.
            safe = "".join(c for c in (name or path.name) if c.isascii() and (c.isalnum() or c in ".-_"))[:80] or path.name
            return FileResponse(path, media_type=kind, headers=headers, filename=safe)
        return FileResponse(path, media_type=kind, headers=headers)

    async def example(request: Request) -> Response:
        name = request.path_params["name"]
        return sent(request, FOLDER / name if name in SHOWN else None)

    async def health(request: Request) -> Response:
        return PlainTextResponse("ok")

    return [Route("/kinora/media/{run}/{name}", media), Route("/kinora/part/{key}/{name}", part), Route("/kinora/example/{name}", example), Route("/kinora/health", health)]
