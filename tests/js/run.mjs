// Runs the suite against the packed npm tarball in every JavaScript runtime, one after the other.
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… node tests/js/run.mjs [--only node,workerd] [--match text] [--tarball file]
//
// SANDBOX_AUDIENCE is `{SANDBOX_URL}/api/v2/` when it is not set. --only names runtimes, --match selects cases by a part of their name.
// Exits with 1 when a case fails, or when a runtime ran no case.
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize, resolve } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startProviders } from "./provider.mjs";

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
let environment = {
  sandbox: {
    url: required("SANDBOX_URL").replace(/\/$/, ""),
    clientId: required("SANDBOX_CLIENT_ID"),
    clientSecret: required("SANDBOX_CLIENT_SECRET"),
    audience: process.env.SANDBOX_AUDIENCE ?? `${required("SANDBOX_URL").replace(/\/$/, "")}/api/v2/`,
  },
};

const SUITE = ["suite.mjs", "auth-cases.mjs", "cases.mjs", "keys-cases.mjs", "keys-edges.mjs", "oidc-cases.mjs"];

// The shared cases as a module, for runtimes that have no files; and the operations that take a request, which the cases do not say.
const caseFiles = () => {
  const read = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));
  const names = (folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith(".json") && !["fleet.json", "pacing.json"].includes(name));
  const files = Object.fromEntries(names("tests/cases").map((name) => [name.slice(0, -5), read(`tests/cases/${name}`).cases]));
  const operations = names("api").flatMap((name) => read(`api/${name}`).operations ?? []);
  return `export default ${JSON.stringify({ files, taking: operations.filter(({ query, body }) => query || body).map(({ id }) => id) })};\n`;
};

// A project of its own with nothing in it but the tarball.
const install = () => {
  if (!existsSync(values.tarball)) throw new Error(`${values.tarball} is missing: run \`cargo xtask npm\` first`);
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "name": "auth0-sdk-scratch", "private": true, "type": "module" }\n');
  execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", resolve(values.tarball)], { cwd: project, stdio: ["ignore", "ignore", "inherit"] });
  for (const name of SUITE) copyFileSync(join(here, name), join(project, name));
  writeFileSync(join(project, "case-files.mjs"), caseFiles());
  const keys = Object.fromEntries(["hostile", "vectors"].map((name) => [name, JSON.parse(readFileSync(join(root, `tests/cases/keys/${name}.json`), "utf8"))]));
  writeFileSync(join(project, "keys-data.mjs"), `export default ${JSON.stringify(keys)};\n`);
  for (const name of ["entry.mjs", "entry.cjs", "entry-package.mjs", "report.mjs", "worker.mjs", "page.mjs", "page-users.mjs", "edge.mjs"]) copyFileSync(join(here, "runners", name), join(project, name));
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

// As wrangler does it: these conditions, and wasm files kept as modules of their own.
const buildWorker = async () => {
  const { build } = await import("esbuild");
  const out = join(project, "worker");
  await build({
    entryPoints: [join(project, "worker.mjs")],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    outdir: out,
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
  return out;
};

// `ask` sends a request to the Worker.
const suiteOfWorker = async (ask, tell) => {
  const response = await ask("/suite");
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
    const answers = await Promise.race([timeout, Promise.all(Array.from({ length: 8 }, () => ask("/shared")))]);
    for (const answer of answers) if (!answer.ok) throw new Error(`status ${answer.status}: ${await answer.text()}`);
    const later = await Promise.race([timeout, ask("/shared")]);
    if (!later.ok) throw new Error(`a later request: status ${later.status}: ${await later.text()}`);
  } catch (thrown) {
    error = String(thrown.stack ?? thrown);
  }
  tell({ name: "workerd: one client serves several requests at once", ok: !error, error, milliseconds: Date.now() - started });
};

const miniflare = async (tell) => {
  const { Miniflare } = await import("miniflare");
  const out = await buildWorker();
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
    await suiteOfWorker((path) => miniflare.dispatchFetch(`http://worker${path}`), tell);
  } finally {
    await miniflare.dispose();
  }
};

// The server itself, without what miniflare puts around it.
const workerd = async (tell) => {
  const out = await buildWorker();
  const { default: binary } = createRequire(import.meta.url)("workerd");
  const text = JSON.stringify;
  writeFileSync(
    join(out, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .main), (name = "internet", network = (allow = ["public", "private", "local"])) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ]);
const main :Workerd.Worker = (
  modules = [ (name = "worker.mjs", esModule = embed "worker.mjs"), (name = "auth0_sdk.wasm", wasm = embed "auth0_sdk.wasm") ],
  bindings = [ (name = "ENVIRONMENT", text = ${text(text(environment))}) ],
  compatibilityDate = "2026-04-01");
