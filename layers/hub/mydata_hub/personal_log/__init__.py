"""The personal log: what the log keeps for each person, which nobody reads without their keys."""
