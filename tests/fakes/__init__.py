"""Stand-ins for the slow parts, for tests of everything that uses them."""
