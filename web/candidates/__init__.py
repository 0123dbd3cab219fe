"""Pages of the Verkenner and the profile."""
