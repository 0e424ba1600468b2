"""Hearing and speaking: loudness, mouths and laughter in a voice, and built-in voices. Importing the package loads nothing."""
