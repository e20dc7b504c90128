"""Logical and padded shapes, and the tile that decides the padding."""
