"""Cards of models of the hub: experts that find, cut out, follow and describe things, and large models that draw them anew. None is needed; each is fetched on demand.

Sizes are about those that the hub shows, and hashes are left open: the hub's own are checked and recorded when a model is fetched (`engine.catalog.fetch`).
"""

from __future__ import annotations

from engine.catalog.card import Card, File, HubSource

OPENRAIL = "Use-based restrictions go on to whoever gets the model or uses what it draws: read the licence before fetching."
SETTINGS_BYTES = 10_000
"""About the bytes of a model's small files of settings."""


def _card(id: str, title: str, role: str, repo: str, files: dict[str, int], licence: str, memory_mib: int, good_at: str, bad_at: str, *, revision: str = "main", note: str = "") -> Card:
    """A card of the hub. files: name or pattern -> about its bytes."""
    return Card(
        id=id, title=title, role=role, family=id.split("-")[0], provider="hub", source=HubSource(repo=repo, revision=revision), licence=licence, licence_note=note,
        files=tuple(File(name=name, bytes=size) for name, size in files.items()), memory_mib=memory_mib, good_at=good_at, bad_at=bad_at,
    )  # fmt: skip


_TEXT = {"*.json": 720_000, "vocab.txt": 232_000}

GROUNDING_DINO = _card(
    "grounding-dino-tiny", "Grounding DINO, tiny", "find by words", "IDEA-Research/grounding-dino-tiny", {"model.safetensors": 689_000_000, **_TEXT}, "Apache-2.0", 1200,
    "Boxes of what words name in any picture: a red car, the person on the left of two.", "Slow without a graphics card (seconds a picture); counts and relations are often missed.",
)  # fmt: skip

SAM = _card(
    "sam-vit-base", "Segment Anything, ViT-B", "cut out", "facebook/sam-vit-base", {"model.safetensors": 375_000_000, "*.json": 8_000}, "Apache-2.0", 900,
    "Masks from clicks or a box, with crisp edges, of things of any kind.", "Seconds for the first click on a picture without a graphics card; hair and glass.",
)  # fmt: skip

SAM2_TINY = _card(
    "sam2-hiera-tiny", "SAM 2.1 video, Hiera tiny", "follow", "facebook/sam2.1-hiera-tiny", {"model.safetensors": 156_000_000, "*.json": 8_000}, "Apache-2.0", 700,
    "Following what was clicked through a video, through occlusion and back.", "About a second a frame without a graphics card; look-alikes that cross.",
)  # fmt: skip

SAM2_SMALL = _card(
    "sam2-hiera-small", "SAM 2.1 video, Hiera small", "follow", "facebook/sam2.1-hiera-small", {"model.safetensors": 185_000_000, "*.json": 8_000}, "Apache-2.0", 800,
    "As SAM 2.1 tiny, a little surer.", "A little slower than tiny.",
)  # fmt: skip

BLIP = _card(
    "blip-base", "BLIP captions, base", "describe", "Salesforce/blip-image-captioning-base", {"model.safetensors": 990_000_000, **_TEXT}, "BSD-3-Clause", 1300,
    "One plain English sentence about a picture.", "Numbers, names, anything that needs more than a glance.", revision="refs/pr/38",
    note="The revision is the hub's own conversion to safetensors; the main one holds a pickle file, which Kinora never loads.",
)  # fmt: skip

SD_INPAINTING = _card(
    "sd15-inpainting", "Stable Diffusion 1.5 inpainting", "draw inside a mask", "stable-diffusion-v1-5/stable-diffusion-inpainting",
    {
        "unet/diffusion_pytorch_model.fp16.safetensors": 1_720_000_000, "vae/diffusion_pytorch_model.fp16.safetensors": 167_000_000, "text_encoder/model.fp16.safetensors": 246_000_000,
        "model_index.json": 600, "*/*config.json": SETTINGS_BYTES, "tokenizer/*": 2_000_000,
    },
    "CreativeML-OpenRAIL-M", 4600, "Drawing a new thing inside a mask, from words, frame by frame with frames that see each other.",
    "Minutes a frame without a graphics card; hands, faces and lettering.", note=OPENRAIL,
)  # fmt: skip

SDXL_INPAINTING = _card(
    "sdxl-inpainting", "Stable Diffusion XL inpainting", "draw inside a mask", "diffusers/stable-diffusion-xl-1.0-inpainting-0.1",
    {
        "unet/diffusion_pytorch_model.fp16.safetensors": 5_140_000_000, "vae/diffusion_pytorch_model.fp16.safetensors": 167_000_000, "text_encoder/model.fp16.safetensors": 246_000_000,
        "text_encoder_2/model.fp16.safetensors": 1_390_000_000, "model_index.json": 700, "*/*config.json": SETTINGS_BYTES, "tokenizer/*": 2_000_000, "tokenizer_2/*": 2_000_000,
    },
    "CreativeML-OpenRAIL++-M", 13_500, "As Stable Diffusion 1.5 inpainting, with 1024 pixels around the subject: finer faces, fabrics and things.",
    "Larger and several times slower; no ControlNet is used with it, so a new subject keeps less of the old one's layout.", note=OPENRAIL,
)  # fmt: skip

CONTROLNET_DEPTH = _card(
    "controlnet-depth-sd15", "ControlNet 1.1 depth for Stable Diffusion 1.5", "structure from depth", "lllyasviel/control_v11f1p_sd15_depth",
    {"diffusion_pytorch_model.fp16.safetensors": 723_000_000, "config.json": 945}, "OpenRAIL", 1500,
    "Keeping the layout of a scene while it is drawn anew.", "Wants a depth map of each frame: Depth Anything makes them, and without it one is guessed from the mask.", note=OPENRAIL,
)  # fmt: skip

