"""Whether an answer can be relied on: calibration, prediction sets, "none of these", drift."""
