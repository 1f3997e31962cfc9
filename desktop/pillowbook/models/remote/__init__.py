"""A model server of the user's own, as generator."""
