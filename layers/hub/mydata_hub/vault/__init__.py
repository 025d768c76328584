"""The vault: what is sealed for one person, and how it is named."""
