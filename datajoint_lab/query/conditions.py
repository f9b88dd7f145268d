"""What may stand to the right of `&`, as data.

`normalize` turns whatever a user restricts by into a tree of frozen conditions, checked
against the heading that it restricts. `compiler.py` turns the tree into SQL.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..definition.domains import canonical, is_null
from ..definition.types import AttributeType
from ..errors import DataJointError, InvalidValueError, shorten
from .heading import Attribute, Heading
from .nodes import Node, Snippet

if TYPE_CHECKING:
    from .expression import QueryExpression


class AndList(list[Any]):
    """A sequence of conditions that must all hold: `Table & dj.AndList([a, b])`."""


class Not:
    """The opposite of a condition: `Table & dj.Not(condition)`."""

    def __init__(self, restriction: Any) -> None:
        self.restriction = restriction

    def __repr__(self) -> str:
        return f"Not({self.restriction!r})"


class Native:
    """SQL in the database's own dialect, passed through unread: `Table & dj.Native("a @> 3")`."""

    def __init__(self, sql: str) -> None:
        self.sql = sql

    def __repr__(self) -> str:
        return f"Native({self.sql!r})"


@dataclass(frozen=True)
class Constant:
    """Always true or always false."""

    value: bool


@dataclass(frozen=True)
class Equals:
    """An attribute (or a path inside of a JSON attribute) has a value; None stands for null."""

    name: str
    type: AttributeType | None
    value: Any
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeySet:
    """A tuple of attributes is among the rows, which hold canonical values without nulls."""

    names: tuple[str, ...]
    types: tuple[AttributeType, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Exists:
    """A row of another query agrees on the attributes `on`."""

    query: Node
    on: tuple[str, ...]


@dataclass(frozen=True)
class All:
    """Each of the conditions holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Any_:
    """At least one of the conditions holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Negation:
    """The condition does not hold (it is false or null)."""

    part: Condition


Condition = Constant | Equals | KeySet | Exists | All | Any_ | Negation | Snippet
TRUE, FALSE = Constant(True), Constant(False)


@dataclass
class Normalized:
    """A condition, and whether a mapping in it named no attribute at all."""

    condition: Condition
    vacuous: bool = False


def queries_in(condition: Condition) -> Iterator[Node]:
    """The queries that a condition refers to."""
    if isinstance(condition, Exists):
        yield condition.query
    elif isinstance(condition, (All, Any_)):
        for part in condition.parts:
            yield from queries_in(part)
    elif isinstance(condition, Negation):
        yield from queries_in(condition.part)


def normalize(condition: Any, heading: Heading, *, semantic_check: bool = True) -> Normalized:
    """Turn what a user restricts by into a `Condition` for a table of this heading.

    Raises `DataJointError` for what cannot be a condition, `InvalidValueError` for a value
    of the wrong type, `SemanticMatchError` for a query that cannot be matched.
    """
    normalizer = _Normalizer(heading, semantic_check)
    return Normalized(normalizer.read(condition), normalizer.vacuous)


class _Normalizer:
    def __init__(self, heading: Heading, semantic_check: bool) -> None:
        self.heading = heading
        self.semantic_check = semantic_check
        self.vacuous = False

    def read(self, condition: Any) -> Condition:
        from .expression import QueryExpression, Top, U  # noqa: PLC0415  expressions are made of conditions

        if isinstance(condition, type) and issubclass(condition, QueryExpression):
            condition = condition()
        if condition is None:
            return TRUE
        if isinstance(condition, bool) or type(condition).__name__ in ("bool_", "bool") and hasattr(condition, "item"):
            return Constant(bool(condition))
        if isinstance(condition, str):
            return Snippet(_checked_text(condition))
        if isinstance(condition, Native):
            return Snippet(_checked_text(condition.sql), native=True)
        if isinstance(condition, Not):
            return negate(self.read(condition.restriction))
        if isinstance(condition, AndList):
            return conjunction([self.read(part) for part in condition])
        if isinstance(condition, Top):
            raise DataJointError("dj.Top cuts a whole query, so it cannot stand inside of a list: write query & dj.Top(...)")
        if isinstance(condition, U):
            for name in condition.primary_key:
                self.heading[name]
            return TRUE
        if isinstance(condition, QueryExpression):
            return self._read_query(condition)
        if isinstance(condition, Mapping):
            return self._read_mapping(condition)
        records = as_records(condition)
        if records is not None:
            return self._read_records(records)
        if isinstance(condition, Iterable) and not isinstance(condition, (bytes, bytearray, memoryview)):
            return self._read_sequence(condition)
        raise DataJointError(
            f"a query cannot be restricted by {shorten(condition)}, a {type(condition).__name__}: "
            "use a text, a mapping, a sequence of these, or another query"
        )

    def _read_query(self, query: QueryExpression) -> Condition:
        from .semantics import matching  # noqa: PLC0415  keeps the import graph of the room a tree

        node = query.node
        return Exists(node, matching(self.heading, node.heading, check=self.semantic_check))

    def _read_mapping(self, mapping: Mapping[Any, Any]) -> Condition:
        parts: list[Condition] = []
        for name, value in mapping.items():
            head, _, path = str(name).partition(".")
            if head in self.heading:
                parts.append(self._read_pair(self.heading[head], value, tuple(path.split(".")) if path else ()))
        if mapping and not parts:
            self.vacuous = True
            warnings.warn(
                f"the restriction {shorten(dict(mapping))} names no attribute of this query, so it selects all rows: "
                f"the attributes are {', '.join(self.heading.names)}",
                UserWarning,
                stacklevel=_caller_depth(),
            )
        return conjunction(parts)

    def _read_pair(self, attribute: Attribute, value: Any, path: tuple[str, ...]) -> Condition:
        kind = attribute.type.kind if attribute.type and not path else "json" if path else ""
        if is_null(value, "" if kind == "json" else kind):
            return Equals(attribute.name, attribute.type, None, path)
        if isinstance(value, (list, tuple, set, frozenset, range)) or (
            type(value).__name__ in ("ndarray", "Series", "Index") and getattr(value, "ndim", 0) == 1
        ):
            return self._read_values(attribute, value, path)
        if attribute.type is None or path:
            return Equals(attribute.name, attribute.type, _plain(value), path)
        try:
            return Equals(attribute.name, attribute.type, restriction_value(attribute, value))
        except _OutOfDomain:
            return FALSE

    def _read_values(self, attribute: Attribute, values: Iterable[Any], path: tuple[str, ...]) -> Condition:
        rows: dict[tuple[Any, ...], None] = {}
        parts: list[Condition] = []
        for value in values:
            part = self._read_pair(attribute, value, path)
            if isinstance(part, Equals) and part.value is not None and not path and attribute.type is not None:
                rows[(part.value,)] = None
            elif part not in parts:
                parts.append(part)
        if rows and attribute.type is not None:
            parts.append(KeySet((attribute.name,), (attribute.type,), tuple(rows)))
        return disjunction(parts)

    def _read_sequence(self, sequence: Iterable[Any]) -> Condition:
        items = list(sequence)
        if items and all(type(item) is dict for item in items):
            return self._read_records(items)
        return disjunction([self.read(item) for item in items])

    def _read_records(self, records: list[Mapping[str, Any]]) -> Condition:
        """Records with the same attributes and no nulls become one set of keys, however many there are."""
        groups: dict[tuple[str, ...], dict[tuple[Any, ...], None]] = {}
        others: list[Condition] = []
        readers: dict[str, tuple[AttributeType, Callable[[Any], Any]]] = {}
        for name, attribute in self.heading.items():
            if attribute.type is not None:
                readers[name] = attribute.type, _value_reader(attribute)
        shapes: dict[tuple[Any, ...], tuple[str, ...]] = {}
        for record in records:
            shape = tuple(record)
            names = shapes.get(shape)
            if names is None:
                names = shapes[shape] = tuple(name for name in self.heading if name in record)
            try:
                if names and all(name in readers for name in names):
                    row = tuple([readers[name][1](record[name]) for name in names])
                    groups.setdefault(names, {})[row] = None
                    continue
            except _OutOfDomain:
                continue
            except _NotPlain:
                pass
            others.append(self._read_mapping(record))
        for names, rows in groups.items():
            others.append(KeySet(names, tuple(readers[name][0] for name in names), tuple(rows)))
        return disjunction(others)


class _OutOfDomain(Exception):
    """The value can be no value of the attribute, so no row matches it."""


class _NotPlain(Exception):
    """A null or a list of values: not for a set of keys."""


def _value_reader(attribute: Attribute) -> Callable[[Any], Any]:
    type_ = attribute.type
    assert type_ is not None
    kind = type_.kind
    exact = {"integer": int, "string": str}.get(kind)

    def read(value: Any) -> Any:
        if type(value) is exact:
            if exact is int and not type_.core.low <= value <= type_.core.high:
                raise _OutOfDomain
            if exact is str and "\0" in value:
                raise _OutOfDomain
            return value
        if is_null(value, kind) or isinstance(value, (list, tuple, set, frozenset)):
            raise _NotPlain
        return restriction_value(attribute, value)

    return read


def restriction_value(attribute: Attribute, value: Any) -> Any:
    """The canonical form of a value to compare with. Values outside of the domain match nothing."""
    type_ = attribute.type
    assert type_ is not None
    if type_.kind in ("blob", "object", "codec", "bytes"):
        if type_.kind == "bytes":
            return canonical(type_, value)
        raise DataJointError(f"{attribute.name} is a {type_}, which cannot be compared in a restriction")
    if type_.kind == "string" and isinstance(value, str):
        return str(value) if "\0" not in value else _raise_out_of_domain()
    if type_.kind == "integer" and isinstance(value, float) and value != value // 1:
        raise _OutOfDomain
    try:
        return canonical(type_, value)
    except InvalidValueError as error:
        message = str(error)
        if "out of range" in message or "more than the" in message or "is not one of" in message:
            raise _OutOfDomain from None
        raise InvalidValueError(f"in the restriction {attribute.name}={shorten(value)}: {error}") from None


def _raise_out_of_domain() -> Any:
    raise _OutOfDomain


def _plain(value: Any) -> Any:
    return value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value


def _checked_text(text: str) -> str:
    if not text.strip():
        raise DataJointError("the restriction is an empty text: leave it out, or write a condition such as 'age > 3'")
    if "\0" in text:
        raise DataJointError("the restriction holds a NUL character")
    return text


def _caller_depth() -> int:
    """Frames between here and the user's line, so that a warning points at it."""
    import sys  # noqa: PLC0415  only needed for a warning

    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and "datajoint_lab" in frame.f_code.co_filename:
        depth, frame = depth + 1, frame.f_back
    return depth


def as_records(value: Any) -> list[Mapping[str, Any]] | None:
    """The rows of a frame, a structured array or a record as mappings; None for other things."""
    module = type(value).__module__.partition(".")[0]
    if module == "numpy":
        names = getattr(getattr(value, "dtype", None), "names", None)
        if not names:
            return None
        rows = [value] if getattr(value, "ndim", 0) == 0 else value.ravel()
        return [{name: row[name] for name in names} for row in rows]
    if module == "pandas" and type(value).__name__ == "DataFrame":
        frame = value.reset_index() if any(value.index.names) else value
        return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
    if module == "polars" and type(value).__name__ == "DataFrame":
        return list(value.to_dicts())
    if module == "pyarrow" and type(value).__name__ == "Table":
        return list(value.to_pylist())
    return None


def conjunction(parts: list[Condition]) -> Condition:
    """All of the parts; nothing to ask for is true."""
    if FALSE in parts:
        return FALSE
    parts = [part for part in parts if part != TRUE]
    return parts[0] if len(parts) == 1 else All(tuple(parts)) if parts else TRUE


def disjunction(parts: list[Condition]) -> Condition:
    """Any of the parts; of nothing, nothing is true."""
    if TRUE in parts:
        return TRUE
    parts = [part for part in parts if part != FALSE]
    return parts[0] if len(parts) == 1 else Any_(tuple(parts)) if parts else FALSE


def negate(part: Condition) -> Condition:
    """The opposite of a condition."""
    return Constant(not part.value) if isinstance(part, Constant) else Negation(part)
