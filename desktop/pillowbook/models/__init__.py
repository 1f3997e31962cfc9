"""The model workers, their clients and the model catalogue."""
