"""The store: the only room that knows SQL. Rows never leave it; values from core.model do."""
