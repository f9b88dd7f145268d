/** Is the page around us light or dark? JupyterLab, VS Code and documentation themes each say it in their way. */
export type Theme = "light" | "dark";

const ATTRIBUTES = ["data-jp-theme-light", "data-vscode-theme-kind", "data-theme"];

export function detectTheme(doc: Document = document): Theme {
  const jupyter = doc.body.getAttribute("data-jp-theme-light");
  if (jupyter !== null) return jupyter === "true" ? "light" : "dark";

  const vscode = doc.body.getAttribute("data-vscode-theme-kind");
  if (vscode !== null) return vscode.includes("light") ? "light" : "dark";

  const page = doc.documentElement.getAttribute("data-theme");
  if (page === "light" || page === "dark") return page;

  return darkPreferred(doc)?.matches ? "dark" : "light";
}

/** Keep `data-theme` of `element` at the page's theme until the returned function is called. */
export function followTheme(element: HTMLElement): () => void {
  const doc = element.ownerDocument;
  const update = () => {
    element.dataset.theme = detectTheme(doc);
  };
  const observer = new MutationObserver(update);
  for (const target of [doc.body, doc.documentElement]) {
    observer.observe(target, { attributes: true, attributeFilter: ATTRIBUTES });
  }
  const preference = darkPreferred(doc);
  preference?.addEventListener("change", update);
  update();
  return () => {
    observer.disconnect();
    preference?.removeEventListener("change", update);
  };
}

function darkPreferred(doc: Document): MediaQueryList | undefined {
  return doc.defaultView?.matchMedia?.("(prefers-color-scheme: dark)");
}
