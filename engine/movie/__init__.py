"""Movies: the typed plan of a film, planners that write it, its timeline, and how it becomes pictures, sound and files for other programs."""
