import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { detectTheme, followTheme } from "../src/theme";
import { settle } from "./fake";

function clear() {
  for (const element of [document.body, document.documentElement]) {
    for (const { name } of [...element.attributes]) element.removeAttribute(name);
  }
}

let preference: { matches: boolean; change?: () => void };

beforeEach(() => {
  clear();
  preference = { matches: false };
  vi.spyOn(window, "matchMedia").mockImplementation(
    () =>
      ({
        get matches() {
          return preference.matches;
        },
        addEventListener: (_: string, callback: () => void) => {
          preference.change = callback;
        },
        removeEventListener: () => {
          delete preference.change;
        },
      }) as unknown as MediaQueryList,
  );
});
afterEach(() => vi.restoreAllMocks());

describe("the theme is what the page says", () => {
  test.each([
    ["body", "data-jp-theme-light", "true", "light"],
    ["body", "data-jp-theme-light", "false", "dark"],
    ["body", "data-vscode-theme-kind", "vscode-light", "light"],
    ["body", "data-vscode-theme-kind", "vscode-dark", "dark"],
    ["body", "data-vscode-theme-kind", "vscode-high-contrast", "dark"],
    ["body", "data-vscode-theme-kind", "vscode-high-contrast-light", "light"],
    ["html", "data-theme", "dark", "dark"],
    ["html", "data-theme", "light", "light"],
  ])("%s %s=%s: %s", (where, attribute, value, theme) => {
    preference.matches = theme === "light"; // the page has the last word
    (where === "body" ? document.body : document.documentElement).setAttribute(attribute, value);
    expect(detectTheme()).toBe(theme);
  });

  test("else what the reader's system prefers", () => {
    document.documentElement.setAttribute("data-theme", "auto");
    expect(detectTheme()).toBe("light");
    preference.matches = true;
    expect(detectTheme()).toBe("dark");
  });
});

test("an element follows the page until it is told to stop", async () => {
  document.body.setAttribute("data-jp-theme-light", "true");
  const element = document.createElement("div");
  const stop = followTheme(element);
  expect(element.dataset.theme).toBe("light");

  document.body.setAttribute("data-jp-theme-light", "false");
  await settle();
  expect(element.dataset.theme).toBe("dark");

  clear();
  preference.change?.();
  expect(element.dataset.theme).toBe("light");

  stop();
  document.body.setAttribute("data-jp-theme-light", "false");
  await settle();
  expect(element.dataset.theme).toBe("light");
  expect(preference.change).toBeUndefined();
});
