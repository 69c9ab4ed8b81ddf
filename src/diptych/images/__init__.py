"""From bytes to pixels, once; pixels kept; pictures changed for training."""
