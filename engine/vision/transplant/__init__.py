"""A new subject in the place of an old one: cut out, moved, lit and laid in."""
