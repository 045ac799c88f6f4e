"""The commands of run.py, a module for each kind of work; what they need to begin is in `console`."""
