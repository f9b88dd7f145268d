"""A value that is carried but not shown: passwords and keys."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """A text that appears in no repr, log, error, or pickle. `reveal()` is the only way to read it.

    >>> password = Secret("correct horse")
    >>> password
    Secret('***')
    >>> f"{password} {password == Secret('correct horse')}"
    '*** True'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, to hand to a driver."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled: let the other process read it from its own environment")
