"""Experts of toy size with random weights, of the same classes as the real ones, saved to disk: only the numbers differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "a", "the", "red", "blue", "car", "dog", "man", "video", "of", "is", "on"]


def shaken(model: Any, seed: int = 0, scale: float = 0.3) -> Any:
    """The model with noise on every weight: a fresh one answers much the same to everything."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator) * scale / max(1, weight[0].numel() if weight.ndim > 1 else 4) ** 0.5)
    return model.eval()


def save_state(model: Any, path: Path) -> None:
    """Weights as safetensors, shared ones written twice."""
    save_file({name: weight.clone().contiguous() for name, weight in model.state_dict().items()}, path)


def tokenizer(folder: Path, kind: Any = None) -> Any:
    """A BERT tokenizer of a few words."""
    from transformers import BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    made = BertTokenizerFast(vocab=str(folder / "vocab.txt"))
    made.save_pretrained(folder)
    return made


def grounding_dino(folder: Path) -> Path:
    from transformers import GroundingDinoConfig, GroundingDinoForObjectDetection, GroundingDinoImageProcessor, GroundingDinoProcessor

    torch.manual_seed(0)
    config = GroundingDinoConfig(
        backbone_config={"model_type": "swin", "embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "window_size": 4, "out_features": ["stage2", "stage3", "stage4"]},
        text_config={"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": len(WORDS)},
        d_model=32, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=32, decoder_ffn_dim=32, encoder_attention_heads=2, decoder_attention_heads=2, num_queries=20, max_text_len=32,
    )  # fmt: skip
    shaken(GroundingDinoForObjectDetection(config), 1, 0.5).save_pretrained(folder)
    GroundingDinoProcessor(GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96}), tokenizer(folder)).save_pretrained(folder)
    return folder


def package_dino(folder: Path) -> Path:
    """Needs the package's backbone made small, see `small_swin`."""
    from transformers import BertConfig

    from engine.experts import dino_compat

    tokenizer(folder / "bert")
    BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, vocab_size=len(WORDS)).save_pretrained(folder / "bert")
    own = {"model_type": "groundingdino-py", "enc_layers": 1, "dec_layers": 1, "dim_feedforward": 32, "num_queries": 20, "shorter_side": 64, "longer_side": 96}
    (folder / "config.json").write_text(json.dumps(own), encoding="utf-8")
    torch.manual_seed(0)
    with dino_compat.package() as build:
        model = build(dino_compat.settings_of(folder))
    save_state(shaken(model, 1, 0.5), folder / "model.safetensors")
    return folder


def small_swin(monkeypatch: Any) -> None:
    """The package builds its backbone by name; the smallest one it knows has 28 M weights."""
    from groundingdino.models.GroundingDINO.backbone import backbone, swin_transformer

    def build(name: str, pretrain_img_size: int, **options: Any) -> Any:
        return swin_transformer.SwinTransformer(pretrain_img_size=pretrain_img_size, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4, **options)

    monkeypatch.setattr(backbone, "build_swin_transformer", build)


def sam(folder: Path, seed: int = 2) -> Path:
    """Seed 5 gives masks of a quarter of the picture; of most others they are nearly empty or full."""
    from transformers import SamConfig, SamImageProcessor, SamModel, SamProcessor

    torch.manual_seed(0)
    config = SamConfig(
        vision_config={
            "hidden_size": 32, "output_channels": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64, "patch_size": 8, "mlp_dim": 32, "window_size": 4,
            "global_attn_indexes": [1], "num_pos_feats": 8,
        },
        prompt_encoder_config={"hidden_size": 16, "image_size": 64, "patch_size": 8},
        mask_decoder_config={"hidden_size": 16, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16},
    )  # fmt: skip
    shaken(SamModel(config), seed).save_pretrained(folder)
    SamProcessor(SamImageProcessor(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64}, mask_size={"longest_edge": 32}, mask_pad_size={"height": 32, "width": 32})).save_pretrained(folder)
    return folder


