"""Reads config/*.yaml: sources, watches, subscriptions and taxonomies as the operator wants them.

`shapes` says what may be written, `document` reads YAML with its lines, `files` one file, `facets` and
`additions` those of which there may be many, `loading` all of them.
"""

from monitor.provisioning.loading import Configuration, load, load_taxonomy, read_taxonomy
from monitor.provisioning.schemas import schemas, write_schemas
from monitor.provisioning.shapes import FILES
from monitor.provisioning.shipped import shipped

__all__ = ["FILES", "Configuration", "load", "load_taxonomy", "read_taxonomy", "schemas", "shipped", "write_schemas"]
