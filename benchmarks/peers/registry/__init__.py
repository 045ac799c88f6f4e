"""The Django application that holds the resident."""
