"""Everything that a command might import, imported: commands are forked from a process with it."""

from __future__ import annotations

import gc
import pkgutil
from importlib import import_module

import mydata_hub

# What no command of a laptop imports, or only those that serve a sample partner, at a fifth of the
# whole; and the module that runs when it is imported.
_LEFT_OUT = (
    "mydata_hub.aws",
    "mydata_hub.samples.hearing",
    "mydata_hub.samples.partner",
    "mydata_hub.samples.relying_party",
    "mydata_hub.cli.__main__",
)

for module in pkgutil.walk_packages(mydata_hub.__path__, "mydata_hub."):
    if not module.name.startswith(_LEFT_OUT):
        import_module(module.name)
# What is here stays, so that a child does not copy pages only to count references in them.
gc.freeze()
