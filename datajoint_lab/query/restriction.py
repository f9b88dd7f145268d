"""What may stand to the right of `&`: texts, mappings, sequences, queries, frames, arrays, truth values.

`normalize` turns it into a tree of frozen conditions, checked against the heading that it restricts.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..definition.domains import canonical, is_null
from ..errors import DataJointError, InvalidValueError, UnknownAttributeError, shorten
from .conditions import (
    FALSE,
    TRUE,
    AndList,
    Compares,
    Condition,
    Constant,
    Equals,
    Exists,
    KeySet,
    Native,
    Normalized,
    Not,
    conjunction,
    disjunction,
    negate,
)
from .fragments import check
from .heading import Attribute, Heading
from .keys import NotPlainError, OutOfDomainError, as_columns, as_rows, comparable, key_rows
from .nodes import Node, Snippet
from .ordering import After, read_order
from .semantics import match

if TYPE_CHECKING:
    from .expression import QueryExpression

_STEP = re.compile(r"\.([^.\[\]:]+)|\[(\d+)\]")


def normalize(
    condition: Any, heading: Heading, *, semantic_check: bool = True, node: Node | None = None, connection: Any = None
) -> Normalized:
    """Turn what a user restricts by into a `Condition` for a table of this heading.

    Raises `DataJointError` for what cannot be a condition, `UnknownAttributeError` for a text that names
    no attribute, `InvalidValueError` for a value of the wrong type, `SemanticMatchError` for a query that
    cannot be matched.
    """
    normalizer = _Normalizer(heading, semantic_check, node, connection)
    return Normalized(normalizer.read(condition), normalizer.vacuous)


class _Normalizer:
    def __init__(self, heading: Heading, semantic_check: bool, node: Node | None, connection: Any) -> None:
        self.heading = heading
        self.semantic_check = semantic_check
        self.node, self.connection = node, connection
        self.vacuous = False

    def read(self, condition: Any) -> Condition:
        if isinstance(condition, dict):
            return self._read_mapping(condition)
        if isinstance(condition, str):
            text = _checked_text(condition)
            check(text, self.heading)
            return Snippet(text)
        if condition is None:
            return TRUE
        if isinstance(condition, bool) or (
            type(condition).__module__ == "numpy" and type(condition).__name__ in ("bool", "bool_")
        ):
            return Constant(bool(condition))
        if isinstance(condition, Native):
            return Snippet(_checked_text(condition.sql), native=True)
        if isinstance(condition, Not):
            return negate(self.read(condition.restriction))
        if isinstance(condition, AndList):
            return conjunction([self.read(part) for part in condition])
        found = self._read_after(condition) if isinstance(condition, After) else self._read_expression(condition)
        if found is not None:
            return found
        if isinstance(condition, Mapping):
            return self._read_mapping(condition)
        columns = as_columns(condition)
        if columns is not None:
            return self._read_columns(columns)
        if isinstance(condition, Iterable) and not isinstance(condition, (bytes, bytearray, memoryview)):
            return self._read_sequence(condition)
        raise DataJointError(
            f"a query cannot be restricted by {shorten(condition)}, a {type(condition).__name__}: "
            "use a text, a mapping, a sequence of these, or another query"
        )

    def _read_expression(self, condition: Any) -> Condition | None:
        """A query, a class of one, `dj.U` or `dj.Top`; None for anything else."""
        from .expression import QueryExpression, Top, U

        if isinstance(condition, type) and issubclass(condition, (QueryExpression, Top)):
            made: Any = condition
            condition = made()
        if isinstance(condition, Top):
            raise DataJointError(
                "dj.Top cuts a whole query, so it cannot stand inside of a list: write query & dj.Top(...)"
            )
        if isinstance(condition, U):
            for name in condition.primary_key:
                self.heading[name]
            return TRUE
        return self._read_query(condition) if isinstance(condition, QueryExpression) else None

    def _read_query(self, query: QueryExpression) -> Condition:
        from .expression import check_connections

        if self.connection is not None:
            check_connections(self.connection, query.connection)
        found = match(
            self.heading,
            query.heading,
            check=self.semantic_check,
            left_node=self.node,
            right_node=query.node,
            label=query._title(),
        )
        return Exists(query.node, found.on, found.nulls_agree)

    def _read_after(self, after: After) -> Condition:
        """Behind the row in the first term of the order, or level there and behind it in the rest."""
        terms = read_order(after.order_by, self.heading) or ()
        found: Condition = Constant(after.or_equal)
        for name, descending in reversed(terms):
            type_ = self.heading[name].type
            if name not in after.row or after.row[name] is None or type_ is None:
                raise DataJointError(f"dj.After needs a value of {name}, which the order goes by, and its type")
            value, sign = canonical(type_, after.row[name]), "<" if descending else ">"
            beyond, level = Compares(name, type_, sign, value), Compares(name, type_, f"{sign}=", value)
            # The comparison that includes equals lets the database walk its index; the others decide among them.
            found = conjunction([level, disjunction([beyond, found])])
        return found

    # -- mappings ---------------------------------------------------------------------

    def _read_mapping(self, mapping: Mapping[Any, Any]) -> Condition:
        parts: list[Condition] = []
        attributes = self.heading.by_name
        for name, value in mapping.items():
            attribute = attributes.get(name)
            if attribute is not None:
                parts.append(self._read_pair(attribute, value, ()))
            elif isinstance(name, str) and ("." in name or "[" in name):
                head, path = _split_path(name)
                if head in attributes:
                    parts.append(self._read_pair(self._with_paths(attributes[head], name), value, path))
        if mapping and not parts:
            self._warn_vacuous(mapping)
        return conjunction(parts)

    @staticmethod
    def _with_paths(attribute: Attribute, name: str) -> Attribute:
        if attribute.type is not None and attribute.type.kind not in ("json", "object", "codec"):
            raise UnknownAttributeError(f"{name}: {attribute.name} is a {attribute.type}, and only JSON has paths")
        return attribute

    def _warn_vacuous(self, mapping: Mapping[Any, Any]) -> None:
        self.vacuous = True
        warnings.warn(
            f"the restriction {shorten(dict(mapping))} names no attribute of this query, so it selects all rows: "
            f"the attributes are {', '.join(self.heading.names) or 'none'}",
            UserWarning,
            stacklevel=_caller_depth(),
        )

    def _read_pair(self, attribute: Attribute, value: Any, path: tuple[str, ...]) -> Condition:
        kind = "json" if path else attribute.type.kind if attribute.type is not None else ""
        if is_null(value, "" if kind == "json" else kind):
            return Equals(attribute.name, attribute.type, None, path)
        if _is_list(value) and not (kind == "json" and not path):
            return self._read_values(attribute, value, path)
        if path or attribute.type is None or kind == "json":
            return Equals(attribute.name, attribute.type, _plain(attribute, value, path), path)
        try:
            return Equals(attribute.name, attribute.type, comparable(attribute, value))
        except OutOfDomainError:
            return FALSE

    def _read_values(self, attribute: Attribute, values: Iterable[Any], path: tuple[str, ...]) -> Condition:
        values = list(values)
        if not path and attribute.type is not None and values:
            try:
                rows = key_rows({attribute.name: values}, [attribute])
            except NotPlainError:
                pass
            else:
                return KeySet((attribute.name,), (attribute.type,), rows) if rows else FALSE
        nulls = [value for value in values if is_null(value, "")]
        others = [value for value in values if not is_null(value, "")]
        if nulls and others and not path:
            return disjunction([self._read_values(attribute, others, path), self._read_pair(attribute, None, path)])
        return disjunction(_distinct([self._read_pair(attribute, value, path) for value in values]))

    # -- sequences --------------------------------------------------------------------

    def _read_sequence(self, sequence: Iterable[Any]) -> Condition:
        items = list(sequence)
        if not items:
            return FALSE
        records = [item for item in items if type(item) is dict]
        parts = [self._read_records(records)] if records else []
        return disjunction([*parts, *(self.read(item) for item in items if type(item) is not dict)])

    def _read_records(self, records: list[dict[str, Any]]) -> Condition:
        """Records with the same fields and no nulls become one set of keys, however many there are."""
        shapes: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        first = records[0].keys()
        if all(record.keys() == first for record in records):
            shapes[tuple(first)] = records
        else:
            for record in records:
                shapes.setdefault(tuple(sorted(map(str, record))), []).append(record)
        parts = []
        for group in shapes.values():
            names = [name for name in self.heading.names if name in group[0]]
            dotted = any(isinstance(name, str) and ("." in name or "[" in name) for name in group[0])
            columns = {name: [record[name] for record in group] for name in names}
            parts.append(self._read_columns(columns, group if dotted or not names else None, whole=group[0]))
        return disjunction(parts)

    def _read_columns(
        self,
        columns: Mapping[str, Any],
        records: list[dict[str, Any]] | None = None,
        whole: Mapping[Any, Any] | None = None,
    ) -> Condition:
        attributes = [self.heading[name] for name in self.heading.names if name in columns]
        if records is None and not attributes:
            rows = len(next(iter(columns.values()), ()))
            if rows and columns:
                self._warn_vacuous(whole or as_rows(columns)[0])
            return Constant(bool(rows))
        if records is None and all(attribute.type is not None for attribute in attributes):
            try:
                rows_ = key_rows(columns, attributes)
            except NotPlainError:
                pass
            else:
                names, types = tuple(a.name for a in attributes), tuple(a.type for a in attributes)
                return KeySet(names, types, rows_) if rows_ else FALSE  # type: ignore[arg-type]  # all have types here
        records = records if records is not None else as_rows({a.name: columns[a.name] for a in attributes})
        return self._read_one_by_one(records)

    def _read_one_by_one(self, records: list[dict[str, Any]]) -> Condition:
        """Records with nulls or lists among their values; those that have neither still become one set of keys."""
        plain: dict[tuple[str, ...], dict[tuple[Any, ...], None]] = {}
        parts: list[Condition] = []
        for record in records:
            part = self._read_mapping(record)
            pairs = part.parts if not isinstance(part, (Equals, KeySet)) and hasattr(part, "parts") else (part,)
            if all(
                isinstance(pair, Equals) and pair.value is not None and pair.type is not None and not pair.path
                for pair in pairs
            ):
                equal = {pair.name: pair.value for pair in pairs if isinstance(pair, Equals)}
                plain.setdefault(tuple(equal), {})[tuple(equal.values())] = None
            else:
                parts.append(part)
        sets: list[Condition] = []
        for names, rows in plain.items():
            types = tuple(self.heading[name].type for name in names)
            sets.append(KeySet(names, types, tuple(rows)))  # type: ignore[arg-type]  # all have types here
        return disjunction([*sets, *_distinct(parts)])


def _distinct(parts: list[Condition]) -> list[Condition]:
    try:
        return list(dict.fromkeys(parts))
    except TypeError:  # values inside of JSON may be lists
        return parts


def _is_list(value: Any) -> bool:
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return True
    return type(value).__name__ in ("ndarray", "Series", "Index") and getattr(value, "ndim", 0) == 1


def _plain(attribute: Attribute, value: Any, path: tuple[str, ...]) -> Any:
    """A value that a computed attribute or a part of JSON is compared with: one that drivers can bind."""
    import datetime as dt
    from decimal import Decimal
    from uuid import UUID

    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    allowed = (bool, int, float, str, bytes, Decimal, dt.date, dt.time, dt.timedelta, UUID)
    if path or (attribute.type is not None and attribute.type.kind == "json"):
        allowed = (bool, int, float, str, dict, list)  # type: ignore[assignment]  # other types for JSON
    if not isinstance(value, allowed):
        where = ".".join((attribute.name, *path))
        raise InvalidValueError(
            f"in the restriction {where}={shorten(value)}: a {type(value).__name__} cannot be compared there"
        )
    return value


def _split_path(name: str) -> tuple[str, tuple[str, ...]]:
    """`params.steps[0].rate` as an attribute and a path; a type behind a colon is for the reader."""
    head = re.split(r"[.\[]", name, maxsplit=1)[0]
    rest = name[len(head) :].partition(":")[0]
    return head, tuple(step or index for step, index in _STEP.findall(rest))


def _checked_text(text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise DataJointError("the restriction is an empty text: leave it out, or write a condition such as 'age > 3'")
    if "\0" in text:
        raise DataJointError("the restriction holds a NUL character")
    return text


def _caller_depth() -> int:
    """Frames between here and the user's line, so that a warning points at it."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and "datajoint_lab" in frame.f_code.co_filename:
        depth, frame = depth + 1, frame.f_back
    return depth
