// Builds the playground: `node www/build.mjs [--tarball FILE]` puts a static page into target/www. The package in it is the packed
// tarball, as somebody would install it. With target/npm/auth0-sandbox.tgz it has a tenant of its own, and any static host will do.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { cpSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = resolve(here, "..");
const { values } = parseArgs({ options: { tarball: { type: "string", default: join(root, "target/npm/auth0-sdk.tgz") } } });
// The tenant inside the page. A page without it is for a tenant elsewhere.
const tarballs = [resolve(values.tarball)];
const local = join(root, "target/npm/auth0-sandbox.tgz");
const inPage = existsSync(local);
if (inPage) tarballs.push(local);
if (!existsSync(values.tarball)) throw new Error(`${values.tarball} is missing: run \`cargo xtask npm\` first`);

const project = join(root, "target/www-build");
rmSync(project, { recursive: true, force: true });
mkdirSync(project, { recursive: true });
writeFileSync(join(project, "package.json"), '{ "name": "auth0-sdk-playground", "private": true, "type": "module" }\n');
execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", ...tarballs], { cwd: project, stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" });
const sdk = join(project, "node_modules/auth0-sdk");
const sandbox = join(project, "node_modules/auth0-sandbox");

const out = join(root, "target/www");
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({
  entryPoints: [join(here, "src/main.tsx")],
  outdir: out,
  bundle: true,
  minify: true,
  sourcemap: true,
  format: "esm",
  splitting: true,
  chunkNames: "[name]-[hash]",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  alias: { "auth0-sdk": join(sdk, "index.js"), "auth0-sdk/browser": join(sdk, "browser.js"), "auth0-sdk/verify": join(sdk, "verify.js"), "auth0-sandbox": inPage ? join(sandbox, "index.js") : join(here, "src/nothing.ts") },
  define: { IN_PAGE: String(inPage) },
  // The folders of this machine are not named in the maps.
  sourceRoot: "",
  logLevel: "warning",
});
// Beside the code that asks for it.
copyFileSync(join(sdk, "auth0_sdk.wasm"), join(out, "auth0_sdk.wasm"));
if (inPage) copyFileSync(join(sandbox, "auth0_sandbox.wasm"), join(out, "auth0_sandbox.wasm"));
for (const name of ["index.html", "styles.css", "icon.svg"]) copyFileSync(join(here, name), join(out, name));
cpSync(join(here, "generated/groups"), join(out, "groups"), { recursive: true });
