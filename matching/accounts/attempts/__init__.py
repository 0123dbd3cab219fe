"""Counts tries, and makes the next one wait longer."""
