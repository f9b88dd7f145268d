import { beforeEach, describe, expect, test } from "vitest";
import type { Frame } from "../src/frame";
import { describePage, render, sortAfter } from "../src/table";
import { FakeModel, FRAME, type Request, settle } from "./fake";

let el: HTMLElement;

beforeEach(() => {
  document.body.replaceChildren();
  el = document.body.appendChild(document.createElement("div"));
});

function open(frame: Partial<Frame> = {}, python?: (request: Request, model: FakeModel) => string | Error | undefined) {
  const model = new FakeModel({ _frame: { ...FRAME, ...frame } }, (request) => {
    const answer = python?.(request, model);
    if (answer instanceof Error) return { id: request.id, error: answer.message };
    return { id: request.id, result: answer };
  });
  const close = render({ model, el });
  return { model, close };
}

const all = (selector: string) => [...el.querySelectorAll<HTMLElement>(selector)];
const one = (selector: string) => {
  const found = el.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
};
const button = (text: string) => {
  const found = all("button").find(({ textContent }) => textContent === text);
  if (!found) throw new Error(`no button ${text}`);
  return found;
};
const press = (key: string, more: KeyboardEventInit = {}) =>
  document.activeElement?.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }),
  );

describe("what is shown", () => {
  test("a real table with a caption, names, types, parents, and tags on the key", () => {
    open();
    expect(one(".djl-caption").textContent).toBe("computedDetectionobjects found in an image");
    const first = one("thead th");
    expect(first.textContent).toBe("PKimage_id→int32 · Image");
    expect(first.title).toBe("which image");
    expect(all("tbody th[scope=row]").map(({ textContent }) => textContent)).toEqual(["1", "2", "3"]);
    expect(one("table").getAttribute("aria-label")).toBe("Detection");
  });

  test("values are text, never markup; null, cut text and blobs say what they are", () => {
    open();
    expect(el.querySelector("tbody b")).toBeNull();
    expect(all("tbody td").map(({ textContent }) => textContent)).toEqual([
      ...["<b>not markup</b>", "blob"],
      ...["null", "blob"],
      ...["a long note… (+61)", "blob"],
    ]);
  });

  test("an empty table says so", () => {
    open({ rows: [], after: false });
    expect(one("[role=status]").textContent).toBe("no rows");
  });

  test.each<[Partial<Frame>, string]>([
    [{}, "rows 1–3 of more than 3 · ordered by key"],
    [{ start: 20, after: false }, "rows 21–23 of 23 · ordered by key"],
    [{ start: 1200, total: 12345 }, "rows 1\u202f201–1\u202f203 of 12\u202f345 · ordered by key"],
    [{ start: null, after: false }, "the last 3 rows · ordered by key"],
    [{ start: null, sort: { name: "note", descending: true } }, "3 rows · ordered by note, descending"],
  ])("%o: %s", (frame, words) => {
    expect(describePage({ ...FRAME, ...frame })).toBe(words);
  });
});

describe("sorting", () => {
  test("a header button asks for its column; what cannot be sorted has none", async () => {
    const { model } = open();
    expect(all("thead th").map((th) => th.getAttribute("aria-sort"))).toEqual(["none", "none", null]);
    all("thead button")[1]?.click();
    await settle();
    expect(model.sent).toMatchObject([{ op: "sort", args: { name: "note", descending: false } }]);
  });

  test("the state is told to screen readers", () => {
    open({ sort: { name: "note", descending: true } });
    expect(all("thead th").map((th) => th.getAttribute("aria-sort"))).toEqual(["none", "descending", null]);
  });

  test("upwards, downwards, then by key again", () => {
    const note = FRAME.columns[1] as Frame["columns"][number];
    expect(sortAfter(FRAME, note)).toEqual({ name: "note", descending: false });
    expect(sortAfter({ ...FRAME, sort: { name: "note", descending: false } }, note).descending).toBe(true);
    expect(sortAfter({ ...FRAME, sort: { name: "note", descending: true } }, note).name).toBeNull();
  });
});

