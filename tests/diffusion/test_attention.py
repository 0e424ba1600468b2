"""Frames look at the frames that the mode says, in the layers that were asked for, and nothing stays behind."""

from __future__ import annotations

import pytest
import torch
from diffusers import ControlNetModel

from engine.diffusion.attention import SEEN, CrossFrame, cross_frame, frames_in_batch, layers_of, seen
from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, Hooks, denoise, finish
from engine.diffusion.windows import Windows
from engine.errors import InvalidInput
from tests.diffusion import toy

FRAMES = 4
CLIPS = toy.noise(2 * FRAMES, 4, 8, 8)
TEXT = toy.states().expand(2 * FRAMES, -1, -1)


def out(given: torch.Tensor = CLIPS, mode: str | None = None, **more) -> torch.Tensor:
    unet = toy.parts().unet
    if mode is None:
        return unet(given, 500, TEXT[: len(given)]).sample
    with cross_frame(unet, mode=mode, **{"frames": FRAMES, **more}):
        return unet(given, 500, TEXT[: len(given)]).sample


def test_seeing_oneself_alone_is_the_stock_attention():
    assert (out(mode="self") - out()).abs().max() < 1e-4  # first+prev: see below
    for mode in [*SEEN, "first+prev", "self+mid"]:
        assert (out(CLIPS[:2], mode, frames=1) - out(CLIPS[:2])).abs().max() < 1e-4
    assert (out(mode="first+prev") - out()).abs().max() > 0.01


def test_identical_frames_see_nothing_new():
    same = CLIPS[:1].expand(2 * FRAMES, -1, -1, -1)
    for mode in ("full", "first+prev", "anchor"):
        assert (out(same, mode) - out(same)).abs().max() < 1e-3


@pytest.mark.parametrize(("mode", "rows"), [
    ("first", [[0], [0], [0], [0]]), ("prev", [[0], [0], [1], [2]]), ("first+prev", [[0, 0], [0, 0], [0, 1], [0, 2]]), ("mid", [[2], [2], [2], [2]]),
    ("full", [[0, 1, 2, 3]] * 4), ("anchor", [[2, 1], [2, 2], [2, 2], [2, 2]]), ("self+last", [[0, 3], [1, 3], [2, 3], [3, 3]]),
])  # fmt: skip
def test_each_frame_depends_on_the_frames_of_its_row_and_on_no_other_clip(mode, rows):
    assert seen(mode, FRAMES) == tuple(map(tuple, rows))
    base = out(mode=mode)
    for changed in range(FRAMES):
        other = CLIPS.clone()
        other[changed] += 1.0
        moved = [bool((a - b).abs().max() > 1e-3) for a, b in zip(out(other, mode), base, strict=True)]
        direct = {frame for frame in range(FRAMES) if changed in rows[frame] or changed == frame}
        # Several layers carry a change on from frame to frame; what no path reaches stays, and so does the other clip.
        reached = direct
        for _ in range(FRAMES):
            reached = reached | {frame for frame in range(FRAMES) if reached & set(rows[frame])}
        assert {k for k in range(FRAMES) if moved[k]} == reached and not any(moved[FRAMES:])


def test_the_rows_are_what_a_plain_attention_over_them_gives():
    name = layers_of(toy.parts().unet)[0]
    attn = toy.parts().unet.get_submodule(name.removesuffix(".processor"))
    hidden = toy.noise(FRAMES, 5, 32)
    for mode in ("first+prev", "full", "anchor"):
        found = CrossFrame(mode, FRAMES)(attn, hidden)
        wanted = torch.cat([attn(hidden[f : f + 1], torch.cat([hidden[k] for k in seen(mode, FRAMES)[f]])[None]) for f in range(FRAMES)])
        assert (found - wanted).abs().max() < 1e-4


def test_it_is_taken_away_again_and_by_layer():
    unet = toy.parts().unet
    before = dict(unet.attn_processors)
    with pytest.raises(RuntimeError), cross_frame(unet, mode="first", layers=lambda name: name.startswith("mid")):
        changed = [name for name, own in unet.attn_processors.items() if isinstance(own, CrossFrame)]
        assert changed and all(name.startswith("mid") and name.endswith("attn1.processor") for name in changed)
        raise RuntimeError
    assert all(unet.attn_processors[name] is own for name, own in before.items())
    with pytest.raises(InvalidInput, match="first, prev"), cross_frame(unet, mode="second"):
        pass
    assert all(unet.attn_processors[name] is own for name, own in before.items())
    with pytest.raises(ValueError, match="does not fit"), cross_frame(unet, mode="first", frames=3):
        unet(CLIPS[:2], 1, TEXT[:2])
    with pytest.raises(ValueError, match="does not fit"), cross_frame(unet, mode="first"):
        unet(CLIPS[:2], 1, TEXT[:2])


def test_control_nets_attend_too_and_the_loop_says_how_many_frames():
    unet = toy.parts().unet
    net = toy.shaken(ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 8, 8, 8)))
    with cross_frame(unet, net, mode="first"), frames_in_batch(FRAMES):
        found = net(CLIPS, 1, TEXT, torch.zeros(2 * FRAMES, 3, 64, 64)).mid_block_res_sample
        other = net(CLIPS[[0, *range(2, 8), 1]], 1, TEXT, torch.zeros(2 * FRAMES, 3, 64, 64)).mid_block_res_sample
        own = Levels.of(toy.parts().scheduler, 1)
        clip = CLIPS[None]
        start = finish(denoise(unet, own, clip, toy.states(), negative=toy.states(seed=6), guidance=Guidance(2.0)))
        shifted = finish(denoise(unet, own, torch.cat([clip[:, :1], clip[:, 1:] + 1], 1), toy.states(), negative=toy.states(seed=6), guidance=Guidance(2.0)))
        inside = finish(denoise(unet, own, clip, toy.states(), hooks=Hooks(windows=Windows(4, 4))))
        first_four = finish(denoise(unet, own, clip[:, :4], toy.states()))
    assert found.shape[0] == 2 * FRAMES and (found[1] - other[-1]).abs().max() > 1e-4  # another clip, another first frame
    assert (start[:, 0] - shifted[:, 0]).abs().max() < 1e-4  # the first frame of both branches sees itself alone
    assert (inside[:, :4] - first_four).abs().max() < 1e-3
