"""Fit an existing vocabulary to a new domain: pieces that save most are added, those that are never used go."""

from toklab.adapting.adapt import adapt
from toklab.adapting.findings import Adaptation, Added, Dropped

__all__ = ["Adaptation", "Added", "Dropped", "adapt"]
