"""One table of a cell -> its class, as if it had been written in Python."""

from __future__ import annotations

import ast
from typing import Any

from ...compute import Computed, Imported
from ...schema.table import Table, TableMeta
from ...schema.tiers import Lookup, Manual, Part
from ..session import Session
from .blocks import Block, Lines

BASES: dict[str, type[Table]] = {"manual": Manual, "lookup": Lookup, "imported": Imported, "computed": Computed}


def make_class(session: Session, block: Block) -> type[Table]:
    """The class of a block, with its parts as attributes. Imports of its Python land in the notebook.

    Raises `CommandError` for Python that does not parse, and what running it raises.
    """
    namespace = session.namespace
    base = BASES[block.kind]
    imports, body = _python(block.code)
    shell = f"class {block.name}(base): pass"
    tree = ast.parse(shell)
    statement = tree.body[0]
    assert isinstance(statement, ast.ClassDef)
    statement.body = body or statement.body
    # Cached under a name of its own, with the lines of the cell, so that tracebacks and inspect show them.
    padded = "\n" * block.code.above + block.code.text + "\n"
    filename = session.shell.compile.cache(padded, session.shell.execution_count)
    scope: dict[str, Any] = {"base": base}
    # The person's own code, in the person's own notebook: what a cell of Python would do as well.
    exec(compile(ast.Module(imports, []), filename, "exec"), namespace)  # noqa: S102
    exec(compile(tree, filename, "exec"), namespace, scope)  # noqa: S102
    cls: type[Table] = scope[block.name]
    cls.definition = block.definition.text
    for part in block.parts:
        attributes = {
            "definition": part.definition.text,
            "__module__": cls.__module__,
            "__qualname__": f"{block.name}.{part.name}",
        }
        setattr(cls, part.name, TableMeta(part.name, (Part,), attributes))
    return cls


def _python(lines: Lines) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """The imports of a block's Python, and the rest of it, with the lines of the cell."""
    try:
        tree = ast.parse(lines.text)
    except SyntaxError as error:
        place = lines.place(error.lineno or 1)
        at = place.source[(error.offset or 1) - 1 :].split(" ")[0]
        raise place.error(f"this is no Python: {error.msg}", at=at) from None
    ast.increment_lineno(tree, lines.above)
    imports: list[ast.stmt] = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return imports, [node for node in tree.body if node not in imports]
