"""The web application: thin blueprints over matching and indexer."""
