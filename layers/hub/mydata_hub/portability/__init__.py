"""Portability: everything of one person as one archive, and such an archive read again."""
