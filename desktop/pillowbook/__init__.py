"""Pillowbook: a personal knowledge base that prepares its answers while the machine rests."""

__version__ = "0.1.0"
