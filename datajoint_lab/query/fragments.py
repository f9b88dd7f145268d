"""The user's own SQL snippets, made portable.

Snippets are read in MySQL's dialect, which is DataJoint's habit, and written for the
database at hand: sqlglot does the grammar, the backend's `rewrite` what sqlglot leaves.
What sqlglot cannot read is passed through untouched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..definition.types import AttributeType
from ..errors import QuerySyntaxError, UnknownAttributeError, did_you_mean, shorten
from .dialect import Dialect
from .heading import Heading

if TYPE_CHECKING:
    from sqlglot import exp

INT64, FLOAT64, BOOL, TEXT = (AttributeType(name) for name in ("int64", "float64", "bool", "text"))
_WORD = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|[A-Za-z_]\w*(?!\w*\s*\()")


@lru_cache(maxsize=1024)
def _parse(text: str) -> exp.Expression | None:
    """The syntax tree of a snippet, or None when it is not MySQL that sqlglot can read."""
    import logging  # noqa: PLC0415  needed with sqlglot only

    import sqlglot  # noqa: PLC0415  0.1 s, and many sessions restrict by values alone
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    logger = logging.getLogger("sqlglot")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # it warns of what it cannot read; we say so ourselves
    try:
        tree: Any = sqlglot.parse_one(text, read="mysql")
    except SqlglotError:
        return None
    finally:
        logger.setLevel(level)
    # A semicolon, a SELECT or any other statement is not an expression.
    return tree if isinstance(tree, sqlglot.exp.Condition) and not isinstance(tree, sqlglot.exp.Block) else None


def parse(text: str, heading: Heading) -> exp.Expression | None:
    """A fresh syntax tree of a snippet, or None when it cannot be read.

    Raises `QuerySyntaxError` for a snippet that holds a second statement.
    """
    tree = _parse(text)
    if tree is None:
        # An attribute may be named like a word of SQL: quote the attributes and try again.
        tree = _parse(_WORD.sub(lambda m: f"`{m.group()}`" if m.group() in heading else m.group(), text))
    if tree is None:
        _refuse_statements(text)
        return None
    return tree.copy()


def _refuse_statements(text: str) -> None:
    bare = re.sub(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`", "''", text)
    for mark, name in ((";", "a semicolon"), ("--", "a comment"), ("/*", "a comment")):
        if mark in bare:
            raise QuerySyntaxError(f"the expression {shorten(text)} holds {name}: write one expression, without statements")


def examine(text: str, heading: Heading) -> tuple[AttributeType | None, frozenset[str]]:
    """The type of a snippet's value, where it can be known, and the attributes it names.

    Raises `UnknownAttributeError` for a name that is no attribute.
    """
    tree = parse(text, heading)
    if tree is None:
        return None, frozenset(word for word in re.findall(r"[A-Za-z_]\w*", text) if word in heading)
    names = frozenset(_attribute_of(column, heading, text) for column in _columns(tree))
    return infer(tree, heading), names


def _columns(tree: exp.Expression) -> list[exp.Column]:
    from sqlglot import exp  # noqa: PLC0415  loaded by the parse before

    return list(tree.find_all(exp.Column))


def _attribute_of(column: exp.Column, heading: Heading, text: str) -> str:
    """The attribute that a column of a snippet names; a dotted one is a path inside of a JSON attribute."""
    parts = [part.name for part in column.parts]
    name = parts[0]
    if name not in heading:
        hint = did_you_mean(name, heading.names)
        advice = hint or f"the attributes are {', '.join(heading.names)}; a text value needs quotes"
        raise UnknownAttributeError(f"unknown attribute {name} in {shorten(text)}: {advice}")
    if len(parts) > 1:
        type_ = heading[name].type
        if type_ is not None and type_.kind not in ("json", "object", "codec"):
            raise UnknownAttributeError(f"{'.'.join(parts)} in {shorten(text)}: {name} is a {type_}, and only JSON has paths")
    return name


def translate(
    text: str,
    heading: Heading,
    columns: Mapping[str, str],
    dialect: Dialect,
    count_marker: str | None = None,
) -> str | None:
    """Write a snippet for a database, with each attribute replaced by the SQL of its column.

    Returns None when the snippet cannot be read. `count_marker` is a column that is null
    exactly in the rows without a match, so that `count(*)` does not count those.
    """
    from sqlglot import exp  # noqa: PLC0415  loaded by the parse

    tree = parse(text, heading)
    if tree is None:
        return None
    for column in _columns(tree):
        _attribute_of(column, heading, text)
    tree = dialect.rewrite(tree, lambda node: infer(node, heading))

    def replace(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column):
            name, *path = (part.name for part in node.parts)
            if path:
                return exp.Var(this=dialect.json_value(columns[name], tuple(path), _wanted(node)))
            return exp.Var(this=columns[name])
        if count_marker and isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
            return exp.Count(this=exp.Var(this=count_marker))
        return node

    sql: str = tree.transform(replace).sql(dialect=dialect.sqlglot_name, comments=False)
    return sql


def _wanted(node: exp.Expression) -> str:
    """Whether the context of a JSON path asks for a number, a truth value, or text."""
    from sqlglot import exp  # noqa: PLC0415

    parent = node.parent
    if isinstance(parent, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Sum, exp.Avg)):
        return "number"
    if isinstance(parent, (exp.Binary, exp.Between, exp.In)):
        others = [other for other in parent.iter_expressions() if other is not node]
        if any(isinstance(other, exp.Boolean) for other in others):
            return "bool"
        if any(isinstance(leaf, exp.Literal) and not leaf.is_string for other in others for leaf in other.find_all(exp.Literal)):
            return "number"
    return "text"


def infer(node: exp.Expression, heading: Heading) -> AttributeType | None:
    """The type of an expression's value where the expression tells it, else None."""
    from sqlglot import exp  # noqa: PLC0415

    def of(child: Any) -> AttributeType | None:
        return infer(child, heading) if isinstance(child, exp.Expression) else None

    if isinstance(node, (exp.Paren, exp.Neg, exp.Distinct, exp.Abs)):
        inner = node.expressions[0] if isinstance(node, exp.Distinct) else node.this
        return of(inner)
    if isinstance(node, exp.Column):
        name, *path = (part.name for part in node.parts)
        return heading[name].type if name in heading and not path else None
    if isinstance(node, exp.Literal):
        return TEXT if node.is_string else INT64 if node.this.isdigit() else FLOAT64
    if isinstance(node, (exp.Count, exp.Length)):
        return INT64
    if isinstance(node, (exp.Predicate, exp.Not, exp.And, exp.Or, exp.Boolean)):
        return BOOL
    if isinstance(node, (exp.Min, exp.Max)):
        return of(node.this) if not node.expressions else None
    if isinstance(node, exp.Sum):
        return _numeric_result(of(node.this))
    if isinstance(node, (exp.Avg, exp.Div, exp.Sqrt, exp.Stddev, exp.StddevPop, exp.Variance, exp.VariancePop)):
        return FLOAT64
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Mod)):
        return _combined(of(node.this), of(node.expression))
    if isinstance(node, (exp.Concat, exp.Lower, exp.Upper, exp.DPipe, exp.Substring, exp.GroupConcat, exp.Trim)):
        return TEXT
    if isinstance(node, (exp.Year, exp.Month, exp.Day, exp.DateDiff, exp.TimestampDiff)):
        return INT64
    return _infer_choice(node, of)


