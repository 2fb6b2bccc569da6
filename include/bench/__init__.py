"""Measure speed, memory and correctness against the sandbox, side by side with other clients; ``make bench``.

What the figures mean and how they grow: docs/performance.md.
"""
