"""Fills new indexes from SQL while people search, checks them, and lets searches use them in one switch."""