`,
  );
  const child = spawn(binary, ["serve", join(out, "config.capnp"), "--control-fd=3"], { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  try {
    const port = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdio[3] }).on("line", (line) => {
        const message = JSON.parse(line);
        if (message.event === "listen") resolve(message.port);
      });
      child.once("exit", (code) => reject(new Error(`workerd ended with ${code}\n${errors}`)));
    });
    await suiteOfWorker((path) => fetch(`http://127.0.0.1:${port}${path}`), tell);
  } finally {
    child.removeAllListeners("exit");
    child.kill();
  }
};

// As Next.js does it: the wasm file is compiled by whoever deploys, and bundles cannot compile any.
const edgeLight = async (tell) => {
  const { build } = await import("esbuild");
  const { EdgeVM } = await import("@edge-runtime/vm");
  const module = new WebAssembly.Module(readFileSync(join(project, "node_modules/auth0-sdk/auth0_sdk.wasm")));
  const out = join(project, "edge.js");
  await build({
    entryPoints: [join(project, "edge.mjs")],
    bundle: true,
    format: "iife",
    conditions: ["edge-light", "worker", "browser"],
    outfile: out,
    logLevel: "warning",
    plugins: [
      {
        name: "wasm",
        setup(builder) {
          builder.onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({ path, namespace: "wasm" }));
          builder.onLoad({ filter: /./, namespace: "wasm" }, () => ({ contents: "export default globalThis.compiledWasm;" }));
        },
      },
    ],
  });
  const vm = new EdgeVM({ extend: (context) => Object.assign(context, { compiledWasm: module }) });
  vm.evaluate(readFileSync(out, "utf8"));
  await vm.evaluate("main")(JSON.stringify(environment), (result) => tell(JSON.parse(result)));
};

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

// Serves a folder, takes what the page says, and passes the sandbox's paths on, so that the page and the tenant share an origin.
const serve = async (folder, seen, hear) => {
  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url, "http://x");
    if (pathname.startsWith("/__tests/")) {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => {
        outgoing.writeHead(204).end();
        hear(pathname.slice(9), JSON.parse(Buffer.concat(chunks).toString()));
      });
      return;
    }
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

