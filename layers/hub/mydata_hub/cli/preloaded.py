"""Everything that a command might import, imported: commands are forked from a process with it."""

from __future__ import annotations

import gc
import pkgutil
from importlib import import_module

import mydata_hub

# A laptop has no use for these; `__main__` modules run what they are.
_LEFT_OUT = ("mydata_hub.aws", "mydata_hub.cli.__main__")

for module in pkgutil.walk_packages(mydata_hub.__path__, "mydata_hub."):
    if not module.name.startswith(_LEFT_OUT):
        import_module(module.name)
# What is here stays, so that a child does not copy pages only to count references in them.
gc.freeze()
