"""Release: what left a vault, for whom, and at what price."""
