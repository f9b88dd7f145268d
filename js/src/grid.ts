/** The table itself: a real `<table>` of which one cell at a time is in the tab order. */
import { h } from "./dom";
import type { Cell, Column, Frame } from "./frame";

export interface Actions {
  sort(column: Column): void;
  page(where: "first" | "previous" | "next" | "last"): void;
  /** Tell what an opaque value is. */
  describe(row: number, column: number): Promise<string>;
}

export interface Grid {
  element: HTMLElement;
  show(frame: Frame): void;
  busy(is: boolean): void;
}

export function createGrid(actions: Actions): Grid {
  const table = h("table", { role: "grid" });
  const place = { row: 0, column: 0 };
  let cells: HTMLElement[][] = [];

  const moveTo = (row: number, column: number, focus: boolean) => {
    cells[place.row]?.[place.column]?.setAttribute("tabindex", "-1");
    place.row = clamp(row, cells.length - 1);
    place.column = clamp(column, (cells[place.row]?.length ?? 1) - 1);
    const cell = cells[place.row]?.[place.column];
    cell?.setAttribute("tabindex", "0");
    if (focus) cell?.focus();
  };

  table.addEventListener("keydown", (event) => {
    const go = KEYS[event.ctrlKey || event.metaKey ? `Ctrl+${event.key}` : event.key];
    if (!go || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (typeof go === "string") actions.page(go);
    else moveTo(place.row + go[0], place.column + go[1], true);
  });

  table.addEventListener("focusin", (event) => {
    const row = cells.findIndex((line) => line.includes(event.target as HTMLElement));
    if (row >= 0) moveTo(row, cells[row]?.indexOf(event.target as HTMLElement) ?? 0, false);
  });

  return {
    element: table,
    show(frame) {
      const focused = table.contains(document.activeElement);
      const headers = frame.columns.map((column) => header(column, frame, actions));
      const rows = frame.rows.map((row, r) =>
        frame.columns.map((column, c) => body(row[c] ?? null, r, c, column, actions)),
      );
      table.setAttribute("aria-label", frame.name);
      table.setAttribute("aria-rowcount", String(frame.total === null ? -1 : frame.total + 1));
      table.replaceChildren(
        h("thead", {}, h("tr", { "aria-rowindex": 1 }, ...headers.map(({ th }) => th))),
        h(
          "tbody",
          {},
          ...rows.map((row, r) =>
            h("tr", { "aria-rowindex": frame.start === null ? undefined : frame.start + r + 2 }, ...row),
          ),
        ),
      );
      cells = [headers.map(({ focus }) => focus), ...rows];
      moveTo(place.row, place.column, focused);
    },
    busy(is) {
      table.setAttribute("aria-busy", String(is));
    },
  };
}

const KEYS: Record<string, [number, number] | "first" | "previous" | "next" | "last"> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -1e9],
  End: [0, 1e9],
  PageUp: "previous",
  PageDown: "next",
  "Ctrl+Home": "first",
  "Ctrl+End": "last",
};

const clamp = (value: number, most: number) => Math.max(0, Math.min(value, most));

function header(column: Column, frame: Frame, actions: Actions) {
  const descending = frame.sort?.name === column.name ? frame.sort.descending : undefined;
  const label = [
    column.key ? h("span", { class: "djl-pk", title: "part of the primary key" }, "PK") : "",
    h("span", { class: "djl-name" }, column.name),
    column.parent ? h("span", { class: "djl-fk", title: `refers to ${column.parent}` }, "→") : "",
    descending === undefined ? "" : h("span", { class: "djl-sort", "aria-hidden": "true" }, descending ? "▼" : "▲"),
    h("small", {}, [column.type, column.unit, column.parent].filter(Boolean).join(" · ")),
  ];
  const th = h("th", { scope: "col", class: classes(column), title: column.comment || undefined });
  if (!column.sortable) {
    th.tabIndex = -1;
    th.append(h("span", { class: "djl-plain" }, ...label));
    return { th, focus: th };
  }
  const button = h("button", { type: "button", tabindex: -1, class: "djl-plain", click: () => actions.sort(column) });
  button.append(...label);
  th.append(button);
  th.setAttribute("aria-sort", ariaSort(descending));
  return { th, focus: button };
}

/** A column looks the same from its header down. */
function classes(column: Column): string | undefined {
  return [column.key && "djl-key", column.numeric && "djl-number"].filter(Boolean).join(" ") || undefined;
}

function ariaSort(descending: boolean | undefined): string {
  if (descending === undefined) return "none";
  return descending ? "descending" : "ascending";
}

function body(cell: Cell, r: number, c: number, column: Column, actions: Actions): HTMLElement {
  const element = h(column.key ? "th" : "td", { scope: column.key && "row", class: classes(column) });
  element.tabIndex = -1;
  if (cell === null) {
    element.append(h("span", { class: "djl-null" }, "null"));
  } else if (typeof cell === "string") {
    element.append(cell);
  } else if ("text" in cell) {
    element.append(cell.soft ? h("span", { class: "djl-blob" }, cell.text) : cell.text);
    if (cell.more) element.append(h("span", { class: "djl-null" }, ` (+${cell.more})`));
    if (cell.full) element.title = cell.full;
  } else {
    element.append(opaque(element, cell.opaque, () => actions.describe(r, c)));
  }
  return element;
}

/** A value that may be large: its type, and what it is once somebody asks. */
function opaque(cell: HTMLElement, type: string, describe: () => Promise<string>): HTMLElement {
  const ask = async (event: Event) => {
    event.stopPropagation();
    try {
      button.replaceWith(h("span", { class: "djl-blob" }, await describe()));
    } catch {
      button.setAttribute("title", "could not be read: press again"); // the words of the error stand below the table
    }
  };
  const button = h(
    "button",
    { type: "button", tabindex: -1, class: "djl-blob", title: "tell what it is", click: ask },
    type,
  );
  cell.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && button.isConnected) ask(event);
  });
  return button;
}
