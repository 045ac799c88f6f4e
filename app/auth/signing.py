"""What the browser keeps for the console, signed."""

from __future__ import annotations

from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer


def serializer(purpose: str) -> URLSafeTimedSerializer:
    """Signs what the browser keeps for the console."""
    return URLSafeTimedSerializer(str(current_app.secret_key), salt=f"rainbow-{purpose}")


def opened(purpose: str, text: str, seconds: int) -> Any:
    """What was signed for this purpose; None if it was tampered with or is older than that."""
    try:
        return serializer(purpose).loads(text, max_age=seconds)
    except (BadSignature, ValueError):
        return None
