"""Statements that change tables: not inside of a transaction, and all of them or none where the database can."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from ..backends import Connection
from ..errors import TransactionError


def refuse_in_transaction(connection: Connection, what: str) -> None:
    """Raise `TransactionError` inside of a transaction, which some databases would store at that moment."""
    if connection.in_transaction:
        raise TransactionError(
            f"{what} inside of a transaction is not possible", "do it before or after the transaction"
        )


def together(connection: Connection) -> AbstractContextManager[None]:
    """A transaction where definitions can be part of one; elsewhere each statement stands for itself."""
    return connection.atomic() if connection.dialect.transactional_ddl else nullcontext()
