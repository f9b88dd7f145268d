"""Objects of a query, read and compared with what their rows say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..codecs import chain_of, size_text, store_name
from ..definition.types import parse_type
from ..errors import DataJointError, shorten
from ..query.compiler import compile_query
from ..query.values import decode
from .reference import ObjectRef
from .rows import stored_names
from .stores import find_store
from .transfer import transferred


@dataclass(frozen=True)
class Problem:
    """An object that is missing or changed: of which row and attribute, and what is wrong."""

    key: Mapping[str, Any]
    attribute: str
    message: str

    def __str__(self) -> str:
        return f"{self.attribute} of {shorten(dict(self.key), 120)}: {self.message}"


@dataclass
class Verification:
    """What a verification found. True when all objects are as they were put in; iterates over the problems."""

    checked: int = 0
    size: int = 0
    problems: list[Problem] = field(default_factory=list)

    def __bool__(self) -> bool:
        return not self.problems

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.problems)

    def __len__(self) -> int:
        return len(self.problems)

    def __str__(self) -> str:
        state = (
            f"{len(self.problems)} of them are missing or changed" if self.problems else "all are as they were put in"
        )
        head = f"{self.checked} objects, {size_text(self.size)}: {state}"
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])

    __repr__ = __str__


def objects_of(expression: Any) -> Iterator[tuple[dict[str, Any], str, ObjectRef]]:
    """Yield the objects of a query, each with the key of its row and its attribute."""
    heading, connection = expression.heading, expression.connection
    stored = stored_names(expression)
    if not stored:
        raise DataJointError("the query has no attribute in an object store")
    key = list(heading.primary_key)
    dialect = connection.dialect
    statement = compile_query(expression.node, dialect, names=[*key, *stored])
    for rows in connection.stream(statement, 5000):
        keys = list(zip(*decode([row[: len(key)] for row in rows], heading, key, dialect))) if key else [()] * len(rows)
        for row, values in zip(rows, keys):
            for name, said in zip(stored, row[len(key) :]):
                if said is None:
                    continue
                chain = chain_of(heading[name].type)
                read_json = dialect.decoder(parse_type(chain.dtype))
                metadata = said if read_json is None else read_json(said)
                store = find_store(dialect, store_name(heading[name].type, chain))
                yield dict(zip(key, values)), name, ObjectRef(store, metadata)


def verify(expression: Any) -> Verification:
    """Read all objects of a query and compare them."""
    result = Verification()

    def check(item: tuple[dict[str, Any], str, ObjectRef]) -> tuple[int, Problem | None]:
        key, name, reference = item
        try:
            reference.verify()
        except DataJointError as error:
            return reference.size or 0, Problem(key, name, str(error.args[0]))
        return reference.size or 0, None

    items = objects_of(expression)
    for size, problem in transferred(check, items, "verify objects"):
        result.checked += 1
        result.size += size
        if problem is not None:
            result.problems.append(problem)
    return result
