"""On Spaces: the studio starts from a read-only folder as a CPU Space starts it, and ZeroGPU's card is asked for once a clip, for the right seconds, by the right visitor."""

from __future__ import annotations

import ast
import ctypes
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gradio_client import Client
from pydantic import Field

import engine.spaces as spaces_of
import engine.task as tasks
from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.errors import InvalidInput, StudioError
from engine.executors import InlineExecutor, WorkerExecutor, executor_for
from engine.parts import RunPart, make
from engine.residency import ModelPool
from engine.runs import PartRow, Run
from engine.settings import Settings
from engine.spaces import MARGIN, START, choices, wants_card
from engine.spaces_models import preload
from engine.store import Store
from engine.task import Request, Result, Task, get_task, media_field, parse_request
from engine.worker import on_processor
from engine.zero_executor import ZeroGpuExecutor
from studio.service import Studio
from tests.conftest import ROOT
from tests.engine.toy import Toy, ToyRequest

# ---- a CPU Space

DAC_OVERRIDE, DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24


def mortal() -> None:
    """In a child of root: permissions of files hold for it, too."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.fixture
def space(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A studio started as Spaces does it: its folder and its address."""
    code, home, here, temporary = (tmp_path / name for name in ("app", "home", "here", "tmp"))
    for folder in (home, here, temporary):
        folder.mkdir()
    for name in ("engine", "studio", "tabs"):
        shutil.copytree(ROOT / name, code / name)
    shutil.copy(ROOT / "app.py", code)
    (code / "assets").symlink_to(ROOT / "assets")
    closed = [code, home, here, *(path for path in code.rglob("*") if path.is_dir() and not path.is_symlink())]
    for folder in closed:
        folder.chmod(0o555)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "OMP_NUM_THREADS", "LD_LIBRARY_PATH") if name in os.environ}
    environment = {
        **kept, "SPACE_ID": "someone/kinora", "SYSTEM": "spaces", "SPACE_HOST": "someone-kinora.hf.space", "GRADIO_SERVER_NAME": "0.0.0.0", "HOME": str(home), "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1", "KINORA_PORT": "0", "KINORA_OFFLINE": "1",
    }  # fmt: skip
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, str(code / "app.py")], cwd=here, env=environment, stdout=out, stderr=out, preexec_fn=mortal, start_new_session=True)
    try:
        deadline = time.monotonic() + 90
        while "Kinora is at " not in (text := log.read_text()):
            assert process.poll() is None and time.monotonic() < deadline, text
            time.sleep(0.1)
        yield tmp_path, text.split("Kinora is at ")[1].split()[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        for folder in closed:
            folder.chmod(0o755)


def test_the_studio_starts_as_spaces_starts_it(space: tuple[Path, str]) -> None:
    folder, url = space
    assert b"Kinora" in urllib.request.urlopen(url, timeout=30).read()
    client = Client(url, verbose=False)
    run = client.predict("text-to-video", {"prompt": "a red boat on the sea", "seconds": 0.5, "width": 64, "height": 64, "model": "diorama"}, [], api_name="/submit")["run"]
    deadline = time.monotonic() + 90
    while (state := client.predict(run, api_name="/status"))["active"]:
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    assert state["state"] == "done", state["error"]
    files = client.predict(run, api_name="/result")["files"]
    clip = urllib.request.urlopen(url + files["result.mp4"], timeout=30).read()
    assert clip[4:8] == b"ftyp" and (folder / "tmp" / "kinora" / "results" / run / "result.mp4").read_bytes() == clip
    assert not list((folder / "home").iterdir()) and not list((folder / "here").iterdir()) and not (folder / "app" / "data").exists()


def test_every_file_is_the_grammar_of_python_3_11() -> None:
    """Spaces offers 3.10 and 3.12. 3.10 is out of reach: numpy 2.4 has no wheel for it, and `typing.Self` and `hashlib.file_digest` came with 3.11."""
    for path in [ROOT / "app.py", *(path for folder in ("engine", "studio", "tabs") for path in (ROOT / folder).rglob("*.py"))]:
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 11))


def test_system_packages_are_names_alone() -> None:
    lines = (ROOT / "packages.txt").read_text(encoding="ascii").splitlines()
    assert lines and all(line and line == line.strip() and all(sign.isalnum() or sign in "+-." for sign in line) for line in lines), "apt reads each line as a name: no comments"


# ---- ZeroGPU, with a package `spaces` of our own

visitor: ContextVar[str] = ContextVar("visitor", default="")


class Refusal(Exception):
    """An error as `spaces` raises it: Gradio's, with a title."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message)
        self.title, self.message = title, message


def crossed(value: Any) -> Any:
    """A value as it arrives in another process."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 (our own bytes of a moment ago)


