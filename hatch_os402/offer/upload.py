"""What a server takes."""

from __future__ import annotations

UPLOAD_LIMIT = 200_000_000
"""Bytes that a server takes in one upload unless its owner says otherwise (`os402 serve --upload-limit`)."""
