"""A film's pictures: clips made to fit their places, title card, transitions, colours drawn together, captions, and all of it put together."""
