"""The sample world: made-up people, data providers and partners, each a process of its own."""
