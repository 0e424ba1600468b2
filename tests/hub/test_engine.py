"""What surrounds a large model's call: whether it fits, where it lies, step caches, LoRA, drafts that are finished, texts and previews. On tiny copies of real classes."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
import torch

from engine.catalog import get_card, weights
from engine.context import RunContext
from engine.diffusion.parts import load_parts
from engine.errors import Cancelled, InvalidInput, ModelUnavailable, OutOfMemory
from engine.hub import looks, path
from engine.hub.adapters import wanted
from engine.hub.components import components_of, load_small
from engine.hub.fit import Fit, Learnt, Machine, Needs, choose
from engine.hub.pipeline import Wish, arguments, frames_of, ready
from engine.hub.placing import place
from engine.hub.session import Extras, opened
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Note, Result, get_task, parse_request
from engine.tasks.text_to_video import hub
from engine.tasks.text_to_video.pocket.models import HOME
from engine.tasks.text_to_video.takes import make_all
from tests.hub.placed import placed
from tests.hub.tiny import wan as tiny

CARD = get_card("wan-2-1-t2v-1-3b")
SIZE, FRAMES = (48, 32), 5
WISH = Wish("a red boat", "grey", SIZE, FRAMES, 3, 6, 5.0)
LARGE = Needs({"text_encoder": 11_000, "transformer": 28_000, "transformer_2": 28_000, "vae": 500}, 7_000, {"float8": {"transformer": 15_400, "transformer_2": 15_400}})


STILLS = looks.stills


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub")
    folder = root / "data/models" / CARD.id
    tiny.wan_t2v(folder)
    patch = pytest.MonkeyPatch()
    # Stills of the diorama take seconds; what they are used for is tested on its own.
    patch.setattr(looks, "stills", lambda *given: STILLS(*given) if given else np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8))
    yield Settings(data_dir=root / "data", device="cpu")
    patch.undo()


@pytest.fixture(scope="module")
def pool():
    return ModelPool(2**30)


@pytest.fixture
def folder(settings):
    return settings.data_dir / "models" / CARD.id


def context(settings, tmp_path, pool=None, **more):
    return RunContext("0" * 32, tmp_path, settings, 3, pool=pool, preview_every=0.0, **more)


def drawn(settings, tmp_path, pool=None, extras=Extras(), wish=WISH):
    folder = settings.data_dir / "models" / CARD.id
    with opened(CARD, folder, context(settings, tmp_path, pool), image=False, size=SIZE, frames=FRAMES, extras=extras) as session:
        steps = list(session.steps(wish))
        return session.frames(), session, steps


def bare(folder, pool, wish=WISH):
    with ready(folder, CARD.drawing, CARD.title, pool, {"": torch.float32}, image=False) as pipeline:
        return frames_of(pipeline(**arguments(pipeline, CARD.drawing, wish)))


@pytest.mark.parametrize(
    ("card_mib", "ram_mib", "mode", "weights"),
    [(84_000, 128_000, "resident", "whole"), (80_000, 128_000, "resident", "whole"), (40_000, 128_000, "model offload", "whole"), (28_000, 128_000, "model offload", "float8"),
     (26_000, 62_000, "model offload", "float8"), (12_000, 128_000, "group offload", "whole"), (12_000, 64_000, "group offload", "float8")],
)  # fmt: skip
def test_the_quickest_way_that_fits_is_chosen(card_mib, ram_mib, mode, weights):
    fit = choose(LARGE, Machine("cuda", card_mib, ram_mib), "it")
    assert (fit.mode, fit.weights) == (mode, weights)
    assert fit.card_mib <= 0.9 * card_mib and fit.ram_mib <= 0.9 * ram_mib


def test_what_cannot_fit_is_refused_before_anything_is_loaded():
    with pytest.raises(OutOfMemory, match=r"about \d+% as large"):
        choose(replace(LARGE, activations=20_000), Machine("cuda", 16_000, 128_000), "it")
    with pytest.raises(OutOfMemory, match="GB of memory"):
        choose(LARGE, Machine("cpu", 0, 24_000), "it")
    with pytest.raises(OutOfMemory, match="no graphics card"):
        choose(LARGE, Machine("cpu", 0, 240_000), "it", "group offload")
    assert choose(LARGE, Machine("cpu", 0, 240_000), "it").mode == "processor"


def test_the_estimate_learns_from_what_was_used(tmp_path):
    learnt = Learnt(tmp_path)
    assert learnt.activations("a", 10, 5000) == 5000
    for used in (800, 1000, 1200):
        learnt.note("a", 10, used)
    assert learnt.activations("a", 20, 5000) == 2000 and learnt.activations("b", 20, 5000) == 5000
    learnt.path.write_text("{broken", encoding="utf-8")
    assert learnt.activations("a", 20, 5000) == 5000


def test_offloaded_nets_give_the_same_frames_and_change_places(settings, folder, pool):
    resident = bare(folder, pool)
    seen = []
    for fit in (Fit("group offload"), Fit("model offload"), Fit("processor"), Fit("group offload"), Fit("resident")):
        with ready(folder, CARD.drawing, CARD.title, pool, {"": torch.float32}, image=False) as pipeline:
            place(pipeline, fit, torch.device("cpu", 0) if fit.mode == "model offload" else torch.device("cpu"))
            hooks = [hasattr(pipeline.transformer, "_hf_hook"), any("group_offloading" in part._diffusers_hook.hooks for part in pipeline.transformer.modules() if hasattr(part, "_diffusers_hook"))]
            seen.append(hooks)
            # A sum's order follows where numbers lie in memory: a rounding may differ.
            assert np.abs(frames_of(pipeline(**arguments(pipeline, CARD.drawing, WISH))).astype(int) - resident).max() <= 1, fit.mode
    assert seen == [[False, True], [True, False], [False, False], [False, True], [False, False]]


def test_eight_bit_weights_halve_a_denoiser_and_stay_near(settings, folder):
    pool = ModelPool(2**30)
    with ready(folder, CARD.drawing, CARD.title, pool, {"": torch.bfloat16, "vae": torch.float32}, image=False, weights="float8") as pipeline:
        kept = {weight.dtype for weight in pipeline.transformer.parameters()}
        frames = frames_of(pipeline(**arguments(pipeline, CARD.drawing, WISH)))
    assert torch.float8_e4m3fn in kept
    assert 0 < np.abs(frames.astype(float) - bare(folder, None)).mean() < 40  # of noise of another seed: about 80
    assert [one["key"].endswith(":float8") for one in pool.stats()["models"] if "Transformer" in one["key"]] == [True]


def test_a_step_cache_leaves_blocks_out_and_is_taken_off_again(settings, folder, tmp_path, pool):
    whole, _, _ = drawn(settings, tmp_path, pool)
    counts = {}
    for level in ("off", "safe", "fast"):
        with opened(CARD, folder, context(settings, tmp_path, pool), image=False, size=SIZE, frames=FRAMES, extras=Extras(level)) as session:
            last = session.pipeline.transformer.blocks[-1]
            calls = []
            handle = last.attn1.register_forward_hook(lambda *given, calls=calls: calls.append(1))
            list(session.steps(replace(WISH, steps=20)))
            handle.remove()
            counts[level] = len(calls)
    assert counts["off"] == 40 > counts["safe"] >= counts["fast"]  # two evaluations a step
    assert counts["fast"] < 36 and session.told["step_cache_method"] == "first-block"
    assert np.array_equal(drawn(settings, tmp_path, pool)[0], whole)


@pytest.fixture(scope="module")
def loras(settings):
    """Two adapters of the tiny transformer and one of another family."""
    from diffusers import WanPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    shelf = settings.data_dir / "loras"
    for seed, name in enumerate(("paper-cut", "smoke 2")):
        net = tiny.wan_net()
        net.add_adapter(LoraConfig(r=2, lora_alpha=4, target_modules=["to_q", "to_v"]))
        generator = torch.Generator().manual_seed(seed)
        state = {key: torch.randn(weight.shape, generator=generator) for key, weight in get_peft_model_state_dict(net).items()}
        WanPipeline.save_lora_weights(shelf, transformer_lora_layers=state, weight_name=f"{name}.safetensors")
    (shelf / "pickle.safetensors").write_bytes(b"\x80\x04" + b"x" * 200)
    return shelf


def test_loras_change_the_picture_by_their_strength_and_leave_no_trace(settings, loras, tmp_path, pool):
    plain, _, _ = drawn(settings, tmp_path, pool)
    change = {}
    for text in ("paper-cut 0", "paper-cut 0.3", "paper-cut", "paper-cut 1, smoke 2 -0.5"):
        frames, session, _ = drawn(settings, tmp_path, pool, Extras(adapters=tuple(wanted(text, settings))))
        change[text] = float(np.abs(frames.astype(float) - plain).mean())
    assert change["paper-cut 0"] < 0.02 < change["paper-cut 0.3"] < change["paper-cut"]
    assert session.told["loras"] == {"paper-cut": 1.0, "smoke 2": -0.5}
    assert np.array_equal(drawn(settings, tmp_path, pool)[0], plain)


@pytest.mark.parametrize("fit", [Fit("model offload", "float8"), Fit("group offload", "float8")], ids=lambda fit: fit.mode)
def test_a_run_with_a_lora_is_placed_after_it_was_put_on(settings, loras, tmp_path, pool, fit):
    with placed(fit):
        plain, worn, again = (drawn(settings, tmp_path, pool, Extras(adapters=tuple(wanted(text, settings))))[0].astype(float) for text in ("", "paper-cut", "paper-cut"))
    assert np.array_equal(worn, again) and np.abs(worn - plain).mean() > 1


@pytest.mark.parametrize(("text", "says"), [("no-such", "no LoRA named"), ("paper-cut 9", "strength"), ("../x", "no LoRA named"), ("smoke 2, smoke 2", "twice")])
def test_loras_that_cannot_be_are_refused(settings, loras, text, says):
    with pytest.raises(InvalidInput, match=says):
        wanted(text, settings)


def test_a_lora_that_is_a_pickle_is_refused(settings, loras, tmp_path, pool):
    with pytest.raises(ModelUnavailable, match="pickle"):
        drawn(settings, tmp_path, pool, Extras(adapters=tuple(wanted("pickle", settings))))


def euler(folder, tmp_path):
    """The same model with a sampler that does not look back."""
    import shutil

    from diffusers import FlowMatchEulerDiscreteScheduler

    other = tmp_path / "euler"
    shutil.copytree(folder, other)
    FlowMatchEulerDiscreteScheduler(shift=3.0).save_pretrained(other / "scheduler")
    index = (other / "model_index.json").read_text(encoding="utf-8")
    (other / "model_index.json").write_text(index.replace("UniPCMultistepScheduler", "FlowMatchEulerDiscreteScheduler"), encoding="utf-8")
    return other


def test_a_draft_that_is_finished_is_the_clip_made_at_once(settings, folder, tmp_path):
    place = euler(folder, tmp_path)
    card = CARD.model_copy(update={"drawing": CARD.drawing.model_copy(update={"width": 48, "height": 32, "scheduler": {}})})
    task = get_task("text-to-video")

    def run(name, **fields):
        request = parse_request(task, {"prompt": "a boat", "model": CARD.id, "seconds": 0.5, "fps": 16, "width": 96, "height": 64, "steps": 5, **fields})
        out = tmp_path / name
        out.mkdir()
        events = list(hub.draw(request, context(settings, out, results=lambda run_id: tmp_path / "draft"), 3, "result", card, place))
        return events[-1]

    whole, draft = run("whole"), run("draft", draft=True)
    assert "draft" in draft.artifacts and "draft" not in whole.artifacts
    (tmp_path / "draft/run.json").write_text('{"result": {"details": {"takes": [{"draft_file": "result-draft.safetensors"}]}}}', encoding="utf-8")
    finished = run("finished", continue_run="a" * 32)
    assert finished.clip.read_bytes() == whole.clip.read_bytes() != draft.clip.read_bytes()
    with pytest.raises(InvalidInput, match="steps=5"):
        run("other", continue_run="a" * 32, steps=6)


def test_clean_latents_are_where_two_steps_point_to():
    generator = torch.Generator().manual_seed(0)
    x0, noise = (torch.randn(4, 4, generator=generator) for _ in range(2))
    for here, there in (((0.2, 0.8), (0.5, 0.5)), ((0.6, 0.8), (0.8, 0.6)), ((1.0, 14.6), (1.0, 3.0)), ((0.5, 0.5), (1.0, 0.0))):
        before, after = (a * x0 + s * noise for a, s in (here, there))
        assert torch.allclose(path.clean(before, after, here, there), x0, atol=1e-5)


@pytest.mark.parametrize("name", ["FlowMatchEulerDiscreteScheduler", "UniPCMultistepScheduler", "DDIMScheduler", "EulerDiscreteScheduler"])
def test_levels_are_those_that_a_scheduler_walks(name):
    import diffusers

    options = {"UniPCMultistepScheduler": {"prediction_type": "flow_prediction", "use_flow_sigmas": True}, "EulerDiscreteScheduler": {"prediction_type": "epsilon"}}.get(name, {})
    scheduler = getattr(diffusers, name)(**options)
    scheduler.set_timesteps(8)
    way = path.levels(scheduler)
    # One true step from x = a * x0 + s * noise, with a model that knows the answer, lands on the next level.
    x0, noise = torch.full((1, 4, 4, 4), 0.7), torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(1))
    (a, s), (a1, s1) = way[0], way[1]
    flow = "Flow" in name or "flow_prediction" in options.values()
    before = a * x0 + s * noise
    if name == "EulerDiscreteScheduler":
        scheduler.scale_model_input(before, scheduler.timesteps[0])
    after = scheduler.step(noise - x0 if flow else noise, scheduler.timesteps[0], before, return_dict=False)[0]
    assert len(way) == 9 and torch.allclose(after, a1 * x0 + s1 * noise, atol=2e-3 * max(1.0, s))


def test_previews_look_like_the_picture():
    """On a VAE that was trained: the pocket model's."""
    vae = load_small_vae()
    seen = looks.measure(vae, looks.stills(6, 128))
    still = looks.stills(8, 128)[7]
    with torch.no_grad():
        raw = vae.encode(torch.from_numpy(still.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None].to(vae.dtype)).latents
    look = seen(looks.normalised(vae, raw).float().numpy())[0]
    import cv2

    small = cv2.resize(still, look.shape[1::-1], interpolation=cv2.INTER_AREA)
    error, flat = (float(np.abs(small.astype(float) - other).mean()) for other in (look, small.mean((0, 1))))
    assert seen.fit > 0.8 and error < 0.45 * flat


