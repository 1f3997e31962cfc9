"""Questions worth preparing."""
