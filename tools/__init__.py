"""What `make` runs beside the console itself."""
