/** What Python shows us: one page of a query. Mirrors `_frame` in `table_view.py`. */
export interface Column {
  name: string;
  type: string;
  /** The parent table that a foreign key refers to. */
  parent: string;
  unit: string;
  comment: string;
  key: boolean;
  numeric: boolean;
  sortable: boolean;
}

/** A text that is not the whole value: `more` characters were cut, `full` is all of it, `soft` words stand for it. */
export interface Shown {
  text: string;
  more: number;
  full: string;
  soft: boolean;
}

/** Plain text, null, part of a value, or the type of one that is not fetched before it is asked for. */
export type Cell = string | null | Shown | { opaque: string };

export interface Frame {
  name: string;
  tier: string;
  comment: string;
  columns: Column[];
  rows: Cell[][];
  sort: { name: string; descending: boolean } | null;
  /** How many rows stand before this page; null when nobody counted. */
  start: number | null;
  total: number | null;
  before: boolean;
  after: boolean;
}
