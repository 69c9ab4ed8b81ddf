"""From pixels to a trained network."""
