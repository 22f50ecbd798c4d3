"""The command line `monitor`. `tree` lists every command; each has a module, loaded when it is called."""

from monitor.cli.root import main

__all__ = ["main"]
