"""Model files: what toklab writes, and reads back after checking it first. Never pickle."""
