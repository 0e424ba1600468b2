"""Faces in pictures: finding them, their mesh of 468 points, their pose, and the parts of the mesh by name. Importing the package loads nothing."""
