"""The generated screens: one set of routes for all records."""
