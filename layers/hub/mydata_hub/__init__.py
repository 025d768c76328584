"""The MyData hub: consented data goes into a person's vault, and only answers come out."""

__version__ = "0.1.0"
