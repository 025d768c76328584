"""The scorecard: points over features, that sum to a score whose every point has its reason."""
