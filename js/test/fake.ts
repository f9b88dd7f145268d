/** Models as the hosts make them, answered by a function that stands for Python. */
import type { Frame } from "../src/frame";
import type { Model } from "../src/model";

export interface Request {
  id: string;
  op: string;
  args: Record<string, unknown>;
}
type Reply = { id: string; result?: unknown; error?: string };
type Python = (request: Request) => Reply | undefined;

/** `messages`: the host has `model.send`, as Jupyter and marimo; without it only traits are synced, as in Panel. */
export class FakeModel implements Model {
  readonly sent: Request[] = [];
  private readonly listeners = new Map<string, Set<(...args: never[]) => void>>();
  declare send?: (content: unknown) => void;

  constructor(
    private readonly state: Record<string, unknown>,
    private readonly python: Python = () => undefined,
    messages = true,
  ) {
    if (messages) this.send = (content) => this.receive(content as Request, (reply) => this.emit("msg:custom", reply));
  }

  get(name: string): unknown {
    return this.state[name];
  }
  /** Set from JavaScript: Python sees it only after `save_changes`. */
  set(name: string, value: unknown): void {
    this.state[name] = value;
  }
  save_changes(): void {
    this.receive(this.state._request as Request, (reply) => this.fromPython("_response", reply));
  }
  on(event: string, callback: (...args: never[]) => void): void {
    const known = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, known.add(callback));
  }
  off(event: string, callback: (...args: never[]) => void): void {
    this.listeners.get(event)?.delete(callback);
  }
  /** Set from Python. */
  fromPython(name: string, value: unknown): void {
    this.state[name] = value;
    this.emit(`change:${name}`);
  }
  emit(event: string, ...args: unknown[]): void {
    for (const callback of this.listeners.get(event) ?? []) (callback as (...all: unknown[]) => void)(...args);
  }
  get listening(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }
  private receive(request: Request, answer: (reply: Reply) => void): void {
    this.sent.push(request);
    queueMicrotask(() => {
      const reply = this.python(request);
      if (reply) answer(reply);
    });
  }
}

const column = (name: string, more: Partial<Frame["columns"][number]> = {}) => ({
  name,
  type: "int32",
  parent: "",
  unit: "",
  comment: "",
  key: false,
  numeric: false,
  sortable: true,
  ...more,
});

export const FRAME: Frame = {
  name: "Detection",
  tier: "computed",
  comment: "objects found in an image",
  columns: [
    column("image_id", { key: true, numeric: true, parent: "Image", comment: "which image" }),
    column("note", { type: "varchar(80)" }),
    column("mask", { type: "blob", sortable: false }),
  ],
  rows: [
    ["1", "<b>not markup</b>", { opaque: "blob" }],
    ["2", null, { opaque: "blob" }],
    ["3", { text: "a long note…", more: 61, full: "a long note that goes on", soft: false }, { opaque: "blob" }],
  ],
  sort: null,
  start: 0,
  total: null,
  before: false,
  after: true,
};

/** Let promises and microtasks run. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
