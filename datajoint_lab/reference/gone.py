"""Names of the existing implementation that have no counterpart here: using one says what to use instead."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import DataJointError


class GoneError(DataJointError):
    """A name of the existing implementation that does not exist here. The message names its replacement."""


class GoneAttributeError(GoneError, AttributeError):
    """The same for an attribute, so that `hasattr` says no."""


class Gone:
    """In place of a method or property: whoever asks for it is told what to use instead.

    >>> class Table:
    ...     external = Gone("Table.external", "stores are in dj.config.stores")
    >>> Table().external
    Traceback (most recent call last):
    datajoint_lab.reference.gone.GoneAttributeError: Table.external does not exist here
    stores are in dj.config.stores
    """

    def __init__(self, name: str, instead: str) -> None:
        self.name, self.instead = name, instead

    def __get__(self, _: object, owner: type | None = None) -> NoReturn:
        raise GoneAttributeError(f"{self.name} does not exist here", self.instead.replace("`", ""))

    def __set__(self, _: object, value: Any) -> NoReturn:
        raise GoneAttributeError(f"{self.name} does not exist here", self.instead.replace("`", ""))