def load_small_vae():
    return load_parts(HOME / "pocket-sd").vae.float()


def test_a_text_is_encoded_once(settings, folder, tmp_path):
    pool, calls = ModelPool(2**30), []
    first, _, _ = drawn(settings, tmp_path, pool)
    with ready(folder, CARD.drawing, CARD.title, pool, {"": torch.float32}, image=False) as pipeline:
        handle = pipeline.text_encoder.encoder.block[0].register_forward_hook(lambda *given: calls.append(1))
    assert np.array_equal(drawn(settings, tmp_path, pool)[0], first) and not calls
    drawn(settings, tmp_path, pool, wish=replace(WISH, prompt="a blue boat"))
    assert len(calls) == 1
    handle.remove()


def test_a_run_tells_its_placing_and_stops_with_what_it_has(settings, tmp_path, pool, monkeypatch):
    monkeypatch.setitem(hub.LARGE, CARD.id, CARD.model_copy(update={"drawing": CARD.drawing.model_copy(update={"width": 48, "height": 32})}))
    request = parse_request(get_task("text-to-video"), {"prompt": "a boat", "model": CARD.id, "seconds": 0.5, "width": 64, "height": 64, "steps": 6})
    asked = []
    run = context(settings, tmp_path, pool, cancelled=lambda: len(asked) > 2)
    events = []
    with pytest.raises(Cancelled):
        for event in make_all(request, run):
            events.append(event)
            if type(event).__name__ == "Progress" and event.stage == "denoising":
                asked.append(event)
    result = events[-1]
    assert isinstance(result, Result) and result.partial and result.clip.stat().st_size > 1000
    assert 3 <= len(asked) < 6 and any("on the processor" in event.text for event in events if isinstance(event, Note))


