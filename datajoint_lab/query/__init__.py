"""The relational algebra: expressions as data, and their SQL. Pure until somebody fetches."""
