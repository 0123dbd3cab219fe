"""Candidates, their profiles, media, showcases and intake."""
