"""The real ttnn on its own mock device: everything is checked, allocated and compiled for, and nothing is computed."""
