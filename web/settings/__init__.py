"""Pages of the own settings: person, ways of signing in, and browsers."""
