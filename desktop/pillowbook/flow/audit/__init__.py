"""Audits: prepared answers beside live ones."""
