// Runs the suite against the packed npm tarball in every JavaScript runtime, one after the other.
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… node tests/js/run.mjs [--only node,workerd] [--match text] [--tarball file]
//
// SANDBOX_AUDIENCE is `{SANDBOX_URL}/api/v2/` when it is not set. --only names runtimes, --match selects cases by a part of their name.
// Exits with 1 when a case fails, or when a runtime ran no case.
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { extname, join, normalize, resolve } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = resolve(here, "../..");
const { values } = parseArgs({
  options: {
    only: { type: "string" },
    match: { type: "string" },
    tarball: { type: "string", default: join(root, "target/npm/auth0-sdk.tgz") },
    project: { type: "string", default: join(root, "target/js-tests") },
  },
});
const project = resolve(values.project);
const tools = join(root, "node_modules");

const required = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the sandbox and pass its address and its client`);
  return value;
};
const environment = {
  sandbox: {
    url: required("SANDBOX_URL").replace(/\/$/, ""),
    clientId: required("SANDBOX_CLIENT_ID"),
    clientSecret: required("SANDBOX_CLIENT_SECRET"),
    audience: process.env.SANDBOX_AUDIENCE ?? `${required("SANDBOX_URL").replace(/\/$/, "")}/api/v2/`,
  },
  only: values.match,
};

// A project of its own with nothing in it but the tarball.
const install = () => {
  if (!existsSync(values.tarball)) throw new Error(`${values.tarball} is missing: run \`cargo xtask npm\` first`);
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "name": "auth0-sdk-scratch", "private": true, "type": "module" }\n');
  execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", resolve(values.tarball)], { cwd: project, stdio: ["ignore", "ignore", "inherit"] });
  copyFileSync(join(here, "suite.mjs"), join(project, "suite.mjs"));
  for (const name of ["entry.mjs", "entry.cjs", "entry-package.mjs", "report.mjs", "worker.mjs", "page.mjs"]) copyFileSync(join(here, "runners", name), join(project, name));
};

// --- runners: each calls tell(result) for every case ---

const inProcess = (command, args) => async (tell) => {
  const child = spawn(command, args, { cwd: project, env: { ...process.env, SUITE_ENVIRONMENT: JSON.stringify(environment) }, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  let done = false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("RESULT ")) tell(JSON.parse(line.slice(7)));
    else if (line === "DONE") done = true;
    else console.log(line);
  }
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once("close", resolve));
  if (!done || child.exitCode !== 0) throw new Error(`ended with ${child.exitCode ?? child.signalCode}${done ? "" : ", before the suite did"}\n${errors}`);
};

