// What only Node can look at: the files of the package, and several copies of it in one process.
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import * as sdk from "auth0-sdk";
import { report } from "./report.mjs";

const home = fileURLToPath(new URL("./node_modules/auth0-sdk/", import.meta.url));
const cases = [];
const test = (name, body) => cases.push({ name, body });
const ok = (condition, what) => {
  if (!condition) throw new Error(`expected ${what}`);
};

const fetch = async () => Response.json({ fine: true });
const call = ({ ManagementClient }) => new ManagementClient({ domain: "tenant.example.com", token: "t", fetch }).jobs.get("1");

let copies = 0;
const copy = () => {
  const folder = fileURLToPath(new URL(`./copy-${++copies}/`, import.meta.url));
  rmSync(folder, { recursive: true, force: true });
  cpSync(home, folder, { recursive: true });
  return folder;
};

test("package: nothing but what it needs is in it", async () => {
  const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`.replace(/\/+/g, "/").slice(home.length)).sort();
  const maps = ["edge-light.js", "index.js", "node.cjs", "shared.cjs", "shared.js", "workerd.js"];
  const expected = [
    ...["LICENSE", "README.md", "api/clients.d.cts", "api/models.d.cts", "auth0_sdk.wasm", "authentication.d.cts", "browser.d.cts", "browser.d.ts", "browser.js", "browser.js.map", "copy.js", "core.d.cts", "errors.d.cts"],
    ...["full-namespace.d.cts", "index.d.cts", "index.d.ts", "inline.d.ts", "inline.js", "management.cjs", "management.d.cts", "management.d.ts"],
    ...["bulk.cjs", "bulk.d.cts", "bulk.d.ts", "bulk.js", "management.js", "models.cjs", "models.d.cts", "models.d.ts", "models.js", "namespace.d.cts", "namespace.js", "package.json", "peer.d.cts", "stores.cjs", "stores.d.cts", "stores.d.ts", "stores.js", "verify.cjs", "verify.d.cts", "verify.d.ts", "verify.js"],
    ...maps.flatMap((name) => [name, `${name}.map`]),
  ].sort();
  const others = files.filter((name) => !name.startsWith("groups/"));
  ok(others.join() === expected.join(), `${expected}, got ${others}`);
  for (const name of maps) {
    const map = JSON.parse(readFileSync(`${home}${name}.map`, "utf8"));
    ok(map.sources.every((path) => /^src\/[\w-]+\.js$/.test(path)) && map.sourcesContent.length === map.sources.length, `sources in ${name}.map, got ${map.sources}`);
  }
  const manifest = JSON.parse(readFileSync(`${home}package.json`, "utf8"));
  ok(!manifest.dependencies && !manifest.scripts, "no dependencies, no scripts");
  for (const name of files.filter((name) => !name.endsWith(".map"))) ok(!readFileSync(home + name, "latin1").includes("_bg.wasm"), `${name} without a reference to wasm-pack's file name`);
});

test("package: importing it loads no wasm", async () => {
  const folder = copy();
  rmSync(`${folder}auth0_sdk.wasm`);
  rmSync(`${folder}copy.js`);
  const { ManagementClient } = await import(`${folder}index.js`);
  new ManagementClient({ domain: "tenant.example.com", token: "t" });
});

// Node loads its `fetch` when it is first named, or what belongs to it: that takes longer than the package itself.
test("package: importing it names nothing of fetch", async () => {
  const trap = 'for (const name of ["fetch", "Headers", "Request", "Response", "FormData"]) Object.defineProperty(globalThis, name, { get() { throw new Error(`${name} is named`); } });';
  const names = ["auth0-sdk", "auth0-sdk/management", "auth0-sdk/verify", "auth0-sdk/bulk", "auth0-sdk/stores", "auth0-sdk/users"];
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const run = (type, code) => execFileSync(process.execPath, [`--input-type=${type}`, "-e", trap + code], { cwd, encoding: "utf8", stdio: "pipe" });
  run("module", names.map((name) => `await import("${name}");`).join(""));
  run("commonjs", `require("auth0-sdk");`);
});

test("package: a wasm file that cannot be loaded fails the call, and is tried again", async () => {
  const folder = copy();
  for (const name of ["auth0_sdk.wasm", "authentication.d.cts", "browser.d.cts", "browser.d.ts", "browser.js", "browser.js.map", "copy.js"]) renameSync(folder + name, `${folder}away-${name}`);
  const broken = await import(`${folder}index.js`);
  for (let attempt = 0; attempt < 2; attempt++) {
    const error = await call(broken).then(() => undefined, (error) => error);
    ok(error instanceof broken.ManagementError && error.code === "load_failed", `load_failed, got ${error?.code}: ${error?.message}`);
    ok(error.message.includes("auth0_sdk.wasm"), `a message that names the file, got ${error.message}`);
  }
  renameSync(`${folder}away-auth0_sdk.wasm`, `${folder}auth0_sdk.wasm`);
  ok((await call(broken)).fine, "an answer once the file is back");
});

test("package: without the wasm file the copy in JavaScript does", async () => {
  const folder = copy();
  rmSync(`${folder}auth0_sdk.wasm`);
  ok((await call(await import(`${folder}index.js`))).fine, "ESM");
  ok((await call(createRequire(import.meta.url)(`${folder}node.cjs`))).fine, "CommonJS");
});

