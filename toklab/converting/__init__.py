"""Hand a tokenizer to another ecosystem: written in its format, and proven there to give the same ids."""

from toklab.converting.convert import Conversion, convert
from toklab.converting.targets import TARGETS

__all__ = ["TARGETS", "Conversion", "convert"]