const workerd = async (tell) => {
  const { build } = await import("esbuild");
  const { Miniflare } = await import("miniflare");
  const out = join(project, "worker");
  // As wrangler does it: these conditions, and wasm files kept as modules of their own.
  await build({
    entryPoints: [join(project, "worker.mjs")],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    outdir: out,
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
  const miniflare = new Miniflare({
    modules: true,
    modulesRules: [
      { type: "ESModule", include: ["**/*.mjs"] },
      { type: "CompiledWasm", include: ["**/*.wasm"] },
    ],
    scriptPath: join(out, "worker.mjs"),
    modulesRoot: out,
    compatibilityDate: "2026-04-01",
    bindings: { ENVIRONMENT: JSON.stringify(environment) },
    cf: false,
  });
  try {
    const response = await miniflare.dispatchFetch("http://worker/suite");
    if (!response.ok) throw new Error(`the Worker answered ${response.status}: ${await response.text()}`);
    for (const result of await response.json()) tell(result);
    if (values.match && !"workerd: one client serves several requests at once".includes(values.match)) return;
    const started = Date.now();
    let error;
    try {
      const control = async (path, body) => {
        const done = await fetch(`${environment.sandbox.url}/__sandbox/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
        if (!done.ok) throw new Error(`sandbox ${path}: ${done.status}`);
      };
      await control("reset", {});
      // Slow enough for all of them to want the token at the same time. In Workers a request cannot wait for the I/O of another.
      await control("faults", { match: { path: "/oauth/token" }, times: 20, delay_ms: 300 });
      const timeout = new Promise((_, reject) => setTimeout(() => reject(new Error("a request hung for 20 s")), 20_000).unref());
      const answers = await Promise.race([timeout, Promise.all(Array.from({ length: 8 }, () => miniflare.dispatchFetch("http://worker/shared")))]);
      for (const answer of answers) if (!answer.ok) throw new Error(`status ${answer.status}: ${await answer.text()}`);
      const later = await Promise.race([timeout, miniflare.dispatchFetch("http://worker/shared")]);
      if (!later.ok) throw new Error(`a later request: status ${later.status}: ${await later.text()}`);
    } catch (thrown) {
      error = String(thrown.stack ?? thrown);
    }
    tell({ name: "workerd: one client serves several requests at once", ok: !error, error, milliseconds: Date.now() - started });
  } finally {
    await miniflare.dispose();
  }
};

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

// Serves a folder, and passes the sandbox's paths on, so that the page and the tenant share an origin.
const serve = async (folder, seen) => {
  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url, "http://x");
    if (/^\/(__sandbox|oauth|api|\.well-known)\b/.test(pathname)) {
      const upstream = httpRequest(environment.sandbox.url + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode, answer.headers);
        // Sent on before the body comes, which a test may delay.
        outgoing.flushHeaders();
        answer.pipe(outgoing);
        // A connection that breaks breaks here too.
        answer.on("aborted", () => outgoing.destroy());
        answer.on("error", () => outgoing.destroy());
      });
      upstream.on("error", () => outgoing.destroy());
      outgoing.on("close", () => upstream.destroy());
      incoming.pipe(upstream);
      return;
    }
    const file = pathname === "/environment.json" ? undefined : join(folder, normalize(pathname === "/" ? "/index.html" : pathname));
    try {
      const body = file ? readFileSync(file) : JSON.stringify(environment);
      outgoing.writeHead(200, { "content-type": TYPES[extname(file ?? ".json")] ?? "application/octet-stream" });
      outgoing.end(body);
      seen.push(pathname);
    } catch {
      outgoing.writeHead(404).end();
      seen.push(`missing ${pathname}`);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => (server.closeAllConnections(), server.close()) };
};

const browse = async (folder, tell, loads) => {
  const { chromium } = await import("playwright-core");
  const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  if (!executablePath) throw new Error("no Chromium was found: install it (apt-get install chromium), or name it in CHROMIUM");
  const seen = [];
  const server = await serve(folder, seen);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
  try {
    const page = await browser.newPage();
    let finish;
    const finished = new Promise((resolve, reject) => {
      finish = resolve;
      // The suite's own cases raise no error outside a promise that they hold.
      page.on("pageerror", (error) => reject(error));
      page.on("crash", () => reject(new Error("the page crashed")));
      setTimeout(() => reject(new Error("the page took more than 5 minutes")), 300_000).unref();
    });
    await page.exposeFunction("tell", tell);
    await page.exposeFunction("finished", () => finish());
    await page.goto(server.url);
    await finished;
    if (values.match) return;
    const error = loads(seen);
    tell({ name: "browser: the module is loaded as intended", ok: !error, error, milliseconds: 0 });
  } finally {
    await browser.close();
    server.close();
  }
};

const oneWasm = (seen) => {
  const wasm = seen.filter((path) => path.endsWith(".wasm"));
  const inline = seen.filter((path) => path.includes("inline"));
  return wasm.length === 1 && !wasm[0].startsWith("missing") && !inline.length ? undefined : `expected one wasm file and no copy, got ${seen}`;
};

const chromium = async (tell) => {
  const map = '<script type="importmap">{ "imports": { "auth0-sdk": "./node_modules/auth0-sdk/index.js" } }</script>';
  writeFileSync(join(project, "index.html"), `<!doctype html><meta charset="utf-8">${map}<script type="module" src="./page.mjs"></script>\n`);
  await browse(project, tell, oneWasm);
};

// No plugin and no setting: esbuild leaves the wasm file behind, and the package falls back on its copy.
const chromiumEsbuild = async (tell) => {
  const { build } = await import("esbuild");
  const out = join(project, "esbuild");
  mkdirSync(out, { recursive: true });
  await build({ entryPoints: [join(project, "page.mjs")], bundle: true, format: "esm", outfile: join(out, "bundle.js"), logLevel: "warning" });
  writeFileSync(join(out, "index.html"), '<!doctype html><meta charset="utf-8"><script type="module" src="./bundle.js"></script>\n');
  await browse(out, tell, (seen) => (seen.includes("/bundle.js") && seen.includes("missing /auth0_sdk.wasm") ? undefined : `expected a bundle alone, got ${seen}`));
};

const chromiumVite = async (tell) => {
  const { build } = await import("vite");
  writeFileSync(join(project, "index.html"), '<!doctype html><meta charset="utf-8"><script type="module" src="./page.mjs"></script>\n');
  await build({ root: project, configFile: false, logLevel: "warn", build: { outDir: "vite", target: "es2022" } });
  await browse(join(project, "vite"), tell, oneWasm);
};

const RUNTIMES = {
  node: inProcess(process.execPath, ["entry.mjs"]),
  "node-cjs": inProcess(process.execPath, ["entry.cjs"]),
  "node-package": inProcess(process.execPath, ["entry-package.mjs"]),
  workerd,
  deno: inProcess(join(tools, "@deno/linux-x64-glibc/deno"), ["run", "-A", "--no-remote", "--node-modules-dir=manual", "entry.mjs"]),
  bun: inProcess(join(tools, "@oven/bun-linux-x64/bin/bun"), ["run", "entry.mjs"]),
  chromium,
  "chromium-esbuild": chromiumEsbuild,
  "chromium-vite": chromiumVite,
};

const chosen = values.only ? values.only.split(",") : Object.keys(RUNTIMES);
for (const name of chosen) if (!RUNTIMES[name]) throw new Error(`no runtime is named ${name}; there are ${Object.keys(RUNTIMES).join(", ")}`);
install();
const table = [];
for (const name of chosen) {
  const started = Date.now();
  let passed = 0;
  let failed = 0;
  const tell = (result) => {
    if (result.ok) passed++;
    else {
      failed++;
      console.log(`${name}: FAILED ${result.name} (${result.milliseconds} ms)\n    ${String(result.error).split("\n").slice(0, 6).join("\n    ")}`);
    }
  };
  try {
    await RUNTIMES[name](tell);
  } catch (error) {
    failed++;
    console.log(`${name}: FAILED to run: ${error.stack ?? error}`);
  }
  if (passed + failed === 0 && !values.match) {
    failed++;
    console.log(`${name}: FAILED: no case was run`);
  }
  console.log(`${name}:`);
  console.log(`${passed} passed, ${failed} failed`);
  table.push({ runtime: name, passed, failed, seconds: Number(((Date.now() - started) / 1000).toFixed(1)) });
}
console.table(table);
const total = table.reduce((sum, row) => ({ passed: sum.passed + row.passed, failed: sum.failed + row.failed }), { passed: 0, failed: 0 });
// What was started and not closed must not keep the run alive.
process.exit(total.failed || !total.passed ? 1 : 0);
