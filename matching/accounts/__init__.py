"""Organisations, users, rights and the audit trail."""
