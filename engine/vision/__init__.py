"""Seeing and moving pictures with classical methods: segmentation, mattes, filling, flow, warping. numpy and OpenCV only."""
