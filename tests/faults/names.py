"""The tables of these tests: logical name -> name in the engine."""

NAMES = {"left": "LeftTable", "right": "RightTable"}
