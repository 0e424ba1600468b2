"""Grounding DINO by the package groundingdino-py, made to run beside transformers 5.

The package wraps BERT with helpers that transformers 5 no longer has. Here is a wrapper of the same part names, so that the authors' weights fit to the
last name; its masks are those that transformers 4 made: what may be seen adds 0, what may not the lowest number there is.

The folder holds `config.json` (`{"model_type": "groundingdino-py"}`, and settings of `SETTINGS` that differ), the authors' weights as .safetensors, and in
`bert/` the settings and vocabulary of BERT base, uncased. The authors give their weights as a pickle file, which Kinora never opens: save its `model` part with safetensors once.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from engine.errors import ModelUnavailable
from engine.experts.grounding import BOX_FROM, TEXT_FROM, Box, asked, ordered, plain, told
from engine.experts.loading import filled, picture, state_of, unreadable

SETTINGS: dict[str, Any] = {
    "modelname": "groundingdino", "backbone": "swin_T_224_1k", "position_embedding": "sine", "pe_temperatureH": 20, "pe_temperatureW": 20, "return_interm_indices": [1, 2, 3],
    "backbone_freeze_keywords": None, "enc_layers": 6, "dec_layers": 6, "pre_norm": False, "dim_feedforward": 2048, "hidden_dim": 256, "dropout": 0.0, "nheads": 8,
    "num_queries": 900, "query_dim": 4, "num_patterns": 0, "num_feature_levels": 4, "enc_n_points": 4, "dec_n_points": 4, "two_stage_type": "standard",
    "two_stage_bbox_embed_share": False, "two_stage_class_embed_share": False, "transformer_activation": "relu", "dec_pred_bbox_embed_share": True, "dn_box_noise_scale": 1.0,
    "dn_label_noise_ratio": 0.5, "embed_init_tgt": True, "dn_labelbook_size": 2000, "max_text_len": 256, "use_text_enhancer": True, "use_fusion_layer": True,
    "use_checkpoint": False, "use_transformer_ckpt": False, "use_text_cross_attention": True, "text_dropout": 0.0, "fusion_dropout": 0.0, "fusion_droppath": 0.1,
    "sub_sentence_present": True,
}  # fmt: skip
"""What the package's builder asks for; the values are those of the published model with a Swin-T backbone."""

SHORT, LONG = 800, 1333
"""Pixels: the shorter side of what is looked at, and the most that the longer one may have then, unless `config.json` says otherwise (`shorter_side`, `longer_side`)."""

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the colours of ImageNet, which the backbone learnt from."""

LEFT_OVER = ("label_enc.weight", "bert.embeddings.position_ids")
"""Weights of the published file that only training, or an older transformers, has a place for."""


class Bert(nn.Module):
    """BERT whose tokens see one another by a mask of pairs. The names of its parts are those of the package's own wrapper."""

    def __init__(self, bert_model: Any) -> None:
        super().__init__()
        self.config = bert_model.config
        self.embeddings, self.encoder, self.pooler = bert_model.embeddings, bert_model.encoder, bert_model.pooler

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None, position_ids: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """input_ids: (B, N); attention_mask: (B, N) or (B, N, N), true where the second token may be seen by the first."""
        shown = self.embeddings(input_ids=input_ids, token_type_ids=token_type_ids, position_ids=position_ids)
        mask = attention_mask[:, None] if attention_mask.ndim == 3 else attention_mask[:, None, None]
        away = (1.0 - mask.to(shown.dtype)) * torch.finfo(shown.dtype).min
        return {"last_hidden_state": self.encoder(shown, attention_mask=away)[0]}


class PackageFinder:
    """See `engine.experts.grounding.Finder`."""

    def __init__(self, folder: Path, device: torch.device | str = "cpu") -> None:
        try:
            with package() as build:
                settings = settings_of(folder)
                model = build(settings)
        except Exception as error:  # the package and transformers raise their own kinds for a missing or foreign part
            raise unreadable(folder, error) from error
        self._sides = int(settings.shorter_side), int(settings.longer_side)
        self.model: Any = filled(model, {name.removeprefix("module."): weight for name, weight in state_of(folder).items()}, folder, LEFT_OVER).to(device)
        self.components = {"model": self.model}
        if int(getattr(self.model.tokenizer, "vocab_size", 0)) < self.model.bert.config.vocab_size:
            raise ModelUnavailable(f"the vocabulary in {folder.name}/bert is not that of its weights", fix="put tokenizer.json or vocab.txt of bert-base-uncased there")

    @torch.no_grad()
    def find(self, image: np.ndarray, words: str, *, box_from: float = BOX_FROM, text_from: float = TEXT_FROM) -> list[Box]:
        """See `engine.experts.grounding.Finder.find`."""
        text = asked(words)
        device = next(self.model.parameters()).device
        found = self.model(_seen(picture(image), *self._sides).to(device)[None], captions=[text])
        scores, places = found["pred_logits"][0].sigmoid().cpu(), found["pred_boxes"][0].cpu()
        tokens = self.model.tokenizer(text)["input_ids"]
        special = set(self.model.specical_tokens)
        out = []
        for row, (x, y, wide, high) in zip(scores, places.tolist(), strict=True):
            if float(row.max()) > box_from:
                said = [token for token, score in zip(tokens, row.tolist(), strict=False) if score > text_from and token not in special]
                out.append(Box(ordered([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2]), float(row.max()), plain(self.model.tokenizer.decode(said))))
        return told(out)


def settings_of(folder: Path) -> SimpleNamespace:
    """What the package's builder asks for, with what a folder's `config.json` says otherwise. Raises `OSError` or `ValueError` without one."""
    own = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    known = {**SETTINGS, "shorter_side": SHORT, "longer_side": LONG}
    return SimpleNamespace(**{**known, **{name: value for name, value in own.items() if name in known}}, text_encoder_type=str(folder / "bert"))


def _seen(image: np.ndarray, shorter: int, longer: int) -> torch.Tensor:
    """A picture (H, W, 3) uint8 as the model sees it: (3, h, w), its shorter side so long unless the longer one would be too long."""
    import cv2

    height, width = image.shape[:2]
    scale = min(shorter / min(height, width), longer / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    plain = torch.from_numpy(small).permute(2, 0, 1).float() / 255
    return (plain - torch.tensor(MEAN)[:, None, None]) / torch.tensor(SPREAD)[:, None, None]


@contextmanager
def package() -> Iterator[Any]:
    """The package's builder, with this wrapper in place of its own, and BERT built from its settings alone: its weights are among the model's."""
    from groundingdino.models import build_model
    from groundingdino.models.GroundingDINO import groundingdino as module
    from transformers import BertConfig, BertModel

    helper = module.get_tokenlizer
    before = module.BertModelWarper, helper.get_pretrained_language_model
    try:
        module.BertModelWarper = Bert
        helper.get_pretrained_language_model = lambda place: BertModel(BertConfig.from_pretrained(place, local_files_only=True))
        with contextlib.redirect_stdout(io.StringIO()):  # the package prints what it builds
            yield build_model
    finally:
        module.BertModelWarper, helper.get_pretrained_language_model = before
