"""Mixing a film's sound: cues on five buses, ducking, loudness, limiting, and the narrator's lines. Importing the package loads nothing."""
