"""Alembic's steps from one shape of the database to the next. They are run by store.schema only."""
