"""The card of a library of music that a pip package carries, and what its own list says of each piece: beats a minute and key."""

from __future__ import annotations

from engine.catalog.card import Card, File, PackageSource

PIECES: dict[str, tuple[int, str, int, str]] = {
    "calm_acoustic_1": (68, "C major", 585242, "772198c1a37d51469e58971a5ad0f3a13511e0572aef32d77ab6823c88ad3f4f"),
    "calm_acoustic_s411": (68, "C major", 583463, "bc1d122e069e60b6c8c9fbb0e1c46f38e911009dd2dcca1850c50f20400ee442"),
    "calm_acoustic_s522": (68, "C major", 552121, "c7d1e6d53cf5e00b10b559cc97e39479279308f0143b0248b864aea6d357ea1e"),
    "calm_electronic_s411": (72, "D major", 554151, "28d5a58c759b83200350aea3afe45828652b763a8028c00b21e843d26cafa842"),
    "calm_electronic_s522": (72, "D major", 567439, "6405605e21f2d4e4b748b99e73ba5820891af62199a8a9b0b476de20b1a244b9"),
    "energetic_acoustic_1": (132, "D minor", 544495, "3f0ab8b411a8530134787a70553c33021fa37ed411816f77abafdd56b60f643a"),
    "energetic_acoustic_2": (132, "D minor", 581892, "427292056660f49cff91b4c4fa3d53dccd4135da79c8a5758a6b6fbfdf02f965"),
    "energetic_acoustic_s522": (132, "D minor", 577247, "0cdbe48a6da3b5724d32d78a9cca3ed2a395e0fb676de53fca5c7fb0c11f1ab3"),
    "energetic_electronic_2": (150, "G minor", 544479, "297d30a4e024db6c75bc864d5ecfb2a02cd6960bc7b01eaf745b9dbc4d4c15cc"),
    "energetic_electronic_s411": (150, "E minor", 555347, "b831759eccd793751947842736f67f1d9b4bbb72fd8539307b86100e9e5f6e49"),
    "happy_acoustic_1": (110, "E major", 599410, "5b7652c9f3a60923eb516b942736214962b86534ab4c4e11fc3f57b98fe92bb4"),
    "happy_acoustic_2": (110, "E major", 555825, "84c11d60524cc7f84d91f8ab400516ad5e446971ab7227ddc6fc53405676e063"),
    "happy_acoustic_s411": (110, "E major", 581309, "a01ce832c8cc39b84fd1400834acac2a4202117df68cd953ce289d5525b2614c"),
    "happy_electronic_1": (123, "A major", 559917, "3e85da374dabd797f1c29c266c9ec622539fc175e57ba4dfe530888c5cc8edd2"),
    "happy_electronic_2": (123, "A major", 594621, "63a60db8ddfe8c35182e745652e685e1a7fdd0c9e02d628b1b28e23756306cda"),
    "happy_electronic_s411": (123, "F major", 584963, "0a7c867cab0fdaff2de72720377c053afbd058c0d64e2fe38016114ba2f7e087"),
    "nostalgic_acoustic_1": (78, "F minor", 591409, "56dfc14f589439c8495b2c3a63b6518a71acdbb503540e4a41d90742574fc4ac"),
    "nostalgic_acoustic_s411": (78, "F minor", 544662, "a5d1bd481de6e69547e62437e007e0173feb4912184187c452c30c53754685c7"),
    "nostalgic_acoustic_s522": (78, "F minor", 598554, "806372a7ae2585b757e4b4166c441d6c930ba98147c2dd29dc5a2b65b5d9378a"),
    "nostalgic_electronic_2": (84, "Bb minor", 542170, "74ff47f7ebf2d922720cce173fdf688b1e3bead348051c197f4c5e93cd2c62bb"),
    "nostalgic_electronic_s411": (84, "G minor", 561015, "16e3708ac1ec7ecc7d60edfd970eebb639a48001ff1294da4654ed9618f20b72"),
    "nostalgic_electronic_s522": (84, "G minor", 568813, "4da35628e8c008703c4bce08a7e0d55d5d25ff38177e07e1ead6a78d2710de98"),
    "tender_acoustic_1": (90, "G major", 581662, "55a683c2db1b09b1ffc59287da8b02aeb51cf71a529bb66302fe90e16707b4e2"),
    "tender_acoustic_2": (90, "G major", 602162, "9bd7f741a7ad561e25ab264c20ab30f844dcad8c463e62e6cc018879cc732b37"),
    "tender_acoustic_s411": (90, "G major", 613664, "153fd5d44f3e67764e2e77194124263aa05e46e5de305a945fd0e5ed2a5a7da3"),
    "tender_electronic_1": (99, "C major", 561136, "7bcf02dc3dd3f0296c7813a1c7206e63c270d9b05315930955a4ba6908ec9d8d"),
    "tender_electronic_2": (99, "C major", 555271, "9a70ee3b485628214db1a64a09cb63d55a57827b8ecc85323d5607cbc4141b90"),
    "tender_electronic_s411": (99, "A major", 545214, "2d1b4f58402298c8d6bbd3f4a1f22f363d908bb46a5bcbe8dac039b9d3352a10"),
}
"""Name, which begins with the mood -> beats a minute, key, bytes, SHA-256."""

LICENCE_BYTES, LICENCE_SHA = 3246, "eb54462fd475ece2f631c1992688dbb575e746994de47db8cef6b61580fcf4e6"


def mood_of(name: str) -> str:
    """The mood that a piece's name begins with."""
    return name.split("_")[0]


MUSIC_LIBRARY = Card(
    id="music-library",
    title="28 pieces of music by mood (Immich Memories)",
    role="film music",
    family="music",
    provider="embedded",
    source=PackageSource(package="immich-memories-music", version="0.1.0"),
    files=(
        *(
            File(name=f"{name}.opus", inside=f"immich_memories_music/tracks/{mood_of(name)}/{name}.opus", bytes=size, sha256=sha)
            for name, (_, _, size, sha) in PIECES.items()
        ),
        File(name="LICENSE-MUSIC", inside="immich_memories_music-0.1.0.dist-info/licenses/LICENSE-MUSIC", bytes=LICENCE_BYTES, sha256=LICENCE_SHA),
    ),
    licence="MIT",
    licence_note="Made by its authors with ACE-Step 1.5, as the licence file beside the pieces says.",
    memory_mib=40,
    tabs=("movie",),
    good_at="Half a minute each of calm, happy, tender, nostalgic and energetic music, acoustic or electronic, that loops at bars.",
    bad_at="Songs with words; endings: a piece fades when the film ends.",
)

CARDS = (MUSIC_LIBRARY,)
