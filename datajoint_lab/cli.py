"""`dj-lab`: the command line. Each command is a function; its docstring is its help."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import datajoint_lab as dj

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 refused or failed, 2 misspelt."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["worker"]:
        from datajoint_lab.compute.worker import main as worker  # it has options of its own, and handles signals

        return worker(given[1:])
    parser = _parser()
    options = parser.parse_args(given)
    if options.command is None:
        parser.print_help()
        return 2
    try:
        if options.url and options.command is not doctor:
            dj.connect(options.url)
        command: Command = options.command
        return command(options)
    except dj.DataJointError as error:
        print(f"dj-lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dj-lab: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dj-lab", description="DataJoint for the lab, on the command line")
    parser.set_defaults(command=None, url=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    commands.add_parser("worker", help="Compute the jobs of tables until there are none left.", add_help=False)
    takes = {version: False, config: False, schemas: True, describe: True, diagram: True, doctor: True}
    for command, takes_url in takes.items():
        text = (command.__doc__ or "").strip()
        sub = commands.add_parser(command.__name__, help=text.splitlines()[0], description=text)
        sub.set_defaults(command=command)
        sub.add_argument("--json", action="store_true", help="for scripts")
        if takes_url:
            sub.add_argument("--url", help="the database; as configured when left out")
        if command is doctor:
            sub.add_argument(
                "schemas", nargs="*", metavar="URL | SCHEMA", help="the database, and the schemas to look at"
            )
        if command in (describe, diagram):
            sub.add_argument("schema", help="the schema")
        if command is describe:
            sub.add_argument("table", nargs="?", help="the class of one table; all of them when left out")
        if command is diagram:
            sub.add_argument(
                "-o", "--output", type=Path, help="a file: svg, png, pdf, dot, mermaid or html, by its ending"
            )
    return parser


def version(options: argparse.Namespace) -> int:
    """Print the version."""
    _print(options, {"version": dj.__version__}, dj.__version__)
    return 0


def config(options: argparse.Namespace) -> int:
    """Print the settings and where each comes from; secrets are masked."""
    items = [(item.key, str(item.value), item.source) for item in dj.config.items()]
    width = max(len(key) for key, _, _ in items)
    text = "\n".join(f"{key:<{width}}  {value}  ({source})" for key, value, source in items)
    _print(options, {key: {"value": value, "source": source} for key, value, source in items}, text)
    return 0


def schemas(options: argparse.Namespace) -> int:
    """List the schemas of the database."""
    names = dj.list_schemas()
    _print(options, names, "\n".join(names) or "no schemas yet")
    return 0


def describe(options: argparse.Namespace) -> int:
    """Print the definitions of a schema's tables, or of one table."""
    schema = dj.Schema(options.schema, create_schema=False)
    tables = [schema[options.table]] if options.table else [schema[name] for name in schema.list_tables()]
    found = {table().class_label: table().describe() for table in tables}
    _print(options, found, "\n".join(f"{name}\n{text}" for name, text in found.items()))
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Read a database and say what it holds, what cannot be read, and why; changes nothing."""
    from datajoint_lab.reference.doctor import doctor as examine  # only this command needs it

    named = list(options.schemas)
    url = named.pop(0) if named and "://" in named[0] else options.url
    connection = dj.connect(url) if url else dj.conn()
    for name in named:
        dj.Schema(name, connection=connection, create_schema=False)
    found = examine(connection, named)
    _print(options, found.to_dict(), str(found))
    return 0 if found else 1


def diagram(options: argparse.Namespace) -> int:
    """Draw the diagram of a schema: a listing, or a file with --output."""
    drawn = dj.Diagram(dj.Schema(options.schema, create_schema=False))
    if options.output is None:
        _print(options, str(drawn), str(drawn))
        return 0
    drawn.save(options.output)
    _print(options, {"file": str(options.output)}, f"wrote {options.output}")
    return 0


def _print(options: argparse.Namespace, value: Any, text: str) -> None:
    print(json.dumps(value, indent=2) if options.json else text)


if __name__ == "__main__":
    sys.exit(main())
