"""``python -m toklab``."""

from toklab.cli import main

main()
