"""The Python source of a schema that is stored: a module that declares the same tables when it is imported or run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..backends import TableDesign
from .describe import describe
from .names import class_name, split_part, tier_of

_BASES = {
    "manual": "dj.Manual",
    "lookup": "dj.Lookup",
    "imported": "dj.Imported",
    "computed": "dj.Computed",
    "part": "dj.Part",
}

_NEIGHBOUR = '''
def _neighbour(name: str) -> object:
    """Load the schema.py of a schema that this one refers to, which lies beside it."""
    path = Path(__file__).parents[1] / name / "schema.py"
    specification = importlib.util.spec_from_file_location(f"{name}_schema", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module

'''


def python_source(schema: str, designs: Iterable[TableDesign]) -> str:
    """Return a module that declares tables of one schema; parents in other schemas come from modules beside it.

    The classes hold definitions only: what `make` computed is in the rows.
    """
    tables = {design.table: design for design in designs}
    others = sorted({key.schema for design in tables.values() for key in design.foreign_keys} - {schema})
    head = ['"""The tables of the schema ' + schema + ', as they were exported."""', ""]
    head += ["import importlib.util", "from pathlib import Path", ""] if others else []
    head += ["import datajoint_lab as dj", ""]
    lines = "\n".join(head)
    lines += _NEIGHBOUR if others else ""
    lines += "".join(f'\n{other} = _neighbour("{other}")' for other in others) + ("\n" if others else "")
    lines += f'\nschema = dj.Schema("{schema}")\n'
    for table in _in_order(tables):
        lines += "\n\n@schema\n" + _class(tables, table)
    return lines


def _class(tables: dict[str, TableDesign], table: str, indent: str = "") -> str:
    name = class_name(table).rpartition(".")[2]
    lines = [f"{indent}class {name}({_BASES[tier_of(table)]}):", f'{indent}    definition = """']
    text = describe(tables[table]).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    lines += [f"{indent}    {line}".rstrip() for line in text.rstrip("\n").split("\n")]
    lines += [f'{indent}    """', ""]
    body = "\n".join(lines)
    if split_part(table)[1] is None:
        for part in tables:
            master, own = split_part(part)
            if own is not None and master == table:
                body += "\n" + _class(tables, part, indent + "    ")
    return body


def _in_order(tables: dict[str, TableDesign]) -> Iterator[str]:
    """The masters, each after those that it or its parts refer to."""
    masters = {
        table: set[str]() for table in tables if split_part(table)[1] is None or split_part(table)[0] not in tables
    }
    for table, design in tables.items():
        own = split_part(table)[0] if split_part(table)[0] in masters else table
        for key in design.foreign_keys:
            other = split_part(key.table)[0]
            if key.schema == design.schema and other != own:
                masters[own].add(other if other in masters else key.table)
    while masters:
        ready = [table for table, needs in masters.items() if not needs & set(masters)] or list(masters)
        for table in ready:
            del masters[table]
            yield table
