"""The command line `monitor`. `tree` lists every command; each has a module, loaded when it is called."""

import os

# Pydantic looks through every installed package for plugins, none of which is ours: 20 ms at every start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from monitor.cli.root import main

__all__ = ["main"]
