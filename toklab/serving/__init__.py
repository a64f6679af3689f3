"""The page of a comparison with a place for texts: trained contenders judge them, on this machine alone."""

from __future__ import annotations

from toklab.serving.server import MAX_MB, Server

__all__ = ["MAX_MB", "Server"]