CONTROLNET_EDGES = _card(
    "controlnet-canny-sd15", "ControlNet 1.1 edges for Stable Diffusion 1.5", "structure from edges", "lllyasviel/control_v11p_sd15_canny",
    {"diffusion_pytorch_model.fp16.safetensors": 723_000_000, "config.json": 996}, "OpenRAIL", 1500,
    "Keeping outline and inner lines of what is drawn anew: another material or colour on the same thing.", "A thing of another form: the old one's lines hold it.", note=OPENRAIL,
)  # fmt: skip

CONTROLNET_POSE = _card(
    "controlnet-openpose-sd15", "ControlNet 1.1 pose for Stable Diffusion 1.5", "structure from pose", "lllyasviel/control_v11p_sd15_openpose",
    {"diffusion_pytorch_model.fp16.safetensors": 723_000_000, "config.json": 999}, "OpenRAIL", 1500,
    "Drawing somebody else in the pose that a person has, whatever they wear.", "Wants the joints of the person: ViTPose finds them. Nothing for things and animals.", note=OPENRAIL,
)  # fmt: skip

CLAP = _card(
    "clap-htsat", "CLAP, HTSAT fused", "sounds by words", "laion/clap-htsat-fused", {"model.safetensors": 615_000_000, "*.json": 3_600_000, "merges.txt": 456_000}, "Apache-2.0", 800,
    "Hearing whether a sound is what words say: it helps to find sounds for films.", "Half a second a sound without a graphics card; speech and music are told apart, but hardly more.",
)  # fmt: skip

DEPTH = _card(
    "depth-anything-v2-small", "Depth Anything V2, small", "depth", "depth-anything/Depth-Anything-V2-Small-hf", {"model.safetensors": 99_200_000, "*.json": 1_800}, "Apache-2.0", 400,
    "What is near and what is far in any picture; it tells a ControlNet for depth how a scene is laid out.", "Metres; glass, mirrors and pictures of pictures; a second a picture without a graphics card.",
)  # fmt: skip

VITPOSE = _card(
    "vitpose-base", "ViTPose, base", "pose", "usyd-community/vitpose-base-simple", {"model.safetensors": 344_000_000, "*.json": 2_200}, "Apache-2.0", 600,
    "Where the 17 joints of a person are, also bent and half hidden ones; pose-guided models are told by it how somebody moves.",
    "Hands, fingers and feet; people who hide one another.",
)  # fmt: skip

CLIP = _card(
    "clip-vit-b32", "CLIP, ViT-B/32 of LAION-2B", "judge", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", {"model.safetensors": 605_000_000, "*.json": 3_600_000, "merges.txt": 525_000}, "MIT", 700,
    "Telling how well a clip shows its words, for any model of Text to video: a figure beside each take.", "Counting, left and right, who does what to whom; English only.",
)  # fmt: skip

SWIN2SR = _card(
    "swin2sr-x2", "Swin2SR, twice the size", "enlarge", "caidas/swin2SR-classical-sr-x2-64", {"model.safetensors": 48_500_000, "config.json": 1_000, "preprocessor_config.json": 200}, "Apache-2.0", 700,
    "Clips of large models at twice the width and height, with edges as crisp as before.", "Seconds a frame without a graphics card; it invents no detail, and keeps noise and blocks.",
)  # fmt: skip

_HEARS = {"*.json": 4_200_000, "merges.txt": 494_000}
_WRITTEN = "Writing down what a recording says, word for word with its times, in about a hundred languages: captions of Talking head."

WHISPER_SMALL = _card(
    "whisper-small", "Whisper, small", "hear", "openai/whisper-small", {"model.safetensors": 967_000_000, **_HEARS}, "Apache-2.0", 1500,
    _WRITTEN, "Up to twice as long as the recording on two processor cores; names, several people at once, whispering, languages with little to learn from.",
)  # fmt: skip

WHISPER_TINY = _card(
    "whisper-tiny", "Whisper, tiny", "hear", "openai/whisper-tiny", {"model.safetensors": 151_000_000, **_HEARS}, "Apache-2.0", 400,
    _WRITTEN, "Many words are wrong, but in clear English.",
)  # fmt: skip

WHISPER_TURBO = _card(
    "whisper-large-v3-turbo", "Whisper, large v3 turbo", "hear", "openai/whisper-large-v3-turbo", {"model.safetensors": 1_620_000_000, **_HEARS}, "MIT", 4000,
    _WRITTEN, "Wants a graphics card: without one it takes several times as long as the recording.",
)  # fmt: skip

FILM_FILE = "frame_interpolation/film_net_fp16.safetensors"

FILM = _card(
    "film", "FILM, frames between frames", "frames between", "Comfy-Org/frame_interpolation", {FILM_FILE: 68_882_302}, "Apache-2.0", 300,
    "Frames between those of a large model's clip, also where things move far or uncover others.", "Seconds a frame without a graphics card; what flashes or turns quickly is smeared.",
    note="Google's weights of the style net, in safetensors by Comfy-Org. The licence is that of Google's repository; the page of the files names none.",
)  # fmt: skip

CARDS = (CLAP, CLIP, SWIN2SR, FILM, GROUNDING_DINO, SAM, SAM2_TINY, SAM2_SMALL, BLIP, SD_INPAINTING, SDXL_INPAINTING, CONTROLNET_DEPTH, CONTROLNET_EDGES, CONTROLNET_POSE, DEPTH, VITPOSE, WHISPER_SMALL, WHISPER_TINY, WHISPER_TURBO)
