"""The database: engine, sessions, migrations and the change log."""
