"""The process that holds the vault, and its protocol."""