const BROWSERS = {
  chrome: { variable: "CHROMIUM", paths: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"], args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] },
  firefox: { variable: "FIREFOX", paths: ["/usr/bin/firefox-esr", "/usr/bin/firefox"], args: [] },
};

const launch = async (browser) => {
  const { variable, paths, args } = BROWSERS[browser];
  const executablePath = process.env[variable] ?? paths.find((path) => existsSync(path));
  if (!executablePath) throw new Error(`no ${browser} was found: install it, or name it in ${variable}`);
  const { default: puppeteer } = await import("puppeteer-core");
  return puppeteer.launch({ browser, executablePath, args, headless: true });
};

// What a page says when its script cannot even be loaded.
const GUARD = '<script>addEventListener("error", (event) => fetch("/__tests/broken", { method: "POST", body: JSON.stringify(String(event.message ?? event.target?.src)) }), true)</script>';
const pageWith = (scripts) => `<!doctype html><meta charset="utf-8">${GUARD}${scripts}\n`;

const browse = async (kind, folder, tell, loads) => {
  const seen = [];
  let told = 0;
  let end;
  const finished = new Promise((resolve, reject) => {
    end = { resolve, reject };
    setTimeout(() => reject(new Error("the page took more than 5 minutes")), 300_000).unref();
  });
  const server = await serve(folder, seen, (what, value) => {
    if (what === "result") {
      told++;
      tell(value);
    } else if (what === "broken") end.reject(new Error(`the page broke: ${value}`));
    else if (value === told) end.resolve();
    else end.reject(new Error(`the page ran ${value} cases, and ${told} were heard of`));
  });
  const browser = await launch(kind);
  try {
    const page = await browser.newPage();
    page.on("error", (error) => end.reject(error));
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

const bare = (browser) => async (tell) => {
  const map = '<script type="importmap">{ "imports": { "auth0-sdk": "./node_modules/auth0-sdk/index.js", "auth0-sdk/users": "./node_modules/auth0-sdk/groups/users.js" } }</script>';
  writeFileSync(join(project, "index.html"), pageWith(`${map}<script type="module" src="./page-users.mjs"></script>`));
  await browse(browser, project, tell, oneWasm);
};

// One file by a relative address, from a module and from a classic script, and nothing else of the package.
const inline = async (tell) => {
  const out = join(project, "inline");
  mkdirSync(out, { recursive: true });
  copyFileSync(join(project, "node_modules/auth0-sdk/inline.js"), join(out, "inline.js"));
  for (const name of ["page.mjs", "case-files.mjs", "keys-data.mjs", ...SUITE]) copyFileSync(join(project, name), join(out, name));
  const classic = '<script>import("./inline.js").then(({ ManagementClient }) => new ManagementClient({ domain: "a.example.com", token: "t", fetch: async () => Response.json(1) }).jobs.get("1")).then((one) => { globalThis.classic = one; })</script>';
  const map = '<script type="importmap">{ "imports": { "auth0-sdk": "./inline.js" } }</script>';
  writeFileSync(join(out, "index.html"), pageWith(`${map}${classic}<script type="module" src="./page.mjs"></script><script type="module">for (let i = 0; globalThis.classic !== 1; i++) { if (i > 500) throw new Error("no answer in the classic script"); await new Promise((resolve) => setTimeout(resolve, 10)); }</script>`));
  await browse("chrome", out, tell, (seen) => (seen.some((path) => /wasm|shared|copy/.test(path)) || !seen.includes("/inline.js") ? `expected one file, got ${seen}` : undefined));
};

const page = (out, script) => {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "index.html"), pageWith(`<script type="module" src="./${script}"></script>`));
};

// No plugin and no setting: esbuild leaves the wasm file behind, and the package falls back on its copy.
const throughEsbuild = async (tell) => {
  const { build } = await import("esbuild");
  const out = join(project, "esbuild");
  page(out, "bundle.js");
  await build({ entryPoints: [join(project, "page-users.mjs")], bundle: true, format: "esm", outfile: join(out, "bundle.js"), logLevel: "warning" });
  await browse("chrome", out, tell, (seen) => (seen.includes("/bundle.js") && seen.includes("missing /auth0_sdk.wasm") ? undefined : `expected a bundle alone, got ${seen}`));
};

const throughVite = async (tell) => {
  const { build } = await import("vite");
  writeFileSync(join(project, "index.html"), pageWith('<script type="module" src="./page-users.mjs"></script>'));
  await build({ root: project, configFile: false, logLevel: "warn", build: { outDir: "vite", target: "es2022" } });
  await browse("chrome", join(project, "vite"), tell, oneWasm);
};

// No loader and no setting: webpack ships the file that `new URL` names.
const throughWebpack = async (tell) => {
  const { default: webpack } = await import("webpack");
  const out = join(project, "webpack");
  page(out, "bundle.js");
  const stats = await new Promise((resolve, reject) => {
    webpack({ mode: "production", context: project, entry: "./page-users.mjs", output: { path: out, filename: "bundle.js" } }, (error, stats) => (error ? reject(error) : resolve(stats)));
  });
  // That the bundle is larger than webpack likes is no concern here.
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
  await browse("chrome", out, tell, oneWasm);
};

// Only with the plugin without which Rollup finds no package at all. It leaves the wasm file behind, as esbuild does.
const throughRollup = async (tell) => {
  const { rollup } = await import("rollup");
  const { nodeResolve } = await import("@rollup/plugin-node-resolve");
  const out = join(project, "rollup");
  page(out, "page-users.js");
  const bundle = await rollup({ input: join(project, "page-users.mjs"), plugins: [nodeResolve({ browser: true })] });
  await bundle.write({ dir: out, format: "esm" });
  await bundle.close();
  await browse("chrome", out, tell, (seen) => (seen.some((path) => path.startsWith("/copy")) && seen.includes("missing /auth0_sdk.wasm") ? undefined : `expected the bundle and the copy, got ${seen}`));
};

// What differs between bundles of the same code in the same browser is how the module is found, and what a minifier breaks.
const SELECTED = ["token: client", "config: all", "request: create", "request: unheard", "list: offset", "list: hasNext", "error: every", "error: classes", "retry: a body", "timeout: no answer", "abort: during the request", "upload: every", "stream: goes", "auth: clients", "auth: the entry", "logging: requests", "helpers:"];
const selected = (runtime) => Object.assign(runtime, { only: SELECTED });

const RUNTIMES = {
  node: inProcess(process.execPath, ["entry.mjs"]),
  "node-cjs": inProcess(process.execPath, ["entry.cjs"]),
  "node-package": inProcess(process.execPath, ["entry-package.mjs"]),
  node22: inProcess(join(tools, "node22/bin/node"), ["entry.mjs"]),
  node24: inProcess(join(tools, "node24/bin/node"), ["entry.mjs"]),
  deno: inProcess(join(tools, "@deno/linux-x64-glibc/deno"), ["run", "-A", "--no-remote", "--node-modules-dir=manual", "entry.mjs"]),
  bun: inProcess(join(tools, "@oven/bun-linux-x64/bin/bun"), ["run", "entry.mjs"]),
  miniflare,
  workerd: selected(workerd),
  "edge-light": edgeLight,
  chromium: bare("chrome"),
  firefox: bare("firefox"),
  inline: selected(inline),
  esbuild: selected(throughEsbuild),
  vite: selected(throughVite),
  webpack: selected(throughWebpack),
  rollup: selected(throughRollup),
};

const chosen = values.only ? values.only.split(",") : Object.keys(RUNTIMES);
for (const name of chosen) if (!RUNTIMES[name]) throw new Error(`no runtime is named ${name}; there are ${Object.keys(RUNTIMES).join(", ")}`);
install();
environment.oidc = await startProviders();
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
  environment = { ...environment, only: values.match ?? RUNTIMES[name].only };
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
