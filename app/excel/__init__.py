"""Registries as workbooks: written, read, planned and applied."""