def test_models_that_are_not_here_say_what_they_are(tmp_path):
    request = parse_request(get_task("text-to-video"), {"prompt": "a boat", "model": CARD.id})
    with pytest.raises(ModelUnavailable, match="Apache-2.0"):
        list(make_all(request, context(Settings(data_dir=tmp_path), tmp_path)))


def test_no_code_of_a_model_folder_runs(folder, tmp_path):
    import json
    import shutil

    evil = tmp_path / "evil"
    shutil.copytree(folder, evil)
    told = json.loads((evil / "model_index.json").read_text(encoding="utf-8"))
    for library, kind in (("os", "system"), ("diffusers", "logging"), ("evil", "Thing"), ("diffusers.utils", "x"), ("transformers", "pipeline")):
        (evil / "model_index.json").write_text(json.dumps({**told, "scheduler": [library, kind]}), encoding="utf-8")
        with pytest.raises(ModelUnavailable):
            load_small(next(part for part in components_of(evil) if part.name == "scheduler"))
    (evil / "model_index.json").write_text(json.dumps({**told, "../../x": ["diffusers", "AutoencoderKL"]}), encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="outside"):
        components_of(evil)


def test_a_folder_of_ones_own_is_drawn_by_the_rules_of_its_kin(folder, tmp_path, monkeypatch):
    import shutil

    from engine.catalog import own

    shutil.copytree(folder, tmp_path / "data/checkpoints/mine")
    monkeypatch.setattr(own, "CARDS", tuple(card.model_copy(update={"drawing": card.drawing.model_copy(update={"width": 48, "height": 32})}) for card in own.CARDS))
    settings = Settings(data_dir=tmp_path / "data", device="cpu")
    assert own.own_models(settings)["mine"].card.id == CARD.id  # the smallest of those that this pipeline's class has
    for name in ("mine", ""):
        request = parse_request(get_task("text-to-video"), {"prompt": "a boat", "model": "local", "checkpoint": name, "seconds": 0.5, "width": 64, "height": 64, "steps": 2})
        out = tmp_path / f"out{name}"
        out.mkdir()
        result = list(make_all(request, context(settings, out)))[-1]
        assert isinstance(result, Result) and result.details["pipeline"] == "WanPipeline"