test("package: every group has an entry point, with the class whose objects a client has", async () => {
  const client = new sdk.ManagementClient({ domain: "tenant.example.com", token: "t" });
  const require = createRequire(import.meta.url);
  const common = new (require("auth0-sdk").ManagementClient)({ domain: "tenant.example.com", token: "t" });
  let count = 0;
  const visit = async (parent, other, path) => {
    for (const name in parent) {
      if (typeof parent[name] === "function") continue;
      const at = [...path, name];
      const entry = `auth0-sdk/${at.join("/")}`;
      const type = `${name[0].toUpperCase()}${name.slice(1)}Client`;
      const [module, commonModule] = [await import(entry), require(entry)];
      ok(module[type]?.name === type && parent[name] instanceof module[type], `${entry} with ${type}`);
      ok(other[name] instanceof commonModule[type] && module[type] !== commonModule[type], `${entry} of CommonJS with ${type}`);
      const nested = Object.keys(module).filter((key) => key !== type).sort();
      ok(nested.join() === Object.keys(commonModule).filter((key) => key !== type).sort().join(), `the same exports of ${entry}`);
      const groups = [];
      for (const key in parent[name]) if (typeof parent[name][key] !== "function") groups.push(key);
      ok(nested.join() === groups.sort().join(), `${groups} in ${entry}, got ${nested}`);
      count++;
      await visit(parent[name], other[name], at);
    }
  };
  await visit(client, common, []);
  const files = readdirSync(`${home}groups`, { recursive: true }).filter((name) => /\./.test(name));
  ok(count > 150 && files.length === 4 * count, `four files for each of ${count} groups, got ${files.length}`);
  const { UsersClient } = await import("auth0-sdk/users");
  ok((await new UsersClient({ domain: "tenant.example.com", token: "t", fetch }).get("1")).fine, "an answer");
});

test("package: a crash of the core is an error, and the next call has a new one", async () => {
  const { ManagementClient, ManagementError } = await import(`${copy()}index.js`);
  const { Instance } = WebAssembly;
  let crash = false;
  let instances = 0;
  // There is no way to make it crash, so this one stops where it is told to.
  WebAssembly.Instance = function (module, imports) {
    instances++;
    const guarded = Object.entries(new Instance(module, imports).exports).map(([name, value]) => [
      name,
      typeof value !== "function" ? value : (...args) => {
        if (crash) {
          crash = false;
          throw new WebAssembly.RuntimeError("unreachable");
        }
        return value(...args);
      },
    ]);
    return { exports: Object.fromEntries(guarded) };
  };
  try {
    let release;
    const slow = new Promise((resolve) => { release = resolve; });
    const options = { domain: "tenant.example.com", token: "t", fetch };
    const [one, two] = [new ManagementClient(options), new ManagementClient({ ...options, fetch: async () => (sent(), await slow, Response.json({ late: true })) })];
    ok((await one.jobs.get("1")).fine, "an answer before");
    let sent;
    const begun = new Promise((resolve) => { sent = resolve; });
    const underWay = two.jobs.get("1");
    await begun;
    crash = true;
    // Not the request that is kept, for which the core is not asked.
    const error = await one.jobs.get("1", { maxRetries: 1 }).then(() => undefined, (error) => error);
    ok(error instanceof ManagementError && error.code === "internal_error" && error.cause instanceof WebAssembly.RuntimeError, `an error, got ${error}`);
    ok(error.message.includes("jobs.get"), "a message that names the call");
    ok((await one.jobs.get("1")).fine && instances === 2, `an answer of a second instance, made ${instances}`);
    release();
    ok((await underWay).late, "the answer of a call that was under way");
    ok((await two.jobs.get("1")).late && (await one.jobs.get("1")).fine && instances === 2, "answers after");
  } finally {
    WebAssembly.Instance = Instance;
  }
});

test("package: everything in one file", async () => {
  const folder = copy();
  const inline = await import(`${folder}inline.js`);
  for (const name of readdirSync(folder)) if (name !== "inline.js") rmSync(folder + name, { recursive: true });
  ok((await call(inline)).fine, "an answer");
  ok(Object.keys(inline).sort().join() === Object.keys(sdk).sort().join(), "the same exports");
});

test("package: three copies in one process", async () => {
  const other = await import(`${copy()}index.js`);
  const common = createRequire(import.meta.url)("auth0-sdk");
  ok(other.ManagementClient !== sdk.ManagementClient && common.ManagementClient !== sdk.ManagementClient, "copies");
  const answers = await Promise.all([sdk, other, common, sdk].map(call));
  ok(answers.every((answer) => answer.fine), "answers of all");
  ok(Object.keys(common).sort().join() === Object.keys(sdk).sort().join(), "the same exports");
});

const run = async (_environment, tell) => {
  for (const { name, body } of cases) {
    const started = Date.now();
    const error = await body().then(() => undefined, (error) => String(error.stack ?? error));
    tell({ name, ok: error === undefined, error, milliseconds: Date.now() - started });
  }
};
await report(run, sdk);
