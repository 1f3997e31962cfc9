"""When background work runs, and which slice comes next."""
