import { buildSync } from "esbuild";
import { expect, test } from "vitest";

// Every widget instance carries its whole bundle into the notebook that saves it.
const BUDGET = 60 * 1024;

test.each(["table"])("the %s widget is small enough to be saved in every notebook", (name) => {
  const built = buildSync({
    entryPoints: [`src/${name}.ts`, `src/${name}.css`],
    outdir: "never-written",
    bundle: true,
    format: "esm",
    minify: true,
    write: false,
  });
  const size = built.outputFiles.reduce((sum, file) => sum + file.contents.length, 0);
  expect(size).toBeLessThan(BUDGET);
});
