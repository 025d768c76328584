"""Courier: what leaves the hub towards partners' own addresses, and what becomes of it."""