def small_sam() -> Any:
    """The package's model, small."""
    from functools import partial

    from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    return Sam(
        image_encoder=ImageEncoderViT(
            depth=2, embed_dim=32, img_size=64, mlp_ratio=2, norm_layer=partial(torch.nn.LayerNorm, eps=1e-6), num_heads=2, patch_size=8, qkv_bias=True, use_rel_pos=True,
            global_attn_indexes=[1], window_size=4, out_chans=16,
        ),
        prompt_encoder=PromptEncoder(embed_dim=16, image_embedding_size=(8, 8), input_image_size=(64, 64), mask_in_chans=16),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=3, transformer=TwoWayTransformer(depth=2, embedding_dim=16, mlp_dim=32, num_heads=2), transformer_dim=16, iou_head_depth=2,
            iou_head_hidden_dim=16,
        ),
    )  # fmt: skip


def package_sam(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    save_state(shaken(small_sam(), 2), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "segment-anything", "size": "tiny"}), encoding="utf-8")
    return folder


def sam2(folder: Path) -> Path:
    from transformers import Sam2ImageProcessor, Sam2VideoConfig, Sam2VideoModel, Sam2VideoProcessor, Sam2VideoVideoProcessor

    torch.manual_seed(0)
    config = Sam2VideoConfig(
        vision_config={
            "model_type": "sam2_vision_model",
            "backbone_config": {
                "model_type": "sam2_hiera_det_model", "hidden_size": 8, "num_attention_heads": 1, "image_size": [64, 64], "patch_kernel_size": [7, 7], "blocks_per_stage": [1, 1, 2, 1],
                "embed_dim_per_stage": [8, 16, 32, 64], "num_attention_heads_per_stage": [1, 1, 2, 2], "window_size_per_stage": [8, 4, 4, 4], "global_attention_blocks": [3],
                "window_positional_embedding_background_size": [4, 4],
            },
            "backbone_channel_list": [64, 32, 16, 8], "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]], "fpn_hidden_size": 128,
        },
        prompt_encoder_config={"hidden_size": 128, "image_size": 64, "patch_size": 16},
        mask_decoder_config={"hidden_size": 128, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16},
        image_size=64, num_maskmem=3, max_object_pointers_in_encoder=4, memory_attention_hidden_size=128, memory_attention_num_layers=1, memory_attention_feed_forward_hidden_size=32,
        memory_attention_rope_feat_sizes=[4, 4], memory_encoder_hidden_size=128, memory_encoder_output_channels=64, mask_downsampler_embed_dim=128, memory_fuser_num_layers=1,
        memory_fuser_embed_dim=128, memory_fuser_intermediate_dim=32,
    )  # fmt: skip
    model = shaken(Sam2VideoModel(config), 3, 0.2)
    with torch.no_grad():  # sure that the thing is seen, and with masks of some size
        model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(3.0)
    model.save_pretrained(folder)
    size = {"height": 64, "width": 64}
    Sam2VideoProcessor(Sam2ImageProcessor(size=size, mask_size={"height": 16, "width": 16}), Sam2VideoVideoProcessor(size=size)).save_pretrained(folder)
    return folder


def blip(folder: Path) -> Path:
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessor, BlipProcessor

    torch.manual_seed(0)
    words = tokenizer(folder)
    config = BlipConfig(
        text_config={
            "hidden_size": 32, "encoder_hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": len(WORDS), "projection_dim": 16,
            "bos_token_id": 2, "sep_token_id": 3, "eos_token_id": 3, "pad_token_id": 0, "max_position_embeddings": 64,
        },
        vision_config={"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "image_size": 32, "patch_size": 8},
    )  # fmt: skip
    shaken(BlipForConditionalGeneration(config), 4, 1.0).save_pretrained(folder)
    BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), words).save_pretrained(folder)
    return folder


def picture(seed: int = 0, height: int = 48, width: int = 64) -> np.ndarray:
    """(H, W, 3) uint8, smooth colours."""
    import cv2

    return cv2.resize(np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


def vitpose(folder: Path) -> Path:
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation, VitPoseImageProcessor

    torch.manual_seed(0)
    eyes = VitPoseBackboneConfig(image_size=[64, 48], patch_size=[8, 8], hidden_size=16, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, out_indices=[2])
    model = shaken(VitPoseForPoseEstimation(VitPoseConfig(backbone_config=eyes, num_labels=17, scale_factor=4)), 4, 1.0)
    with torch.no_grad():  # sure of what it sees: a fresh head's peaks are hardly above 0
        model.head.conv.bias.fill_(0.6)
    model.save_pretrained(folder)
    VitPoseImageProcessor(size={"height": 64, "width": 48}).save_pretrained(folder)
    return folder