def test_a_long_step_shows_signs_of_life_after_stop_and_is_waited_for(settings, folder, tmp_path, pool, monkeypatch):
    import time

    from engine.executors import STOP_GRACE, STOP_LONGEST, stuck
    from engine.hub import watching
    from engine.store import Store

    monkeypatch.setattr(watching, "BEAT", 0.05)
    told = []
    run = context(settings, tmp_path, pool, cancelled=lambda: bool(told))
    with opened(CARD, folder, run, image=False, size=SIZE, frames=FRAMES) as session:
        handle = session.pipeline.transformer.register_forward_pre_hook(lambda *given: time.sleep(0.3) if told else None)
        for done, _ in session.steps(WISH):
            told.append(done)
        handle.remove()
    assert told[0] == 1 and told[-1] == 2 and told.count(1) > 3 and session.stopped

    store = Store(Settings(data_dir=tmp_path / "store"))
    made = store.runs.submit("text-to-video", 1, {"prompt": "x"})
    assert not stuck(store, made.id, STOP_GRACE - 1) and not stuck(store, made.id, STOP_GRACE + 1)  # it was queued this moment
    store.runs._db.execute("UPDATE events SET time=time-100")
    assert stuck(store, made.id, STOP_GRACE + 1)
    store.runs.append(made.id, "progress", {"stage": "denoising", "done": 1, "total": 6})
    assert not stuck(store, made.id, STOP_GRACE + 1) and stuck(store, made.id, STOP_LONGEST + 1)