describe("pages", () => {
  test("buttons turn only where there is a page, and keep their place", async () => {
    const { model } = open();
    expect(["first", "previous", "next", "last"].map((text) => button(text).getAttribute("aria-disabled"))).toEqual([
      ...["true", "true"],
      ...["false", "false"],
    ]);
    button("previous").click();
    button("next").click();
    await settle();
    expect(model.sent).toMatchObject([{ op: "page", args: { where: "next" } }]);
  });

  test("a new page replaces the old one and keeps the focus in its cell", async () => {
    const { model } = open({}, (_request, to) => {
      to.fromPython("_frame", { ...FRAME, start: 3, rows: [["4", "new", null]], before: true, after: false });
      return undefined;
    });
    all("tbody td")[4]?.focus();
    button("next").click();
    await settle();
    expect(model.sent).toHaveLength(1);
    expect(one("[role=status]").textContent).toBe("rows 4–4 of 4 · ordered by key");
    expect(document.activeElement?.textContent).toBe("new");
  });

  test("counting is asked for, and then done with", async () => {
    open({}, (_request, model) => {
      model.fromPython("_frame", { ...FRAME, total: 42 });
      return undefined;
    });
    const count = button("count");
    count.click();
    await settle();
    expect(one("[role=status]").textContent).toContain("of 42");
    expect(count.hidden).toBe(true);
  });
});

describe("the keyboard", () => {
  test("one cell at a time is in the tab order; arrows move it, edges hold", () => {
    open();
    const stops = () => all("[role=grid] [tabindex='0']");
    expect(stops()).toHaveLength(1);
    stops()[0]?.focus();
    press("ArrowDown");
    expect(document.activeElement?.textContent).toBe("1");
    press("ArrowRight");
    expect(document.activeElement?.textContent).toBe("<b>not markup</b>");
    press("End");
    press("ArrowRight");
    expect(document.activeElement?.textContent).toBe("blob");
    press("Home");
    press("ArrowUp");
    press("ArrowUp");
    expect(document.activeElement?.tagName).toBe("BUTTON");
    expect(stops()).toHaveLength(1);
    expect(stops()[0]).toBe(document.activeElement);
  });

  test.each([
    ["PageDown", {}, "next"],
    ["End", { ctrlKey: true }, "last"],
    ["PageUp", {}, "previous"],
    ["Home", { metaKey: true }, "first"],
  ])("%s %o: the %s page", async (key, more, where) => {
    const { model } = open({ before: true });
    all("tbody td")[0]?.focus();
    press(key, more);
    await settle();
    expect(model.sent).toMatchObject([{ op: "page", args: { where } }]);
  });
});

describe("large values", () => {
  test("are told on request, by mouse and by Enter", async () => {
    const { model } = open({}, () => "bool 872×1000");
    all("td button")[0]?.click();
    await settle();
    expect(all("tbody td")[1]?.textContent).toBe("bool 872×1000");
    all("tbody td")[3]?.focus();
    press("Enter");
    await settle();
    expect(all("tbody td")[3]?.textContent).toBe("bool 872×1000");
    expect(model.sent).toMatchObject([
      { op: "describe", args: { row: 0, column: 2 } },
      { op: "describe", args: { row: 1, column: 2 } },
    ]);
  });
});

test("an error stands under the table until the next success", async () => {
  let fail = true;
  open({}, () => (fail ? new Error("the server is gone") : undefined));
  button("refresh").click();
  await settle();
  expect(one("[role=alert]").textContent).toBe("the server is gone");
  expect(one("[role=alert]").hidden).toBe(false);
  expect(one("table").getAttribute("aria-busy")).toBe("false");
  fail = false;
  button("refresh").click();
  await settle();
  expect(one("[role=alert]").hidden).toBe(true);
});

test("closing leaves nothing behind", () => {
  const { model, close } = open();
  close();
  expect(el.children).toHaveLength(0);
  expect(model.listening).toBe(0);
});
