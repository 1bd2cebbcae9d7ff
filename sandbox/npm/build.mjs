// Makes the npm package `auth0-sandbox` from wasm-pack's output and the sources of this folder: `node sandbox/npm/build.mjs` writes
// target/npm/sandbox/ and target/npm/auth0-sandbox.tgz.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = resolve(here, "../..");
const built = join(root, "target/wasm-pack-sandbox");
const [glue, wasm] = ["auth0_sandbox_wasm.js", "auth0_sandbox_wasm_bg.wasm"].map((name) => join(built, name));
for (const file of [glue, wasm]) if (!existsSync(file)) throw new Error(`${file} is missing: run \`cargo xtask npm sandbox\``);

const version = /\[workspace\.package\][^[]*?^version = "([^"]+)"/ms.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))?.[1];
if (!version) throw new Error("Cargo.toml has no version under [workspace.package]");

const out = join(root, "target/npm");
const folder = join(out, "sandbox");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(join(here, "src"))) copyFileSync(join(here, "src", name), join(folder, name));
for (const name of ["index.d.ts", "README.md"]) copyFileSync(join(here, name), join(folder, name));
copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
copyFileSync(wasm, join(folder, "auth0_sandbox.wasm"));
// The module is always given, so the glue need not look for one of its own; a bundler would then look for it too.
const text = readFileSync(glue, "utf8").replace(/ +if \(module_or_path === undefined\) \{[^}]*\}\n/, "");
if (text.includes("import.meta.url")) throw new Error("the glue looks for its module: build.mjs must follow wasm-bindgen's output");
writeFileSync(join(folder, "glue.js"), text);
const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
writeFileSync(join(folder, "package.json"), `${JSON.stringify({ ...manifest, version }, undefined, 2)}\n`);

const packed = JSON.parse(execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", out], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
renameSync(join(out, packed[0].filename), join(out, "auth0-sandbox.tgz"));
const bytes = readFileSync(wasm);
console.log(`auth0-sandbox.tgz: ${packed[0].size} bytes; its wasm: ${bytes.length}, ${brotliCompressSync(bytes).length} with brotli`);
