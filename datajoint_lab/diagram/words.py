"""What a diagram says in words: tooltips, counts, and the listing for terminals."""

from __future__ import annotations

from datajoint_lab.diagram.graph import Edge, Graph, Node
from datajoint_lab.display.text import GAP, one_line, pad, width_of


def counted(count: int, word: str, plural: str = "") -> str:
    """Return a count with its word in the right number.

    >>> counted(1, "table"), counted(3, "table")
    ('1 table', '3 tables')
    """
    return f"{count} {word if count == 1 else plural or word + 's'}"


def about(graph: Graph) -> str:
    """Return the size of a graph in words."""
    tables = sum(node.tables or 1 for node in graph.nodes)
    keys = sum(edge.count for edge in graph.edges)
    schemas = sorted({node.schema for node in graph.nodes})
    where = f" in {one_line(schemas[0])}" if len(schemas) == 1 else f" in {len(schemas)} schemas" if schemas else ""
    return f"{counted(tables, 'table')}{where}, {counted(keys, 'foreign key')}"


def about_node(node: Node) -> str:
    """Return the tooltip of a table: its tier, full name and definition."""
    if node.tables:
        return f"schema {one_line(node.schema)}: {counted(node.tables, 'table')}"
    head = f"{node.tier} table {one_line(node.full_name)}"
    return f"{head}\n{node.definition.strip()}" if node.definition.strip() else head


def about_edge(edge: Edge, graph: Graph) -> str:
    """Return the tooltip of a foreign key: which tables, and what kind of key."""
    child, parent = graph.by_name[edge.child], graph.by_name[edge.parent]
    ends = f"{one_line(child.label)} → {one_line(parent.label)}"
    if edge.count > 1:
        return f"{ends}, {counted(edge.count, 'foreign key')}"
    return ", ".join([ends, *kinds(edge, graph)])


def kinds(edge: Edge, graph: Graph) -> list[str]:
    """Return what there is to say about a foreign key, in words."""
    is_part = graph.by_name[edge.child].master == edge.parent
    said = ["part of its master" if is_part else "primary key" if edge.primary else "secondary"]
    if edge.one_to_one and not is_part:
        said.append("one to one")
    if edge.nullable:
        said.append("may be null")
    if edge.renamed:
        said.append("renamed " + ", ".join(f"{one_line(new)}={one_line(old)}" for new, old in edge.renamed))
    return said


def listing(graph: Graph) -> str:
    """Return the tables of a graph in topological order, each with its tier and its parents.

    >>> image = Node("imaging.image", "Image", "manual", "imaging")
    >>> mask = Node("imaging.mask", "Mask", "computed", "imaging")
    >>> print(listing(Graph.of([image, mask], [Edge("imaging.image", "imaging.mask")])))
    2 tables in imaging, 1 foreign key
    manual    Image
    computed  Mask   → Image
    """
    several = len({node.schema for node in graph.nodes}) > 1
    nodes = list(graph.topological())
    names = {node.full_name: _name(node, several=several) for node in nodes}
    tiers = {n.full_name: "schema" if n.tables else f"  {n.tier}" if n.tier == "part" else n.tier for n in nodes}
    tier_width = max((width_of(tier) for tier in tiers.values()), default=0)
    name_width = max((width_of(name) for name in names.values()), default=0)
    lines = [about(graph)]
    for node in nodes:
        keys = [_reference(edge, names, graph) for edge in graph.edges if edge.child == node.full_name]
        note = f"({counted(node.tables, 'table')})" if node.tables else ""
        arrow = f"→ {', '.join(keys)}" if keys else ""
        head = pad(tiers[node.full_name], tier_width) + GAP + pad(names[node.full_name], name_width)
        lines.append(GAP.join(filter(None, (head, note, arrow))).rstrip())
    return "\n".join(lines)


def _name(node: Node, *, several: bool) -> str:
    label = one_line(node.label)
    return label if node.tables or not several else f"{one_line(node.schema)}.{label}"


def _reference(edge: Edge, names: dict[str, str], graph: Graph) -> str:
    notes = [kind for kind in kinds(edge, graph) if kind not in ("primary key", "part of its master")]
    return names[edge.parent] + (f" ({', '.join(notes)})" if notes and edge.count == 1 else "")
