"""A person's own vault: what is folded into it, what the person brings, what the person sees."""
