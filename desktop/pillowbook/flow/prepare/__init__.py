"""Verified answers, ahead of time."""
