"""What the commands share: the shell, the schema in use, and how names and expressions are read."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import Any

from ..backends import conn
from ..errors import DataJointError, did_you_mean
from ..query.expression import QueryExpression, U
from ..schema.catalog import catalog_of
from ..schema.confirm import confirmed
from ..schema.schema import Schema
from ..schema.table import Table, TableMeta
from .cells.module import Declared
from .place import Place


class Session:
    """One notebook (or terminal) in which the extension is loaded."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.declared: dict[tuple[str, str], Declared] = {}
        """The tables that cells have declared, by schema and class, in that order; for `%dj save`."""
        self._schema: Schema | None = None

    # -- the notebook -----------------------------------------------------------------

    @property
    def namespace(self) -> dict[str, Any]:
        """The variables of the notebook."""
        variables: dict[str, Any] = self.shell.user_ns
        return variables

    def say(self, text: str) -> None:
        """Print a line for the person at work."""
        print(text)  # noqa: T201  commands answer in the notebook

    def confirm(self, what: str, question: str) -> bool:
        """Ask before something is lost. Raises `DataJointError` where nobody can answer."""
        return confirmed(True, what, question)

    # -- schemas ----------------------------------------------------------------------

    def schemas(self) -> list[Schema]:
        """The schema in use, and the active ones among the notebook's variables; each once."""
        found = [self._schema] if self._schema is not None else []
        for name, value in list(self.namespace.items()):
            if isinstance(value, Schema) and value.name is not None and not name.startswith("_"):
                found.append(value)
        unique: dict[tuple[str, int], Schema] = {}
        for schema in found:
            unique.setdefault((schema.database, id(schema.connection)), schema)
        return list(unique.values())

    def schema(self) -> Schema:
        """The schema that cells declare tables in: the chosen one, or the only active one.

        Raises `DataJointError` when there is none, or more than one to choose from.
        """
        found = self.schemas()
        if self._schema is not None or len(found) == 1:
            return found[0]
        if not found:
            raise DataJointError(
                "no schema is in use", "choose one, which makes it where it is missing: %dj schema imaging"
            )
        names = ", ".join(schema.database for schema in found)
        raise DataJointError(f"several schemas are active: {names}", f"choose one: %dj schema {found[0].database}")

    def connection(self) -> Any:
        """The connection of the schema in use, or else the default one."""
        schemas = self.schemas()
        return schemas[0].connection if schemas else conn()

    def use(self, schema: Schema | None) -> None:
        """Declare tables in this schema from now on; None lets the notebook's variables decide."""
        self._schema = schema

    # -- names and expressions --------------------------------------------------------

    def find(self, name: str) -> Any:
        """The variable of that name, or the table that an active schema holds under it; None when there is neither."""
        if name in self.namespace:
            return self.namespace[name]
        for schema in self.schemas():
            if name in schema:
                return schema[name]
        for schema in self.schemas():
            # Somebody else may have declared it since the schema was read.
            catalog_of(schema.connection).refresh(schema.database)
            if name in schema:
                return schema[name]
        return None

    def known(self) -> Iterator[str]:
        """The names of tables that may be written in an expression."""
        for name, value in list(self.namespace.items()):
            if isinstance(value, TableMeta) and not name.startswith("_"):
                yield name
        for schema in self.schemas():
            yield from (name for name in schema._ipython_key_completions_() if "." not in name)

    def evaluate(self, text: str, place: Place) -> Any:
        """The value of an expression; its names are variables of the notebook, or tables of the active schemas.

        Raises `CommandError` for what is no expression or an unknown name, and what the expression raises.
        """
        if not text.strip():
            raise place.error("an expression is missing: name a table, or a query such as Image & 'year > 2020'")
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except SyntaxError as error:
            at = (error.text or "").strip()[(error.offset or 1) - 1 :].split(" ")[0]
            raise place.error(f"this is no expression: {error.msg}", at=at) from None
        variables = dict(self.namespace)
        for name in free_names(tree):
            if name not in variables and (value := self.find(name)) is not None:
                variables[name] = value
            elif name not in variables and not hasattr(builtins, name):
                advice = did_you_mean(name, {*self.known()}) or "%dj list shows the tables"
                raise place.error(f"there is no table and no variable {name}", advice, name)
        try:
            # The person's own code, in the person's own notebook: what a cell of Python would do as well.
            return eval(compile(tree, "<%dj>", "eval"), variables)  # noqa: S307
        except DataJointError as error:
            raise place.locate(error, word_at_fault(error, text)) from error

    def query(self, text: str, place: Place) -> QueryExpression:
        """The query that an expression stands for; raises `CommandError` when it is none."""
        value = self.evaluate(text, place)
        if isinstance(value, TableMeta):
            value = value()
        if not isinstance(value, QueryExpression):
            hint = (
                "dj.U(...) needs a query: dj.U('a') & Image"
                if isinstance(value, U)
                else "name a table, or combine tables"
            )
            raise place.error(f"this is no query, but a {type(value).__name__}", hint, text.strip())
        return value

    def table(self, text: str, place: Place) -> Table:
        """The table that an expression stands for, perhaps restricted; raises `CommandError` when it is none."""
        query = self.query(text, place)
        if not isinstance(query, Table):
            raise place.error(
                "this is a query, and a table is needed", "name a table, or restrict one: Image & 'year > 2020'"
            )
        return query


def free_names(tree: ast.AST) -> list[str]:
    """The names that an expression reads and does not bind itself, in order.

    >>> free_names(ast.parse("Image & [dict(n=i) for i in wanted]", mode="eval"))
    ['Image', 'dict', 'wanted']
    """
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    read = sorted((n for n in names if n.id not in bound), key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in read))


def word_at_fault(error: DataJointError, text: str) -> str:
    """The first word of a message that stands in the text as well, and is no plain word of the message."""
    plain = {"there", "is", "no", "a", "the", "of", "in", "and", "table", "attribute", "unknown", "query", "here", "to"}
    words = str(error.args[0] if error.args else "").replace(":", " ").replace("'", " ").replace(",", " ").split()
    return next((word for word in words if word.isidentifier() and word not in plain and word in text), "")
