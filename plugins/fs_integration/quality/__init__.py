"""Checks on batches before anything is written: what to check, running it, and deciding over a whole run."""
