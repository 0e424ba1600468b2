"""Which of a clip's own moments each frame shows: once through, a loop whose end fades into its start, or there and back. Pure Python."""

from __future__ import annotations

from dataclasses import dataclass

FADE = 0.2
"""Part of a loop during which its end fades into its start."""


@dataclass(frozen=True)
class Timeline:
    """frames: how many the finished clip has; loop: none, loop or boomerang."""

    frames: int
    loop: str = "none"

    @property
    def needed(self) -> int:
        """How many frames of ordinary time must be made. A loop needs those of its fade twice; a boomerang only the way there."""
        match self.loop:
            case "loop":
                return self.frames + self._fade
            case "boomerang":
                return self.frames // 2 + 1
        return self.frames

    def shown(self, index: int) -> list[tuple[int, float]]:
        """What frame `index` shows: (frame of ordinary time, weight), one or two of them, weights summing to 1.

        A loop enters from beyond its end, so that frame 0 follows the last one as frame `frames` would.
        """
        if self.loop == "boomerang":
            return [(min(index, self.frames - index), 1.0)]
        if self.loop == "loop" and index < self._fade:
            share = index / self._fade
            return [(self.frames + index, 1.0 - share), (index, share)] if index else [(self.frames, 1.0)]
        return [(index, 1.0)]

    @property
    def _fade(self) -> int:
        return max(1, round(FADE * self.frames))
