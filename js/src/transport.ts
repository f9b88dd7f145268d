/**
 * Requests to Python and their answers, the same in every host.
 *
 * Where the host has custom messages they are used: they leave nothing in the saved notebook.
 * Elsewhere the synced traits `_request` and `_response` carry them, one at a time, because a
 * trait holds only its last value. Every request has an id that no other view shares.
 */
import { listen, type Model } from "./model";

export interface Transport {
  /** Ask Python for `op`. Rejects with Python's words, or when the view is closed. */
  request(op: string, args?: Record<string, unknown>): Promise<unknown>;
  dispose(): void;
}

interface Request {
  id: string;
  op: string;
  args: Record<string, unknown>;
}

interface Answer {
  id: string;
  result?: unknown;
  error?: string;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export function connect(model: Model): Transport {
  // Two views of one model hear each other's answers; the prefix tells whose they are.
  const prefix = Math.random().toString(36).slice(2, 10);
  const waiting = new Map<string, Waiting>();
  const queue: Request[] = [];
  let count = 0;
  let inFlight: string | undefined;

  const settle = (answer: Answer | null | undefined) => {
    const who = answer && waiting.get(answer.id);
    if (!who) return;
    waiting.delete(answer.id);
    if (answer.error === undefined) who.resolve(answer.result);
    else who.reject(new Error(answer.error));
    if (inFlight === answer.id) inFlight = undefined;
    next();
  };

  const next = () => {
    if (inFlight !== undefined) return;
    const request = queue.shift();
    if (!request) return;
    inFlight = request.id;
    model.set("_request", request);
    model.save_changes();
  };

  const stop = [
    listen(model, "msg:custom", (message: Answer) => settle(message)),
    listen(model, "change:_response", () => settle(model.get("_response") as Answer)),
  ];

  return {
    request(op, args = {}) {
      count += 1;
      const request = { id: `${prefix}-${count}`, op, args };
      return new Promise((resolve, reject) => {
        waiting.set(request.id, { resolve, reject });
        if (typeof model.send === "function") {
          model.send(request);
        } else {
          queue.push(request);
          next();
        }
      });
    },
    dispose() {
      for (const end of stop) end();
      for (const who of waiting.values()) who.reject(new Error("the view was closed"));
      waiting.clear();
      queue.length = 0;
    },
  };
}
