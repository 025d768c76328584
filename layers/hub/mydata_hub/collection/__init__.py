"""Collection: records as providers gave them, in one canonical shape."""
