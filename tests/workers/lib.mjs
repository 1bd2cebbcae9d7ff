// What the tests of Workers share: the sandbox, a list of tests, and Workers in workerd.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

export const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

const { SANDBOX_URL, SANDBOX_AUDIENCE, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET } = process.env;
assert.ok(SANDBOX_URL && SANDBOX_CLIENT_ID && SANDBOX_CLIENT_SECRET && SANDBOX_AUDIENCE, "SANDBOX_… is not set: start the sandbox");
export const sandbox = { url: SANDBOX_URL, audience: SANDBOX_AUDIENCE, clientId: SANDBOX_CLIENT_ID, clientSecret: SANDBOX_CLIENT_SECRET };

let failed = 0;
export const test = async (name, body) => {
  try {
    await body();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.stack}`);
  }
};
// What was started and not closed must not keep the run alive.
export const finish = () => {
  console.log(failed ? `${failed} failed` : "all passed");
  process.exit(failed ? 1 : 0);
};

const answer = async (response) => {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
};

let managementToken;

/** A test control of the sandbox. */
export const control = async (path, body, method = body === undefined ? "GET" : "POST") => {
  // A reset revokes the tokens.
  if (path === "reset") managementToken = undefined;
  return answer(await fetch(`${sandbox.url}/__sandbox/${path}`, { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) }));
};

export const tokenFor = async (audience, more = {}) => {
  const form = { grant_type: "client_credentials", client_id: sandbox.clientId, client_secret: sandbox.clientSecret, audience, ...more };
  return (await answer(await fetch(`${sandbox.url}/oauth/token`, { method: "POST", body: new URLSearchParams(form) }))).access_token;
};

/** A call of the Management API, by hand. */
export const management = async (path, body, method = body === undefined ? "GET" : "POST") => {
  managementToken ??= await tokenFor(sandbox.audience);
  const headers = { authorization: `Bearer ${managementToken}`, "content-type": "application/json" };
  return answer(await fetch(`${sandbox.url}/api/v2/${path}`, { method, headers, body: body && JSON.stringify(body) }));
};

/** How many tokens were asked for since the journal was emptied. */
export const bought = async () => (await control("requests?operation=oauth.token")).length;
export const forget = () => control("requests", undefined, "DELETE");

/** Waits until something is true, and gives it. */
export const until = async (what, look) => {
  for (let waited = 0; waited < 20_000; waited += 50) {
    const found = await look();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${what}: not within 20 s`);
};

/** Runs a Worker, or several, and stops them afterwards. */
export const withWorkers = async (options, body) => {
  const flare = new Miniflare({ cf: false, ...options });
  try {
    await flare.ready;
    return await body(flare);
  } finally {
    await flare.dispose();
  }
};

/** The sum of files as they are, as gzip, and as brotli (quality 11). */
export const sizeOf = (paths) => {
  const all = paths.map((path) => readFileSync(path));
  const sum = (measure) => all.reduce((total, bytes) => total + measure(bytes), 0);
  return { raw: sum((bytes) => bytes.length), gzip: sum((bytes) => gzipSync(bytes, { level: 9 }).length), brotli: sum((bytes) => brotliCompressSync(bytes).length) };
};

const project = join(root, "target/workers-test");
/** A project with nothing in it but the packed tarball, and what else is named. */
export const install = (...more) => {
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  const tarball = process.env.AUTH0_SDK_TARBALL ?? join(root, "target/npm/auth0-sdk.tgz");
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  execFileSync("npm", ["install", ...flags, tarball, ...more], { cwd: project, stdio: ["ignore", "ignore", "inherit"] });
  return project;
};

/** Bundles a Worker as wrangler does it: these conditions, and wasm files as modules of their own. Gives its modules. */
export const bundle = async (entry, { minify = false, name = "worker", ...more } = {}) => {
  const outdir = join(project, name);
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints: [{ in: entry, out: "index" }],
    bundle: true,
    minify,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    nodePaths: [join(project, "node_modules")],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    outdir,
    outExtension: { ".js": ".mjs" },
    metafile: true,
    absWorkingDir: project,
    logLevel: "error",
    ...more,
  });
  // The entry comes first: it is the one that workerd starts.
  const paths = Object.keys(metafile.outputs).map((path) => resolve(project, path)).sort((one) => (one.endsWith("index.mjs") ? -1 : 1));
  // No flag: `nodejs_compat` is off.
  return { modules: paths.map((path) => ({ type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path })), modulesRoot: outdir, compatibilityDate: "2026-04-01" };
};
