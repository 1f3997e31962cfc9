"""Match, check freshness, serve."""
