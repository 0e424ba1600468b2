"""The diorama: a paper-cut world drawn by numpy and OpenCV, with its layers, masks and depth known exactly."""
