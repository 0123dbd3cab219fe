"""Signing in with Microsoft: the conversation, its token, who that is, and whose it is here."""
