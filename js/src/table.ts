/** The live table: a page of a query that can be turned and sorted. `table_view.py` is its other half. */
import { h } from "./dom";
import type { Column, Frame } from "./frame";
import { createGrid } from "./grid";
import { listen, type Model } from "./model";
import { followTheme } from "./theme";
import { connect } from "./transport";

const SLOW = 4000;
const PAGES = ["first", "previous", "next", "last"] as const;

export function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const transport = connect(model);
  let frame = model.get("_frame") as Frame;
  let pending = 0;

  /** Ask Python; the new page arrives as `_frame`, the answer only ends the waiting. */
  const ask = async (op: string, args: Record<string, unknown> = {}): Promise<unknown> => {
    pending += 1;
    grid.busy(true);
    const slow = setTimeout(
      () => say("no answer yet: the kernel is busy, or was restarted; then run the cell again"),
      SLOW,
    );
    try {
      const result = await transport.request(op, args);
      say("");
      return result;
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      clearTimeout(slow);
      pending -= 1;
      grid.busy(pending > 0);
    }
  };
  // What went wrong is on screen already.
  const act = (op: string, args: Record<string, unknown> = {}) => void ask(op, args).catch(() => undefined);
  const say = (text: string) => {
    alert.textContent = text;
    alert.hidden = !text;
  };

  const turn = (where: (typeof PAGES)[number]) => {
    const possible = where === "first" || where === "previous" ? frame.before : frame.after;
    if (possible) act("page", { where });
  };
  const grid = createGrid({
    page: turn,
    sort: (column: Column) => act("sort", sortAfter(frame, column)),
    describe: async (row, column) => String(await ask("describe", { row, column })),
  });
  const caption = h("div", { class: "djl-caption" });
  const status = h("span", { role: "status" });
  const alert = h("div", { role: "alert", class: "djl-alert", hidden: true });
  const pages = PAGES.map((where) => h("button", { type: "button", click: () => turn(where) }, where));
  const count = h("button", { type: "button", click: () => act("count") }, "count");
  const refresh = h("button", { type: "button", click: () => act("refresh") }, "refresh");
  const root = h(
    "div",
    // JupyterLab's own shortcuts must not take our keys.
    { class: "djl-table", "data-lm-suppress-shortcuts": "true" },
    caption,
    h("div", { class: "djl-scroll" }, grid.element),
    alert,
    h("div", { class: "djl-foot" }, status, h("span", { class: "djl-buttons" }, ...pages, count, refresh)),
  );

  const show = () => {
    frame = model.get("_frame") as Frame;
    caption.replaceChildren(
      frame.tier ? h("span", { class: `djl-tier djl-${frame.tier}` }, frame.tier) : "",
      h("b", {}, frame.name),
      h("span", { class: "djl-comment" }, frame.comment),
    );
    grid.show(frame);
    status.textContent = describePage(frame);
    for (const [index, where] of PAGES.entries()) {
      // Not `disabled`: a button that disappears from under the focus would lose the reader's place.
      const possible = where === "first" || where === "previous" ? frame.before : frame.after;
      pages[index]?.setAttribute("aria-disabled", String(!possible));
    }
    count.hidden = frame.total !== null;
  };

  const stop = [followTheme(root), listen(model, "change:_frame", show), () => transport.dispose()];
  show();
  el.append(root);
  return () => {
    for (const end of stop) end();
    root.remove();
  };
}

/** A column is sorted upwards, then downwards, then the order is the key's again. */
export function sortAfter(frame: Frame, column: Column): { name: string | null; descending: boolean } {
  if (frame.sort?.name !== column.name) return { name: column.name, descending: false };
  return frame.sort.descending ? { name: null, descending: false } : { name: column.name, descending: true };
}

/** `rows 21–40 of 1 204 · ordered by key` */
export function describePage(frame: Frame): string {
  const shown = frame.rows.length;
  const known = frame.total ?? (frame.start !== null && !frame.after ? frame.start + shown : null);
  const order = frame.sort ? `${frame.sort.name}${frame.sort.descending ? ", descending" : ""}` : "key";
  let rows: string;
  if (known === 0) return "no rows";
  if (frame.start === null) rows = frame.after ? `${shown} rows` : `the last ${shown} rows`;
  else rows = `rows ${group(frame.start + 1)}–${group(frame.start + shown)}`;
  const of =
    known !== null ? ` of ${group(known)}` : frame.start === null ? "" : ` of more than ${group(frame.start + shown)}`;
  return `${rows}${of} · ordered by ${order}`;
}

const group = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");

export default { render };
