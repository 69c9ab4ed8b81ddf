"""Copies of one picture: to the byte, to the eye, but for what augmentation does, or by name."""
