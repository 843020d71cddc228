"""PostgreSQL: the tables, the connections, the queries. The only package that knows SQL."""
