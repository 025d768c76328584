"""Appeals: a person contests a reason of their trust score, and a person of the hub decides."""
