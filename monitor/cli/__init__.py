"""The command line `monitor`. `tree` lists every command; each has a module, loaded when it is called."""

import gc
import os

# Pydantic looks through every installed package for plugins, none of which is ours: 20 ms at every start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

# Nearly all that is imported and loaded stays: to look through it for garbage after every 700 new objects, as Python
# does if nothing is said, takes a twelfth of a round in which nothing is new.
gc.set_threshold(10_000)

from monitor.cli.root import main  # noqa: E402 - what is imported is what is not to be looked through

__all__ = ["main"]
