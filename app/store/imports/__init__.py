"""Imports of many rows: a batch is started, planned, applied, and can be undone; each step is one function."""
