"""Listening to music: onsets, tempo, beats, bars, sections, and curves that pictures can follow. Importing the package loads nothing."""
