"""Watch, extract, split, index."""
