"""The vault: keys, database, full-text index, vectors."""