def _infer_choice(node: exp.Expression, of: Callable[[Any], AttributeType | None]) -> AttributeType | None:
    """The type of expressions that pick one of several values, when all have the same type."""
    from sqlglot import exp  # noqa: PLC0415

    branches: list[Any] = []
    if isinstance(node, exp.Coalesce):
        branches = [node.this, *node.expressions]
    elif isinstance(node, exp.If):
        branches = [node.args.get("true"), node.args.get("false")]
    elif isinstance(node, exp.Case):
        branches = [branch.args.get("true") for branch in node.args.get("ifs", [])]
        branches += [node.args["default"]] if node.args.get("default") else []
    types = [of(branch) for branch in branches if branch is not None and not isinstance(branch, exp.Null)]
    if not types or any(type_ is None for type_ in types):
        return None
    first = types[0]
    assert first is not None
    if all(type_ == first for type_ in types):
        return first
    kinds = {type_.kind for type_ in types if type_}
    if kinds <= {"string", "enum"}:
        return TEXT
    if kinds == {"integer"}:
        return INT64
    return FLOAT64 if kinds <= {"integer", "float"} else None


def _numeric_result(type_: AttributeType | None) -> AttributeType | None:
    """The type of a sum: integers and truth values add up to an integer, decimals stay exact."""
    if type_ is None:
        return None
    if type_.kind in ("integer", "bool"):
        return INT64
    if type_.kind == "decimal":
        return AttributeType("decimal", (65, type_.digits[1]))
    return FLOAT64 if type_.kind == "float" else None


def _combined(left: AttributeType | None, right: AttributeType | None) -> AttributeType | None:
    kinds = {type_.kind if type_ else None for type_ in (left, right)}
    if kinds <= {"integer", "bool"}:
        return INT64
    return FLOAT64 if kinds <= {"integer", "bool", "float"} else None
