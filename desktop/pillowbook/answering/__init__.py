"""Retrieve, compose, cite, verify, match: one pipeline for live and prepared answers."""
