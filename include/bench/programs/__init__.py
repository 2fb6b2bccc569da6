"""The measured programs: each runs as a process of its own, reads a job file, and prints what it did as its last line.

Those for a throwaway environment import nothing of this repository but ``wire``, which needs ``requests`` alone.
"""
