"""Alembic's environment and revisions; run through matching.storage.migrate."""
