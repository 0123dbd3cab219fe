"""Occupations, places and the fixed vocabularies that profiles and searches speak."""
