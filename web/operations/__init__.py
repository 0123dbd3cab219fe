"""The page of operations people, and metrics."""
