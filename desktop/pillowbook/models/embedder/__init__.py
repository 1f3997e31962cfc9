"""The embedder: sentence-transformers in a process of its own."""