class Fake:
    """`spaces` without a card: what is passed into a call, and what comes out of it, crosses by pickle, as to and from a forked process."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.refuse: Refusal | None = None
        self._here = threading.local()

    @property
    def inside(self) -> bool:
        """True in the thread of a call."""
        return getattr(self._here, "inside", False)

    def GPU(self, *, duration: Callable[..., int]) -> Callable[..., Any]:
        def decorated(function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
            def call(*args: Any) -> Iterator[Any]:
                self.calls.append({"seconds": duration(*args), "visitor": visitor.get(), "job": args[0]})
                if self.refuse is not None:
                    raise self.refuse
                self._here.inside = True
                try:
                    for value in function(*crossed(args)):
                        yield crossed(value)
                finally:
                    self._here.inside = False

            return call

        return decorated


class CardRequest(ToyRequest):
    """The toy by one of two models."""

    model: str = Field("plain", description="plain needs no card, big does.")


class PictureRequest(Request):
    """A request with a file."""

    picture: Path = media_field("image", "A picture.")


class CardToy(Toy):
    """The toy; it fails when its model needs a card and there is none."""

    id, title = "card-toy", "Card toy"
    request_type = CardRequest
    fake: Fake

    def run(self, request: Any, run: Any) -> Iterator[Any]:
        assert (request.model == "big") == self.fake.inside
        run.device = "cuda" if self.fake.inside else "cpu"
        yield from super().run(request, run)


class FilmRequest(Request):
    """A film of toys."""

    video_model: str = Field("big", description="Who draws.")
    scenes: int = Field(3, description="How many.")


class CardFilm(Task[FilmRequest]):
    """Makes its scenes, and its clip is the last."""

    id, version, title = "card-film", 1, "Film"
    request_type = FilmRequest

    def parts(self, request: FilmRequest) -> tuple[RunPart, ...]:
        return tuple(RunPart("card-toy", {"frames": 3, "seed": seed, "model": request.video_model}, f"Scene {seed + 1}") for seed in range(request.scenes))

    def run(self, request: FilmRequest, run: Any) -> Iterator[Any]:
        folder = None
        for part in self.parts(request):
            for event in make(part, run):
                if isinstance(event, Path):
                    folder = event
                else:
                    yield event
        assert folder is not None
        yield Result(Path(shutil.copy(folder / "result.mp4", run.directory / "result.mp4")))


TOY, FILM = CardToy(), CardFilm()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    found, module = Fake(), ModuleType("spaces")
    module.GPU = found.GPU  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spaces", module)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setenv("SPACE_ID", "someone/kinora")
    for name, task in (("card-toy", TOY), ("card-film", FILM)):
        holder = ModuleType(f"tests.{name}")
        holder.TASK = task  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, holder.__name__, holder)
        monkeypatch.setitem(tasks.TASK_MODULES, name, holder.__name__)
    monkeypatch.setitem(spaces_of.EMBEDDED, "card-toy", {"model": ("plain",)})
    monkeypatch.setitem(spaces_of.PARTED, "card-film", {"video_model": ("plain",)})
    CardToy.fake = found
    return found


@pytest.fixture
def zero(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZeroGpuExecutor]:
    """The executor of ZeroGPU, without its worker process: what waits for that stays in the queue."""
    executor = executor_for(Store(Settings.load(data_dir=tmp_path / "data")))
    assert isinstance(executor, ZeroGpuExecutor)
    monkeypatch.setattr(WorkerExecutor, "start", lambda self: None)
    executor.prepare()
    executor.start()
    yield executor
    executor.stop()


def submit(executor: ZeroGpuExecutor, task_id: str, who: str = "", **fields: Any) -> str:
    """As the event of a visitor submits it: in a context of its own."""
    task = get_task(task_id)
    request = parse_request(task, fields)
    rows = [PartRow(own.id, own.version, asked.model_dump(mode="json"), part.key, part.label, 1.0) for part in task.parts(request) for own, asked in [part.request()]]

    def event() -> str:
        visitor.set(who)
        run = executor.store.runs.submit(task.id, task.version, request.model_dump(mode="json"), owner=who, parts=rows)
        executor.wake(run.id)
        return run.id

    return copy_context().run(event)


def ended(executor: ZeroGpuExecutor, run_id: str) -> Run:
    deadline = time.monotonic() + 30
    while (run := executor.store.runs.get(run_id)).active:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return run


def test_the_executor_fits_the_place(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().executor == "inline" and Settings.load(executor="worker").executor == "worker"
    monkeypatch.delenv("SPACES_ZERO_GPU")
    assert Settings.load().executor == "worker", "a Space without a card"
    assert isinstance(executor_for(Store(Settings(data_dir=tmp_path / "a"))), WorkerExecutor)
    assert isinstance(executor_for(Store(Settings(data_dir=tmp_path / "b", executor="inline"))), InlineExecutor)


def test_one_call_a_clip_with_the_seconds_that_it_needs(zero: ZeroGpuExecutor, fake: Fake) -> None:
    assert zero._card is not None
    zero._card.rates.learn("card-toy/big", START + 200.0, 100.0)
    run = ended(zero, submit(zero, "card-toy", "ann", model="big", frames=20, seed=1))
    assert run.state == "done" and run.result is not None and run.result["meters"]
    assert [(call["seconds"], call["visitor"]) for call in fake.calls] == [(round((START + 20 * 2.0) * MARGIN), "ann")]
    assert '"device": "cuda"' in (zero.store.results / run.id / "run.json").read_text()
    assert {"stage", "note", "progress"} <= set(zero.store.runs.latest(run.id)), "events come out of the call"
    short = ended(zero, submit(zero, "card-toy", model="big", frames=1, seed=1))
    assert short.state == "done" and fake.calls[1]["seconds"] < fake.calls[0]["seconds"]
    rate = zero._card.rates.of("card-toy/big")
    assert rate is not None and rate < 1.0, "what the clips took was learnt"


def test_a_film_is_one_call_a_scene_for_the_visitor_who_asked(zero: ZeroGpuExecutor, fake: Fake) -> None:
    film = submit(zero, "card-film", "ben")
    other = submit(zero, "card-toy", "cleo", model="big", frames=2, seed=9)
    assert ended(zero, film).state == "done" and ended(zero, other).state == "done"
    assert sorted((call["visitor"], call["job"].fields["seed"]) for call in fake.calls) == [("ben", 0), ("ben", 1), ("ben", 2), ("cleo", 9)]


def test_scenes_that_were_not_made_ahead_are_calls_of_their_own_too(zero: ZeroGpuExecutor, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    run = zero.store.runs.submit("card-film", 1, {"video_model": "big", "scenes": 2})
    zero.wake(run.id)
    assert ended(zero, run.id).state == "done" and len(fake.calls) == 2


def test_what_needs_no_card_never_asks_for_one(zero: ZeroGpuExecutor, fake: Fake) -> None:
    plain = submit(zero, "card-toy", frames=2)
    film = submit(zero, "card-film", video_model="plain", scenes=1)
    assert ended(zero, submit(zero, "card-toy", model="big", frames=1)).state == "done"
    left = [zero.store.runs.get(plain), *zero.store.runs.parts(film), zero.store.runs.get(film)]
    assert [run.state for run in left] == ["queued"] * 3 and all(on_processor(run) for run in left), "they are the worker's"
    assert len(fake.calls) == 1


def test_choices_of_the_real_tasks() -> None:
    for name, rules in (*spaces_of.EMBEDDED.items(), *spaces_of.PARTED.items()):
        if name in ("card-toy", "card-film"):
            continue
        fields = get_task(name).request_type.model_fields
        for field in rules:
            assert field in fields and not wants_card(name, {field: fields[field].default}), "every tab opens without a card"
    assert choices("text-to-video", {"model": "local"}) == [("model", "local", ("diorama", "pocket"))]
    assert wants_card("movie", {"video_model": "local"}) and not wants_card("stroke-motion", {"method": "auto"})


@pytest.mark.parametrize(
    ("title", "message", "says", "fix"),
    [
        ("ZeroGPU quota exceeded", "You have exceeded your free ZeroGPU quota (60s requested vs. 12s left). Try again in 3:14:00. ", "quota", "come back later"),
        ("ZeroGPU quota exceeded", "Space app has reached its GPU limit. Try re-running outside of examples", "quota", "sign in"),
        ("ZeroGPU illegal duration", "The requested GPU duration (300s) is larger than the maximum allowed", "more than is allowed", "shorter"),
        ("ZeroGPU queue timeout", 'No GPU was available after 60s. <a href="https://example.org">Subscribe</a>', "no graphics card was free", "try again"),
        ("ZeroGPU worker error", "GPU task aborted", "taken away", "shorter"),
        ("ZeroGPU client error", "Expired ZeroGPU proxy token", "too old", "reload"),
    ],
)
def test_refusals_say_what_works_instead(zero: ZeroGpuExecutor, fake: Fake, title: str, message: str, says: str, fix: str) -> None:
    fake.refuse = Refusal(title, message)
    failed = ended(zero, submit(zero, "card-toy", model="big", frames=2))
    assert failed.state == "failed" and failed.error is not None
    line = StudioError.from_dict(failed.error).line
    assert says in line and fix in line and "choose model plain, which needs no graphics card" in line and "<" not in line and failed.error["field"] == "model"
    fake.refuse = None
    assert zero._card is not None and (zero._card.rates.of("card-toy/big") is not None) == ("aborted" in message), "who was cut off asks for more next time"
    assert ended(zero, submit(zero, "card-toy", model="big", frames=1)).state == "done"


def test_faults_and_stop_cross_the_border(zero: ZeroGpuExecutor, fake: Fake) -> None:
    failed = ended(zero, submit(zero, "card-toy", model="big", fail="input"))
    assert failed.error == InvalidInput("frames=3 is odd", fix="take 4", field="frames").to_dict()
    assert (ended(zero, submit(zero, "card-toy", model="big", fail="memory")).error or {})["kind"] == "out-of-memory"
    long = submit(zero, "card-toy", model="big", frames=10_000, pause=0.005)
    while "progress" not in zero.store.runs.latest(long):
        time.sleep(0.01)
    zero.store.runs.cancel(long)
    stopped = ended(zero, long)
    assert stopped.state == "cancelled" and stopped.result is not None and stopped.result["partial"]


def test_what_cannot_fit_is_refused_before_the_quota_is_spent(zero: ZeroGpuExecutor, fake: Fake) -> None:
    assert zero._card is not None
    zero._card.rates.learn("card-toy/big", START + 100.0, 100.0)
    failed = ended(zero, submit(zero, "card-toy", model="big", frames=500))
    assert failed.state == "failed" and "510 s" in (failed.error or {})["what"] and "choose model plain" in (failed.error or {})["fix"]
    assert fake.calls == []


def test_models_lie_in_the_pool_before_the_page_is_served(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    here, broken = "wan-2-1-t2v-1-3b", "mochi-1"

    def fill(card: Card, pool: ModelPool, settings: Settings) -> None:
        if card.id == broken:
            raise OSError("no such file")
        with pool.lease(card.id, lambda progress: bytearray(8), expected=8):
            pass

    monkeypatch.setattr("engine.spaces_models._fill", fill)
    monkeypatch.setattr(ModelFiles, "present", lambda self, card: card.id in (here, broken))
    pool = ModelPool(1000)
    assert preload(pool, settings) == [here]
    assert [model["key"] for model in pool.stats()["models"]] == [here]


def test_without_the_package_there_is_one_line(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executor = executor_for(Store(Settings.load(data_dir=tmp_path / "data")))
    monkeypatch.setitem(sys.modules, "spaces", None)
    with pytest.raises(InvalidInput, match="pip install spaces"):
        executor.prepare()


def test_the_end_of_the_worker_is_not_the_end_of_a_call(zero: ZeroGpuExecutor) -> None:
    runs = zero.store.runs
    plain, call = submit(zero, "card-toy", frames=1), submit(zero, "card-toy", model="big", frames=10_000, pause=0.005)
    while "progress" not in runs.latest(call):
        time.sleep(0.01)
    assert runs.claim(on_processor) is not None
    died = subprocess.Popen([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    died.wait()
    zero._rest._bury(died)  # type: ignore[arg-type]
    assert (runs.get(plain).state, runs.get(call).state) == ("failed", "running")
    runs.cancel(call)
    assert ended(zero, call).state == "cancelled"


def test_what_visitors_see_of_each_other_is_nothing(settings: Settings, tmp_path: Path) -> None:
    studio = Studio(settings.model_copy(update={"shared": True}))
    try:
        runs = [studio.store.runs.submit("toy", 1, {"frames": number}, owner=owner, names={"frames": f"{owner}.jpg"}).id for number, owner in enumerate(("ann", "ben"), 1)]
        studio.store.runs.claim()
        stats = {"run": runs[0], "alive": True, "pool": {"models": []}}
        studio.executor.stats = lambda: stats  # type: ignore[method-assign]
        told = json.dumps(studio.engine())
        assert not any(run in told for run in runs), "knowing a run's id is the right to see it"
        assert studio.engine()["worker"]["run"] is True
        kept = studio.store.keep_bytes(b"a picture", ".jpg")
        studio.store.runs.submit("toy", 1, {"picture": str(kept)}, owner="ann", names={"picture": "ann's party.jpg"})
        found = {who: studio.names_of(PictureRequest(picture=kept), {"picture": str(kept)}, who)["picture"] for who in ("ann", "ben")}
        assert found == {"ann": "ann's party.jpg", "ben": kept.name}, "the same picture may have another's name"
    finally:
        studio.helper.stop()
