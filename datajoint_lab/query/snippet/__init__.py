"""Snippets of SQL that users write: read in MySQL's dialect, understood, and printed for each database."""
