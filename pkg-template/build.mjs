// Makes the npm package from wasm-pack's output and the sources of this folder.
//
//   node pkg-template/build.mjs [--wasm target/wasm-pack] [--api pkg-template/api] [--out target/npm]
//
// --wasm  the folder that `wasm-pack build --target web` wrote (auth0_sdk_wasm.js, auth0_sdk_wasm_bg.wasm)
// --api   the generated operation tables (index.js and a module a group)
// --out   where package/, auth0-sdk.tgz and sizes.json go
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants } from "node:zlib";
import { build as bundle, transform } from "esbuild";
import { minify } from "terser";
import { pack } from "./pack.mjs";
import { shorten } from "./shorten.mjs";
import { slim } from "./slim.mjs";

const template = fileURLToPath(new URL(".", import.meta.url));
const root = resolve(template, "..");
const { values } = parseArgs({
  options: {
    wasm: { type: "string", default: join(root, "target/wasm-pack") },
    api: { type: "string", default: join(template, "api") },
    out: { type: "string", default: join(root, "target/npm") },
  },
});
const [wasmDir, apiDir, out] = [values.wasm, values.api, values.out].map((path) => resolve(path));
const source = join(template, "src");
const glue = join(wasmDir, "auth0_sdk_wasm.js");
const wasm = join(wasmDir, "auth0_sdk_wasm_bg.wasm");
for (const file of [glue, wasm]) {
  if (!existsSync(file)) throw new Error(`${file} is missing: run wasm-pack first, or name its output with --wasm`);
}

const glueText = readFileSync(glue, "utf8");
const short = shorten(slim(readFileSync(wasm), glueText), glueText);
// The loaders give a compiled module, which may be of another realm (in Next.js' edge runtime) and is then no instance of ours.
const check = /if \(!\(module instanceof WebAssembly\.Module\)\) \{\s*module = new WebAssembly\.Module\(module\);\s*\}/;
if (!check.test(short.glue)) throw new Error("the glue does not look at its module as it did: build.mjs must follow wasm-bindgen's output");
short.glue = short.glue.replace(check, "");
// Nor for callers that give the module otherwise than load.js does, and engines without encodeInto, which have no such syntax either.
for (const [pattern, by] of [
  [/if \(module !== undefined\) \{\s*if \(Object\.getPrototypeOf\(module\) === Object\.prototype\) \{\s*\(\{module\} = module\)\s*\} else \{[^}]*\}\s*\}/, "({ module } = module);"],
  [/if \(Symbol\.dispose\) \w+\.prototype\[Symbol\.dispose\] = \w+\.prototype\.free;/g, ""],
  [/if \(!\('encodeInto' in cachedTextEncoder\)\) \{[^}]*\};\s*\};\s*\}/, ""],
]) {
  if (short.glue.search(pattern) < 0) throw new Error(`the glue has nothing like ${pattern}: build.mjs must follow wasm-bindgen's output`);
  short.glue = short.glue.replace(pattern, by);
}
// Each name of a class of the core's once more.
for (const [name, by] of [["__wbg_ptr", "ptr"], ["__destroy_into_raw", "take"]]) {
  if (!short.glue.includes(name)) throw new Error(`the glue has no ${name}: build.mjs must follow wasm-bindgen's output`);
  short.glue = short.glue.replaceAll(name, by);
}
// The glue as a function, so that a core that has crashed can be left to those who are in it, and another be made. Its own ways to
// find a module are not used.
const cut = (from, to) => {
  const [start, end] = [short.glue.indexOf(from), to ? short.glue.indexOf(to) : short.glue.length];
  if (start < 0 || end < start) throw new Error(`the glue has no ${from}: build.mjs must follow wasm-bindgen's output`);
  short.glue = short.glue.slice(0, start) + short.glue.slice(end);
};
cut("async function __wbg_load", "function initSync");
cut("let __wbg_init_promise");
short.glue = `export const makeCore = () => {\n${short.glue.replace(/^export (?=class )/gm, "")}\nreturn { Client, Exchange, initSync };\n};\n`;

const version = /\[workspace\.package\][^[]*?^version = "([^"]+)"/ms.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))?.[1];
if (!version) throw new Error("Cargo.toml has no version under [workspace.package]");

// The generated tables: an object of a string a group.
const tableIndex = join(apiDir, "index.js");
if (!existsSync(tableIndex)) throw new Error(`${tableIndex} is missing: run \`cargo xtask generate\` first`);
const { default: tables } = await import(pathToFileURL(tableIndex).href);

