"""Reading and writing rows: the only way to the database for every door."""
