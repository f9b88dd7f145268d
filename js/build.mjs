// One bundle for each widget: src/<name>.ts and src/<name>.css -> static/<name>.js and .css.
// `--watch` rebuilds on every save; with ANYWIDGET_HMR=1 open notebooks follow.
import { context } from "esbuild";

const watch = process.argv.includes("--watch");

const build = await context({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["src/table.ts", "src/table.css"],
  outdir: "../widgets/datajoint_lab_widgets/static",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: !watch,
  legalComments: "none",
  logLevel: "info",
});

if (watch) {
  await build.watch();
} else {
  await build.rebuild();
  await build.dispose();
}
