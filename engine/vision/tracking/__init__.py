"""Subjects of a clip: cut out where a hand points, followed through all frames, missed when they are gone and found again."""
