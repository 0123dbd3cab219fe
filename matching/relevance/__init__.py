"""Judgments and measures of how good the ranking is."""