const packageDir = join(out, "package");
rmSync(packageDir, { recursive: true, force: true });
mkdirSync(packageDir, { recursive: true });

const inputs = {
  name: "inputs",
  setup(builder) {
    builder.onResolve({ filter: /^auth0-sdk-core$/ }, () => ({ path: "core", namespace: "core" }));
    builder.onLoad({ filter: /.*/, namespace: "core" }, () => ({ contents: short.glue, loader: "js" }));
    // As one literal: smaller than the modules joined.
    builder.onResolve({ filter: /^auth0-sdk-tables$/ }, () => ({ path: "tables", namespace: "tables" }));
    builder.onLoad({ filter: /.*/, namespace: "tables" }, () => ({ contents: JSON.stringify(pack(tables)), loader: "json" }));
  },
};
const common = {
  bundle: true,
  minify: true,
  sourcemap: "linked",
  format: "esm",
  target: "es2022",
  platform: "neutral",
  legalComments: "none",
  logLevel: "warning",
  absWorkingDir: source,
  metafile: true,
  define: { VERSION: JSON.stringify(version) },
  plugins: [inputs],
};

// esbuild joins, terser makes small: 3 % less after brotli than esbuild alone, by the names it gives.
const build = async (options) => {
  const result = await bundle(options);
  // What is never downloaded stays: Node reads the names of a CommonJS module from a line that terser takes for dead.
  if (options.write === false || options.format === "cjs") return result;
  const [text, map] = [options.outfile, `${options.outfile}.map`].map((path) => existsSync(path) && readFileSync(path, "utf8"));
  const [name, linked] = [basename(options.outfile), text.lastIndexOf("\n//# sourceMappingURL=")];
  const small = await minify({ [name]: linked < 0 ? text : text.slice(0, linked) }, {
    module: true,
    ecma: 2022,
    compress: { passes: 3, ecma: 2022, unsafe_arrows: true, if_return: false },
    sourceMap: map && { content: map, includeSources: true },
  });
  writeFileSync(options.outfile, `${small.code}\n${map ? `//# sourceMappingURL=${name}.map\n` : ""}`);
  if (map) writeFileSync(`${options.outfile}.map`, small.map);
  return result;
};

// shared.js: everything but the loaders, once. Each entry point adds its runtime's loader. For CommonJS the same.
const shared = await build({ ...common, entryPoints: ["shared.js"], outfile: join(packageDir, "shared.js") });
await build({ ...common, entryPoints: ["shared.js"], format: "cjs", outfile: join(packageDir, "shared.cjs") });
const [{ exports: sharedExports }] = Object.values(shared.metafile.outputs).filter(({ exports }) => exports.length);
const names = sharedExports.filter((name) => name !== "default").sort();
const entries = {
  "index.js": `import { load } from "./universal.js"; shared.setLoader(load);`,
  "workerd.js": `import module from "./auth0_sdk.wasm"; shared.setLoader(() => module);`,
  "edge-light.js": `import module from "./auth0_sdk.wasm?module"; shared.setLoader(() => module);`,
};
const external = ["./shared.js", "./shared.cjs", "./copy.js", "./auth0_sdk.wasm", "./auth0_sdk.wasm?module"];
const entry = (contents, shared, exported) => ({ stdin: { contents: `import shared from "${shared}"; ${contents} export ${exported} from "${shared}";`, resolveDir: source, sourcefile: "entry.js" }, external });
for (const [file, loader] of Object.entries(entries)) await build({ ...common, ...entry(loader, "./shared.js", "*"), outfile: join(packageDir, file) });
await build({
  ...common,
  ...entry(entries["index.js"], "./shared.cjs", `{ ${names} }`),
  format: "cjs",
  platform: "node",
  define: { ...common.define, "import.meta.url": "moduleUrl" },
  banner: { js: `const moduleUrl=require("node:url").pathToFileURL(__filename).href;` },
  outfile: join(packageDir, "node.cjs"),
});

// auth0-sdk/browser: login in a page, without the Management API. A file of its own, since a page has no use for the rest.
await build({
  ...common,
  stdin: { contents: `import { load } from "./universal.js"; import { setLoader } from "./load.js"; setLoader(load); export { createBrowserAuth } from "./browser.js"; export { AuthApiError, FetchError, IdTokenValidatorError, ResponseError } from "./auth-errors.js";`, resolveDir: source, sourcefile: "browser-entry.js" },
  external,
  outfile: join(packageDir, "browser.js"),
});

// auth0-sdk/users, auth0-sdk/users/roles: the class of a group, and its nested groups by name. Its core is that of the entry point.
const groups = new Map();
for (const [name, table] of Object.entries(tables)) {
  for (const row of table.trim().split("\n")) {
    const path = [name, ...row.slice(0, row.indexOf(" ")).split(".").slice(0, -1)];
    for (let length = path.length; length; length--) {
      const id = path.slice(0, length).join("/");
      if (!groups.has(id)) groups.set(id, new Set());
      if (path[length]) groups.get(id).add(path[length]);
    }
  }
}
const declared = readFileSync(join(template, "api/clients.d.cts"), "utf8");
const capitalized = (word) => word[0].toUpperCase() + word.slice(1);
for (const [id, nested] of groups) {
  const segments = id.split("/");
  const [own, up] = [segments.at(-1), "../".repeat(segments.length)];
  const [name, fullName] = [`${capitalized(own)}Client`, `${segments.map(capitalized).join("")}Client`];
  if (!declared.includes(`export declare class ${fullName} {`)) throw new Error(`no class ${fullName} is declared`);
  const each = (line) => [...nested].sort().map((child) => line(child, `./${own}/${child}`)).join("");
  const path = JSON.stringify(segments.join("."));
  const files = {
    js: `import "auth0-sdk";\nimport shared from "${up}shared.js";\nexport const ${name} = /* @__PURE__ */ shared.group(${path});\n${each((child, file) => `export * as ${child} from "${file}.js";\n`)}`,
    cjs: `require("auth0-sdk");\nexports.${name} = require("${up}shared.cjs").default.group(${path});\n${each((child, file) => `exports.${child} = require("${file}.cjs");\n`)}`,
    "d.cts": `export { ${fullName}${fullName === name ? "" : ` as ${name}`} } from "${up}api/clients.cjs";\n${each((child, file) => `export * as ${child} from "${file}.cjs";\n`)}`,
    "d.ts": `export * from "./${own}.cjs";\n`,
  };
  const folder = join(packageDir, "groups", ...segments.slice(0, -1));
  mkdirSync(folder, { recursive: true });
  for (const [ending, text] of Object.entries(files)) writeFileSync(join(folder, `${own}.${ending}`), text);
}

// The maps name our sources, and not the folders of the machine that built them.
for (const file of readdirSync(packageDir).filter((name) => name.endsWith(".map"))) {
  const map = JSON.parse(readFileSync(join(packageDir, file), "utf8"));
  map.sources = map.sources.map((path) => `src/${basename(path.replace(/^\w+:/, "")).replace(/^(?!.*\.js$)(.*)$/, "$1.js")}`);
  writeFileSync(join(packageDir, file), JSON.stringify(map));
}

const wasmBytes = short.wasm;
writeFileSync(join(packageDir, "auth0_sdk.wasm"), wasmBytes);
const base64 = wasmBytes.toString("base64");
writeFileSync(join(packageDir, "copy.js"), `export default ${JSON.stringify(base64)};\n`);
// auth0-sdk/inline: everything in one file.
const inline = `import { setLoader } from "./load.js"; setLoader(() => WebAssembly.compile(Uint8Array.from(atob("${base64}"), (char) => char.charCodeAt(0)))); export { ${names} } from "./index.js";`;
await build({ ...common, stdin: { contents: inline, resolveDir: source }, sourcemap: false, outfile: join(packageDir, "inline.js") });
const manifest = JSON.parse(readFileSync(join(template, "package.json"), "utf8"));
writeFileSync(join(packageDir, "package.json"), `${JSON.stringify({ ...manifest, version }, undefined, 2)}\n`);
copyFileSync(join(template, "README.md"), join(packageDir, "README.md"));

// auth0-sdk/models: the objects of the enums, which a program takes only if it names them. auth0-sdk/management: everything, with
// those objects in its namespace Management.
const models = readFileSync(join(apiDir, "enums.js"), "utf8");
writeFileSync(join(packageDir, "models.js"), models);
writeFileSync(join(packageDir, "models.cjs"), (await transform(models, { format: "cjs", minify: true })).code);
const { metafile: namespace } = await build({ ...common, entryPoints: ["management.js"], outfile: "management.js", sourcemap: false, write: false });
const errorNames = Object.values(namespace.outputs)[0].exports.sort();
const modules = {
  "namespace.js": `import { Management } from "auth0-sdk";\nexport const { ${errorNames.join(", ")} } = Management;\nexport * from "./models.js";\n`,
  "management.js": `export * from "auth0-sdk";\nexport * as Management from "./namespace.js";\n`,
  "management.cjs": `const sdk = require("auth0-sdk");\nmodule.exports = { ...sdk, Management: { ...sdk.Management, ...require("./models.cjs") } };\n`,
};
for (const [file, text] of Object.entries(modules)) writeFileSync(join(packageDir, file), text);

// auth0-sdk/stores: token stores, for those who want one. auth0-sdk/bulk: jobs and a limiter.
// auth0-sdk/verify: tokens, keys and guards, for a server that calls nothing.
// They need nothing of the rest, the module neither.
for (const [name, source] of [["stores", "stores.js"], ["bulk", "bulk.js"], ["verify", "verification.js"]]) {
  for (const [format, ending] of [["esm", "js"], ["cjs", "cjs"]]) {
    await build({ ...common, entryPoints: [source], format, sourcemap: false, outfile: join(packageDir, `${name}.${ending}`) });
  }
}

// The declarations: written once, for CommonJS; those of ES modules give them again.
mkdirSync(join(packageDir, "api"));
for (const folder of [template, join(template, "api")]) {
  for (const file of readdirSync(folder).filter((name) => /\.d\.c?ts$/.test(name))) {
    copyFileSync(join(folder, file), join(packageDir, folder === template ? "." : "api", file));
  }
}
if (existsSync(join(root, "LICENSE"))) copyFileSync(join(root, "LICENSE"), join(packageDir, "LICENSE"));

const packed = JSON.parse(execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", out], { cwd: packageDir, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
renameSync(join(out, packed[0].filename), join(out, "auth0-sdk.tgz"));

// What a browser or a Worker loads: an entry point, shared.js and the module. The parts of shared.js, before minification, are told
// apart by building it without the glue and without the tables.
const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
const size = (...parts) => ({ raw: parts.reduce((sum, bytes) => sum + bytes.length, 0), brotli: parts.reduce((sum, bytes) => sum + brotli(bytes), 0) });
const file = (name) => readFileSync(join(packageDir, name));
const skin = await build({
  ...common,
  entryPoints: ["shared.js"],
  external: ["auth0-sdk-core", "auth0-sdk-tables"],
  plugins: [],
  sourcemap: false,
  write: false,
});
const sizes = {
  "browser: index.js + shared.js + wasm": size(file("index.js"), file("shared.js"), wasmBytes),
  "page: browser.js + wasm": size(file("browser.js"), wasmBytes),
  "index.js": size(file("index.js")),
  "shared.js": size(file("shared.js")),
  "of it the hand-written JavaScript": size(skin.outputFiles[0].contents),
  "of it the operation tables": size(Buffer.from(JSON.stringify(pack(tables)))),
  "auth0_sdk.wasm": size(wasmBytes),
  "node.cjs + shared.cjs": size(file("node.cjs"), file("shared.cjs")),
  "models.js (only where it is imported)": size(file("models.js")),
  "stores.js (only where it is imported)": size(file("stores.js")),
  "verify.js (only where it is imported)": size(file("verify.js")),
  "bulk.js (only where it is imported)": size(file("bulk.js")),
  "source maps": size(...readdirSync(packageDir).filter((name) => name.endsWith(".map")).map(file)),
  "declarations (only for the compiler)": size(...readdirSync(packageDir, { recursive: true }).filter((name) => /\.d\.c?ts$/.test(name)).map(file)),
  "copy.js (only where the wasm was left behind)": size(file("copy.js")),
  "inline.js (only where it is imported)": size(file("inline.js")),
  "auth0-sdk.tgz": { raw: packed[0].size, brotli: packed[0].size },
};
writeFileSync(join(out, "sizes.json"), `${JSON.stringify(sizes, undefined, 2)}\n`);
console.log(`${"bytes".padEnd(50)}${"raw".padStart(10)}${"brotli-11".padStart(11)}`);
for (const [name, { raw, brotli: compressed }] of Object.entries(sizes)) console.log(`${name.padEnd(50)}${String(raw).padStart(10)}${String(compressed).padStart(11)}`);
console.log(`${Object.values(tables).join("\n").split("\n").length} operations in ${Object.keys(tables).length} groups; version ${version}; ${join(out, "auth0-sdk.tgz")}`);
