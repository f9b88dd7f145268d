/** What the hosts (Jupyter, marimo, Panel) have in common of anywidget's model. */
export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, callback: (...args: never[]) => void): void;
  off?(event: string, callback: (...args: never[]) => void): void;
  /** Missing where the host has no custom messages (Panel). */
  send?(content: unknown): void;
}

/** Call `callback` at each event until the returned function is called. */
export function listen(model: Model, event: string, callback: (...args: never[]) => void): () => void {
  model.on(event, callback);
  return () => model.off?.(event, callback);
}
