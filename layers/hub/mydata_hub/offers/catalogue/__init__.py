"""The catalogue: what partners publish, from the document to the signed snapshot."""
