"""The tables that cells have declared -> the text of a Python module."""

from __future__ import annotations

import ast
import textwrap
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO

from ...schema.table import Table
from .blocks import Block, Lines


@dataclass(frozen=True)
class Declared:
    """A table that a cell has declared: its text, and its class."""

    block: Block
    cls: type[Table]


def module_text(declared: Mapping[tuple[str, str], Declared]) -> str:
    """A module that declares the same tables. With tables of several schemas, each schema is a variable."""
    schemas = list(dict.fromkeys(schema for schema, _ in declared))
    imports = list(dict.fromkeys(line for each in declared.values() for line in _imports(each.block.code)))
    lines = ['"""Tables declared in a notebook."""', "", *imports, "import datajoint_lab as dj", ""]
    variables = {schema: "schema" if len(schemas) == 1 else f"schema_{schema}" for schema in schemas}
    lines += [f'{variable} = dj.Schema("{schema}")' for schema, variable in variables.items()]
    for (schema, _), each in declared.items():
        lines += ["", "", f"@{variables[schema]}", *_class(each.block, each.cls, "")]
    return "\n".join(lines) + "\n"


def _class(block: Block, cls: type[Table], indent: str) -> Iterator[str]:
    yield f"{indent}class {block.name}(dj.{block.kind.capitalize()}):"
    inner = f"{indent}    "
    definition = textwrap.dedent(block.definition.text).strip("\n").replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    yield f'{inner}definition = """'
    yield textwrap.indent(definition, inner)
    yield f'{inner}"""'
    if block.contents:
        yield f"{inner}contents = ["
        yield from (f"{inner}    {row!r}," for row in vars(cls)["contents"])
        yield f"{inner}]"
    for part in block.parts:
        yield ""
        yield from _class(part, vars(cls)[part.name], inner)
    body = _without_imports(block.code)
    if body:
        yield ""
        yield indented(body, inner)


def _imports(code: Lines) -> Iterator[str]:
    if code:
        for node in ast.parse(code.text).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                yield ast.unparse(node)


def _without_imports(code: Lines) -> str:
    if not code:
        return ""
    lines = code.text.splitlines()
    for node in ast.parse(code.text).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                lines[number - 1] = ""
    return "\n".join(lines).strip("\n")


def indented(code: str, indent: str) -> str:
    """Python text moved to the right; lines inside of a long string stay where they are."""
    fixed: set[int] = set()
    for token in tokenize.generate_tokens(StringIO(code).readline):
        if token.type != tokenize.NEWLINE and token.start[0] < token.end[0]:
            fixed.update(range(token.start[0] + 1, token.end[0] + 1))
    lines = enumerate(code.splitlines(), start=1)
    return "\n".join(line if number in fixed or not line.strip() else indent + line for number, line in lines)
