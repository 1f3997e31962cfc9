"""Digests with cited facts."""
