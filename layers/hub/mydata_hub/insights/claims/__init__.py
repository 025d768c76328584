"""The questions, a file for each family of them: a new file here is all that a new question takes
beside its fold (insights/catalogue.py gathers them)."""
