"""Measure speed and memory against the sandbox, side by side with a minimal script; ``make bench``."""
