"""Erasure: a person leaves, and what the hub can prove of it afterwards."""
