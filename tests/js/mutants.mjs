// Spoils the verification of tokens in JavaScript in one place at a time, and tells which spoilt versions the keys cases let pass in
// Node. A person judges those: many change nothing that can be seen (a speed, a limit that no other part reaches, a message).
//
//   node tests/js/run.mjs --only node          installs the cases; needs a sandbox
//   node tests/js/mutants.mjs [jose claims …]  some 600 versions, two seconds each
//
// What base64url is by hand, Node never asks: it has a Buffer. `--without-buffer` takes that away while the package is loaded.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(import.meta.url);
const root = new URL("../../", import.meta.url);
const file = (path) => fileURLToPath(new URL(path, root));

if (process.argv[2] === "--judge") {
  const { run } = await import(pathToFileURL(file("target/js-tests/suite.mjs")).href);
  const { Buffer } = globalThis;
  if (process.argv[4]) globalThis.Buffer = undefined;
  const sdk = await import(pathToFileURL(process.argv[3]).href);
  globalThis.Buffer = Buffer;
  await run({ sdk, only: "keys:" }, ({ ok }) => ok || process.exit(1));
  process.exit(0);
}

const { build } = await import("esbuild");
const given = process.argv.slice(2);
const withoutBuffer = given.includes("--without-buffer");
const names = given.filter((name) => !name.startsWith("-"));
const FILES = names.length ? names : ["jose", "claims", "key-set", "verify", "guard", "dpop"];
const OPERATORS = [
  [/===/g, "!=="], [/!==/g, "==="], [/(?<![=<>])<=(?!=)/g, "<"], [/ < /g, " <= "], [/ > /g, " >= "], [/>=/g, ">"],
  [/&&/g, "||"], [/\|\|/g, "&&"], [/\?\?(?!=)/g, "&&"], [/(?<=[( ])!(?=[\w(/])/g, ""], [/\.every\(/g, ".some("], [/\.some\(/g, ".every("],
  [/ \+ (?=[\w(])/g, " - "], [/(?<=[\w)]) - (?=[\w(])/g, " + "], [/(?<![\w.#-])\d{2,}(?![\w-])/g, (number) => String(Number(number) + 1)],
  // A check, or what is remembered, is left out.
  [/^ *(?:if \([^\n]*\) )?(?:refuse|bad|missing|needed|equal|none|give|invalid)\([^\n]*\);$/gm, ";"], [/^ *this\.#\w+\.(?:set|clear|delete)\([^\n]*\);$/gm, ";"],
  [/fatal: true, |, fatal: true/g, ""], [/, ignoreBOM: true/g, ""], [/\^(?=[[(\w\\])/g, ""], [/(?<=[\])*+?}])\$\//g, "/"], [/\["sign"\]/g, "[]"],
];

// Messages and comments are no code: a place in one is passed over.
const isCode = (line, column) => {
  if (/^\s*\/\/|^import/.test(line)) return false;
  const before = line.slice(0, column).replace(/\/(?:\\.|\[(?:\\.|[^\]])*\]|[^/\\\n])+\/[giuy]*/g, "");
  const open = (mark) => before.split(mark).length % 2 === 0;
  return !/ \/\/ /.test(before) && !open('"') && !(open("`") && !/\$\{[^}]*$/.test(before));
};

const bundle = file("target/mutant.mjs");
mkdirSync(file("target"), { recursive: true });
const judge = () => spawnSync(process.execPath, [here, "--judge", bundle, ...(withoutBuffer ? ["x"] : [])], { timeout: 60_000 }).status === 0;
const make = async (name, contents) => {
  const plugins = [{ name: "mutant", setup: (builder) => builder.onLoad({ filter: new RegExp(`[\\\\/]${name}\\.js$`) }, () => ({ contents, loader: "js" })) }];
  const made = await build({ entryPoints: [file("pkg-template/src/verification.js")], bundle: true, write: false, format: "esm", platform: "neutral", logLevel: "silent", define: { VERSION: '"0"' }, plugins });
  writeFileSync(bundle, made.outputFiles[0].contents);
};

let [made, passed] = [0, 0];
for (const name of FILES) {
  const text = readFileSync(file(`pkg-template/src/${name}.js`), "utf8");
  await make(name, text);
  if (!judge()) throw new Error("the cases do not pass as it is: have you run tests/js/run.mjs?");
  for (const [pattern, by] of OPERATORS) {
    for (const { 0: was, index } of text.matchAll(pattern)) {
      const start = text.lastIndexOf("\n", index) + 1;
      const line = text.slice(start, text.indexOf("\n", index));
      if (!isCode(line, index - start)) continue;
      const put = typeof by === "function" ? by(was) : by;
      try {
        await make(name, text.slice(0, index) + put + text.slice(index + was.length));
      } catch {
        continue; // no JavaScript
      }
      made++;
      if (!judge()) continue;
      passed++;
      console.log(`${name}.js:${text.slice(0, index).split("\n").length}: ${was.trim().slice(0, 60)} -> ${put.trim()}    ${line.trim().slice(Math.max(0, index - start - 50), index - start + 50)}`);
    }
  }
}
console.log(`${made} versions, ${passed} pass`);
