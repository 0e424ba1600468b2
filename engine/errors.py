"""The errors a user can meet: each says what is wrong, why, and what to do. Nothing else is shown to a user."""

from __future__ import annotations

from typing import Any, ClassVar


class StudioError(Exception):
    """An error in plain words.

    `what` names the input and the fault, `why` the reason when it is not obvious, `fix` what to do next;
    `field` is the request field that caused it (dotted path), if one did.
    """

    kind: ClassVar[str] = "error"

    def __init__(self, what: str, *, why: str = "", fix: str = "", field: str | None = None) -> None:
        self.what, self.why, self.fix, self.field = what, why, fix, field
        super().__init__(self.line)

    @property
    def line(self) -> str:
        """The whole message on one line: `what (why): fix`."""
        text = self.what + (f" ({self.why})" if self.why else "") + (f": {self.fix}" if self.fix else "")
        return " ".join(text.split())

    def to_dict(self) -> dict[str, Any]:
        """JSON form, for the run store and other processes."""
        return {"kind": self.kind, "what": self.what, "why": self.why, "fix": self.fix, "field": self.field}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> StudioError:
        """The error again from `to_dict`; an unknown kind becomes a plain `StudioError`."""
        cls = next((c for c in _family() if c.kind == data.get("kind")), StudioError)
        return cls(data.get("what", "unknown error"), why=data.get("why", ""), fix=data.get("fix", ""), field=data.get("field"))


class InvalidInput(StudioError):
    """A request field has a value that cannot be used."""

    kind = "invalid-input"


class UnreadableMedia(StudioError):
    """A file could not be read as the picture, clip or sound it should be."""

    kind = "unreadable-media"


class LimitExceeded(StudioError):
    """A limit of `Settings` (pixels, seconds, bytes, disk) would be exceeded."""

    kind = "limit-exceeded"


class ModelUnavailable(StudioError):
    """A model's weights are not on this machine, or were refused."""

    kind = "model-unavailable"


class OutOfMemory(StudioError):
    """The machine's memory, or the model budget, is too small for the request."""

    kind = "out-of-memory"


class ProcessDied(StudioError):
    """The worker or a helper process ended in the middle of something."""

    kind = "process-died"


class Cancelled(Exception):
    """Raised by `run.checkpoint()` when the user pressed Stop. Not an error: what is finished is kept."""


def _family(cls: type[StudioError] = StudioError) -> list[type[StudioError]]:
    return [cls, *(sub for child in cls.__subclasses__() for sub in _family(child))]
