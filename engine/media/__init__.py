"""The one reader and the one writer of pictures, clips and sound. Importing the package loads nothing."""
