"""One module per tab: which controls, in what order, which task. A new tab is one line here and one module."""

from __future__ import annotations

from tabs import movie, music_video, stroke_motion, subject_swap, talking_head, text_to_video

TABS = (stroke_motion.TAB, text_to_video.TAB, talking_head.TAB, music_video.TAB, subject_swap.TAB, movie.TAB)
