"""How a DELETE begins, so that the database plans its condition as it would plan that of a query."""

from __future__ import annotations

from .base import Backend


def delete_from(backend: Backend, target: str) -> str:
    """The beginning of a DELETE from a table, given by its quoted full name.

    MariaDB asks the subqueries of a plain DELETE again for each row; in a DELETE that could be of several tables
    it joins them, which takes a hundredth of the time for some thousand keys. MySQL reads both alike.
    """
    return f"DELETE {target} FROM {target}" if backend.name == "mysql" else f"DELETE FROM {target}"
