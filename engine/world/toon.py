"""A paper-cut face whose mouth, eyes, brows and turn are known: the example portrait of talking heads, and ground truth for whatever reads or makes faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.world.palette import Colour, lighter, mix
from engine.world.paper import Paint, cut, painted, shadow
from engine.world.shapes import circle, lens, mirrored, move, ribbon, smooth


@dataclass(frozen=True)
class ToonLook:
    """opening 0..1 of the mouth, smile -1..1, blink 0..1, brow -1..1, turn and nod -1..1 (to the picture's right, down)."""

    opening: float = 0.0
    smile: float = 0.25
    blink: float = 0.0
    brow: float = 0.0
    turn: float = 0.0
    nod: float = 0.0


@dataclass(frozen=True)
class ToonFace:
    """Whose face it is. Colours are sRGB names or hex, as everywhere in the world."""

    skin: Colour = "#e8b48f"
    hair: Colour = "#5b3a29"
    eyes: Colour = "#3f6f63"
    lips: Colour = "#b9574f"
    shirt: Colour = "#2f5d8a"
    wall: tuple[Colour, Colour] = ("#f3d9a4", "#e79d6b")


def draw_toon(face: ToonFace, look: ToonLook | None = None, *, side: int = 640) -> tuple[np.ndarray, dict[str, tuple[float, float]]]:
    """(side, side, 3) uint8 and the true places of the seven handles of a face (`engine.vision.faces.handles`) in pixels."""
    look = look or ToonLook()
    picture = np.zeros((side, side, 3), np.float32)
    unit = side / 2.0  # faces are drawn in a square of -1..1

    def at(points: np.ndarray, depth: float = 0.0) -> np.ndarray:
        """Pixels of outlines; what is nearer moves more when the head turns."""
        return (np.asarray(points) + (0.10 * look.turn * depth, 0.06 * look.nod * depth) + 1.0) * unit

    def lay(outlines: list[np.ndarray], paint: Paint, depth: float = 0.0, *, lift: float = 0.0, holes: list[np.ndarray] | None = None) -> None:
        piece = cut([at(points, depth) for points in outlines], (side, side), holes=[at(points, depth) for points in holes or []])
        if piece is None:
            return
        under = shadow(piece, (side, side), lift * unit, 0.35) if lift else None
        if under is not None:
            picture[under.box] *= 1 - under.mask[..., None]
        colours = painted(piece, paint, (0, 0), side / 512)
        picture[piece.box] += (colours - picture[piece.box]) * piece.mask[..., None]

    wall = np.array([[-1.1, -1.1], [1.1, -1.1], [1.1, 1.1], [-1.1, 1.1]])
    lay([wall], Paint(face.wall, 70.0))
    lay([circle(0.0, -0.08, 0.78)], Paint((lighter(face.wall[0], 0.05), face.wall[0]), 90.0), lift=0.02)

    back_hair = smooth(mirrored(np.array([[0.06, -0.76], [0.34, -0.70], [0.53, -0.42], [0.56, -0.02], [0.50, 0.30], [0.30, 0.36]])))
    lay([back_hair], Paint((face.hair, mix(face.hair, "#000000", 0.25))), 0.2, lift=0.03)
    shoulders = smooth(mirrored(np.array([[0.0, 0.52], [0.20, 0.55], [0.52, 0.64], [0.74, 0.80], [0.80, 1.15], [0.0, 1.2]])))
    lay([shoulders], Paint((lighter(face.shirt, 0.06), face.shirt)), lift=0.03)
    neck = np.array([[-0.15, 0.25], [0.15, 0.25], [0.17, 0.60], [0.0, 0.70], [-0.17, 0.60]])
    lay([smooth(neck)], Paint((mix(face.skin, "#7a3b2a", 0.28), mix(face.skin, "#7a3b2a", 0.10))), 0.2)

    jaw = 0.05 * look.opening
    rim = np.array([[0.05, -0.60], [0.24, -0.57], [0.40, -0.40], [0.44, -0.12], [0.42, 0.10], [0.34, 0.30], [0.20, 0.45 + jaw], [0.06, 0.50 + jaw]])
    ears = [circle(0.45, -0.02, 0.07, squash=1.5), circle(-0.45, -0.02, 0.07, squash=1.5)]
    lay(ears, Paint((mix(face.skin, "#a8543f", 0.2),)), 0.1, lift=0.01)
    lay([smooth(mirrored(rim))], Paint((lighter(face.skin, 0.05), face.skin, mix(face.skin, "#a8543f", 0.16)), 80.0), 0.5, lift=0.025)
    blush = mix(face.skin, "#d9604f", 0.35)
    for x in (-0.27, 0.27):
        lay([circle(x, 0.13, 0.085, squash=0.75)], Paint((blush, face.skin), centre=((1 + x) * unit, 1.13 * unit), reach=0.085 * unit, edge=0.0), 0.7)

    # Eyes: white, iris, pupil, the upper lid as a sheet that comes down, a lash line.
    for sign in (-1.0, 1.0):
        x, y = 0.19 * sign, -0.08
        white = lens(x, y, 0.20, 0.115)
        lay([white], Paint(("#fbf8f1",)), 0.8)
        iris = circle(x, y, 0.047)
        lay([_inside(iris, white)], Paint((lighter(face.eyes, 0.12), face.eyes)), 0.85)
        lay([_inside(circle(x, y, 0.022), white)], Paint(("#1c1512",)), 0.85)
        lay([circle(x - 0.014, y - 0.016, 0.009)], Paint(("#ffffff",), edge=0.0), 0.85)
        if look.blink > 0.02:
            upper_edge = white[white[:, 1] <= y + 1e-6]
            upper_edge = upper_edge[np.argsort(upper_edge[:, 0])]
            closed = upper_edge.copy()
            closed[:, 1] = y + (upper_edge[:, 1] - y) * (1 - 2 * look.blink)
            lay([np.concatenate([upper_edge, closed[::-1]])], Paint((mix(face.skin, "#a8543f", 0.12),)), 0.85)
        top = white[white[:, 1] <= y + 1e-6]
        lash = top[np.argsort(top[:, 0])]
        lash[:, 1] = y + (lash[:, 1] - y) * (1 - 2 * look.blink)
        lay([ribbon(smooth(lash, closed=False), 0.016)], Paint(("#33221a",), edge=0.0), 0.9)
        brow = np.array([[x - 0.11, y - 0.125 - 0.03 * look.brow], [x, y - 0.165 - 0.05 * look.brow], [x + 0.11, y - 0.125 - 0.03 * look.brow]])
        lay([ribbon(smooth(brow, closed=False), 0.030)], Paint((face.hair,)), 0.9, lift=0.006)

    nose = np.array([[0.005, -0.06], [0.05, 0.10], [0.072, 0.155], [0.03, 0.185], [-0.03, 0.185], [-0.06, 0.16], [-0.03, 0.08]])
    lay([smooth(nose)], Paint((face.skin, mix(face.skin, "#a8543f", 0.25)), 90.0), 1.4, lift=0.012)

    corner = np.array([0.155, 0.30 - 0.035 * look.smile])
    upper_line, lower_line = 0.305, 0.305 + 0.13 * look.opening
    upper = np.array([[-corner[0], corner[1]], [-0.06, 0.272], [0.0, 0.281], [0.06, 0.272], [corner[0], corner[1]], [0.07, upper_line], [0.0, upper_line + 0.004], [-0.07, upper_line]])
    lower = np.array([[-corner[0], corner[1]], [-0.07, lower_line], [0.0, lower_line + 0.004], [0.07, lower_line], [corner[0], corner[1]], [0.08, lower_line + 0.040], [0.0, lower_line + 0.055], [-0.08, lower_line + 0.040]])
    if look.opening > 0.02:
        hole = np.array([[-corner[0] * 0.94, corner[1]], [0.0, upper_line - 0.004], [corner[0] * 0.94, corner[1]], [0.08, lower_line + 0.006], [0.0, lower_line + 0.012], [-0.08, lower_line + 0.006]])
        lay([smooth(hole)], Paint(("#3a1518",), edge=0.0), 1.0)
        lay([np.array([[-0.09, upper_line - 0.004], [0.09, upper_line - 0.004], [0.08, upper_line + 0.022 * look.opening], [-0.08, upper_line + 0.022 * look.opening]])], Paint(("#f7f2e6",)), 1.0)
    lay([smooth(lower)], Paint((lighter(face.lips, 0.08), face.lips)), 1.05)
    lay([smooth(upper)], Paint((face.lips, mix(face.lips, "#5a1f1f", 0.3))), 1.05)

    fringe = np.array([[-0.50, -0.10], [-0.47, -0.42], [-0.36, -0.62], [-0.1, -0.765], [0.1, -0.765], [0.36, -0.62], [0.48, -0.40], [0.50, -0.10], [0.41, -0.26], [0.30, -0.40], [0.06, -0.45], [-0.16, -0.40], [-0.36, -0.26]])
    lay([smooth(fringe)], Paint((lighter(face.hair, 0.08), face.hair, mix(face.hair, "#000000", 0.2)), 100.0), 0.6, lift=0.02)
    for x in (-0.30, -0.12, 0.08, 0.26):
        strand = np.array([[x, -0.66 + 0.3 * x * x], [x - 0.03, -0.54], [x - 0.09, -0.44]])
        lay([ribbon(smooth(strand, closed=False), 0.008)], Paint((lighter(face.hair, 0.14),), edge=0.0), 0.62)

    def place(x: float, y: float, depth: float) -> tuple[float, float]:
        point = at(np.array([x, y]), depth)
        return float(point[0]), float(point[1])

    handles = {
        "eye_left": place(-0.19, -0.08, 0.8), "eye_right": place(0.19, -0.08, 0.8),
        "mouth_left": place(-corner[0], corner[1], 1.05), "mouth_right": place(corner[0], corner[1], 1.05),
        "lip_top": place(0.0, 0.276, 1.05), "lip_bottom": place(0.0, lower_line + 0.055, 1.05), "chin": place(0.0, 0.50 + jaw, 0.5),
    }  # fmt: skip
    return np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8), handles


