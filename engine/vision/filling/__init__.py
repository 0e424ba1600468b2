"""What was behind a subject: a background plate from the frames that show it, one picture a stretch of a shot."""
