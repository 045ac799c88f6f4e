"""Tests are sentences: each name says what holds. The tree mirrors the source; what cuts across stands at the top."""
