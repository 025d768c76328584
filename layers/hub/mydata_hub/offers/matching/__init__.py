"""Matching: which offers a vault shows its person, and in what order; no one else learns of it."""