EXAMPLES = {
    "nora.jpg": (ToonFace(), ToonLook()),
    "sami.jpg": (ToonFace(skin="#9a6242", hair="#1f1a1c", eyes="#4a3424", lips="#8a4a45", shirt="#c4553a", wall=("#bfe0d2", "#5fa08f")), ToonLook(smile=0.6)),
}
"""Portraits that the studio shows as examples."""


def main() -> int:
    """Draw the example portraits into a folder: `python -m engine.world.toon FOLDER`."""
    import sys
    from pathlib import Path

    from engine.media.images import write_image

    for name, (face, look) in EXAMPLES.items():
        write_image(Path(sys.argv[1]) / name, draw_toon(face, look, side=768)[0], quality=90)
    return 0


def _inside(points: np.ndarray, lens_points: np.ndarray) -> np.ndarray:
    """The outline kept within the eye's upper and lower edge."""
    order = lens_points[np.argsort(lens_points[:, 0])]
    middle = order[:, 1].mean()
    up, low = order[order[:, 1] <= middle], order[order[:, 1] >= middle]
    out = move(points)
    out[:, 1] = np.clip(out[:, 1], np.interp(out[:, 0], up[:, 0], up[:, 1]), np.interp(out[:, 0], low[:, 0], low[:, 1]))
    return out


if __name__ == "__main__":
    raise SystemExit(main())
