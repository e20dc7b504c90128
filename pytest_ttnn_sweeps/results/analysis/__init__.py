"""What the records of a run come to: totals, and failures by error and by parameter value. Nothing is printed here."""
