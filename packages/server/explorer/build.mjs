// Makes the explorer's files in ../src/integrates/server/static/explorer/ from main.js and what package-lock.json pins.
//
//   node build.mjs MODULES [FOLDER]
//
// MODULES is the folder `node_modules` that `npm ci` has filled. The same sources make the same bytes, wherever they are
// built: a test builds them again and compares. `made.json` says which bytes were made of which, for those without Node.

import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = resolve(process.argv[2]);
const target = resolve(process.argv[3] ?? join(here, "../src/integrates/server/static/explorer"));
const { build } = createRequire(join(modules, "explorer.cjs"))("esbuild");

/** GraphiQL's stylesheet carries two fonts in itself, 270 KB that the policy of the page would not let the browser use. */
const fontless = {
  name: "fontless",
  setup(step) {
    step.onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return { contents: text.replaceAll(/@font-face\s*\{[^}]*\}/g, ""), loader: "css" };
    });
  },
};

/** Return the folder, below `node_modules`, of the package that a bundled file is from; nothing for a file of ours. */
function packageOf(file) {
  return file.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/)?.[0];
}

/** Return the text of what a package says of its licence: its licence file, else the licence that it names. */
async function licenceOf(folder) {
  const about = JSON.parse(await readFile(join(modules, "..", folder, "package.json"), "utf8"));
  const names = (await readdir(join(modules, "..", folder))).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(modules, "..", folder, name), "utf8")));
  const text = texts.map((one) => one.replaceAll("\r\n", "\n").trim()).join("\n\n");
  return `${about.name} ${about.version} (${about.license})\n\n${text || `${about.license}, as its package.json says; there is no further text in the package.`}\n`;
}

const made = await build({
  absWorkingDir: dirname(modules),
  entryPoints: { explorer: join(here, "main.js") },
  outdir: target,
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "iife",
  target: ["es2022"],
  nodePaths: [modules],
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  banner: { js: "/* Made of the packages in LICENSES.txt. */", css: "/* Made of the packages in LICENSES.txt. */" },
  metafile: true,
  plugins: [fontless],
  logLevel: "error",
});

const folders = [...new Set(Object.keys(made.metafile.inputs).map(packageOf).filter(Boolean))].sort();
const licences = await Promise.all(folders.map(licenceOf));
await writeFile(join(target, "LICENSES.txt"), licences.join(`\n${"-".repeat(80)}\n\n`));

/** Return the SHA-256 of files in a folder, by name. */
async function digests(folder, names) {
  const bytes = await Promise.all(names.map((name) => readFile(join(folder, name))));
  return Object.fromEntries(names.map((name, at) => [name, createHash("sha256").update(bytes[at]).digest("hex")]));
}

const of = await digests(here, ["build.mjs", "fetch.js", "main.js", "package-lock.json", "package.json", "style.css"]);
const files = await digests(target, ["LICENSES.txt", "explorer.css", "explorer.js"]);
await writeFile(join(target, "made.json"), `${JSON.stringify({ of, files }, null, 2)}\n`);
