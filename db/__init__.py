"""The database: migrations, named queries, and one module a noun."""