def test_a_single_file_stands_for_the_net_of_a_model_that_is_here(tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    from engine.catalog import own
    from engine.hub.components import Swapped, leased
    from tests.hub.tiny import MAKERS

    shelf = tmp_path / "data/checkpoints"
    MAKERS["ltx-video-2b"](shelf / "base")
    own_file = next((shelf / "base/transformer").glob("*.safetensors"))
    weights = {name: weight * 1.5 if weight.ndim > 1 else weight for name, weight in load_file(own_file).items()}
    # As its authors name them, in the way of other studios.
    swaps = (("proj_in", "patchify_proj"), ("time_embed", "adaln_single"), ("norm_q", "q_norm"), ("norm_k", "k_norm"))
    named = {}
    for name, weight in weights.items():
        for ours, theirs in swaps:
            name = name.replace(ours, theirs)
        named["model.diffusion_model." + name] = weight
    save_file({**named, "vae.decoder.x": torch.zeros(4)}, shelf / "tuned.safetensors")
    save_file({"a": torch.zeros(10)}, shelf / "other.safetensors")
    shutil.copy(own_file, shelf / "plain.safetensors")
    settings = Settings(data_dir=tmp_path / "data", device="cpu")
    found = own.own_models(settings)
    assert set(found) == {"base", "tuned", "plain"} and isinstance(found["tuned"].place, Swapped)
    with leased(found["tuned"].place, None, {"": torch.float32}, wanted=frozenset({"transformer"})) as parts:
        assert all(torch.equal(weight, weights[name]) for name, weight in parts["transformer"].state_dict().items())
    with leased(found["plain"].place, None, {"": torch.float32}, wanted=frozenset({"transformer"})) as parts:
        assert all(torch.equal(weight, load_file(own_file)[name]) for name, weight in parts["transformer"].state_dict().items())
    broken = dict(list(named.items())[:-2])
    save_file({**broken, "model.diffusion_model.more": torch.zeros(2)}, shelf / "tuned.safetensors")
    with pytest.raises(ModelUnavailable), leased(Swapped(shelf / "base", "transformer", shelf / "tuned.safetensors"), None, {"": torch.float32}, wanted=frozenset({"transformer"})):
        pass


def test_a_model_that_is_unsound_is_told_before_the_run(tmp_path):
    tiny.wan_t2v(tmp_path / "models" / CARD.id)
    task, settings = get_task("text-to-video"), Settings(data_dir=tmp_path, device="cpu")
    request = parse_request(task, {"prompt": "a boat", "model": CARD.id})
    assert task.forecast(request, settings).able
    next((tmp_path / "models" / CARD.id / "vae").glob("*.safetensors")).write_bytes(b"PK\x03\x04" + b"x" * 200)
    told = task.forecast(request, settings)
    assert not told.able and "zip" in told.line


def test_headers_are_read_once_until_a_file_changes(tmp_path):
    from safetensors.torch import save_file

    from engine.hub import components

    file, read = tmp_path / "weights.safetensors", []
    with patch("engine.catalog.weights.inspect", lambda path, own=weights.inspect: (read.append(path), own(path))[1]):
        for side in (2, 3):
            save_file({"a": torch.zeros(side, 4)}, file)
            assert [components.shapes((file,)) for _ in range(3)] == [[("a", (side, 4))]] * 3
        assert len(read) == 2
        file.write_bytes(file.read_bytes()[:-1])
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                components.shapes((file,))
        assert len(read) == 4
