"""Colours, type and spacing of the page. Fonts are the system's own: nothing is fetched."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils import colors, sizes

CORAL = colors.Color(
    c50="#fff4f0", c100="#ffe4da", c200="#ffc8b5", c300="#ffa488", c400="#fb7e5a", c500="#ee5d36",
    c600="#d1451f", c700="#ab3618", c800="#872d18", c900="#6c2716", c950="#3b120a", name="coral",
)  # fmt: skip
NIGHT = colors.Color(
    c50="#f8f8f6", c100="#eeeeea", c200="#dededb", c300="#c3c4c8", c400="#9799a6", c500="#6d7083",
    c600="#51546a", c700="#3a3d54", c800="#25273b", c900="#181a2a", c950="#10111d", name="night",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """The studio's theme: warm paper by day, deep blue by night, coral for what acts."""
    base = gr.themes.Base(
        primary_hue=CORAL,
        secondary_hue=CORAL,
        neutral_hue=NIGHT,
        radius_size=sizes.radius_lg,
        text_size=sizes.text_md,
        font=["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    )
    return base.set(
        body_background_fill="#f6f4ef",
        body_background_fill_dark="*neutral_950",
        background_fill_primary="#fffdf9",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="#f6f4ef",
        background_fill_secondary_dark="*neutral_950",
        block_background_fill="#fffdf9",
        block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_shadow="none",
        input_background_fill="*neutral_50",
        input_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        slider_color="*primary_500",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_600",
        checkbox_border_color_selected="*primary_600",
        checkbox_border_color_selected_dark="*primary_600",
        checkbox_border_color_focus="*primary_600",
        checkbox_border_color_focus_dark="*primary_600",
    )
