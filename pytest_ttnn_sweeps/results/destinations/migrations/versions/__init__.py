"""The migrations, the oldest first by number."""
