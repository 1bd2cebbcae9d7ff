// Token stores of the packed tarball: the format, the client over a store, and in workerd KV, the Cache API and a Durable Object,
// shared by isolates that start cold at once.
//
//   node tests/js/stores.mjs [tarball]
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
const tarball = resolve(process.argv[2] ?? join(root, "target/npm/auth0-sdk.tgz"));
const project = join(root, "target/stores-test");
rmSync(project, { recursive: true, force: true });
mkdirSync(project, { recursive: true });
writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", tarball], { cwd: project, stdio: ["ignore", "ignore", "inherit"] });
const require = createRequire(join(project, "package.json"));
const { ManagementClient, TokenProvider } = await import(pathToFileURL(require.resolve("auth0-sdk").replace("node.cjs", "index.js")));
const stores = await import(pathToFileURL(require.resolve("auth0-sdk/stores").replace(".cjs", ".js")));
assert.deepEqual(Object.keys(require("auth0-sdk/stores")).sort(), Object.keys(stores).sort());
const { refreshAhead, textStore, webStorageStore } = stores;

let failed = 0;
const test = async (name, body) => {
  try {
    await body();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.stack}`);
  }
};

const memory = (map = new Map()) => ({
  map,
  get: async (key) => map.get(key),
  put: async (key, text, seconds) => void map.set(key, text).set("seconds", seconds),
  remove: async (key, text) => void (map.get(key) === text && map.delete(key)),
});

// A fetch that sells tokens, and refuses those that are in `revoked`.
const tenant = () => {
  const made = { bought: 0, used: [], revoked: new Set() };
  made.fetch = async (url, init) => {
    if (url.endsWith("/oauth/token")) {
      made.bought += 1;
      return Response.json({ access_token: `t${made.bought}`, token_type: "Bearer", expires_in: 86400 });
    }
    const token = init.headers.authorization.slice(7);
    made.used.push(token);
    return made.revoked.has(token) ? Response.json({ statusCode: 401, message: "Invalid token" }, { status: 401 }) : Response.json({ user_id: "a" });
  };
  return made;
};
const clientOf = (fetch, tokenStore, more) => {
  const problems = [];
  const options = { domain: "tenant.us.auth0.com", clientId: "the-client", clientSecret: "the-client-secret", fetch, tokenStore };
  return { problems, client: new ManagementClient({ ...options, onTokenStoreProblem: (problem) => problems.push(problem.message), ...more }) };
};

const known = JSON.parse(readFileSync(join(root, "tests/stored_values.json"), "utf8"));
const keys = known.keys.map((hex) => new Uint8Array(Buffer.from(hex, "hex")));

await test("known values are read, and what is of no use is reported and replaced under the same key", async () => {
  assert.ok(known.cases.length > 20);
  for (const { name, value, encrypted, token, problem } of known.cases) {
    const backend = memory(new Map([[known.key, value]]));
    const store = textStore(backend, encrypted ? { encryptionKey: keys } : {});
    // The times of the file are over: the client is asked about the store, the store about the value.
    if (token) assert.deepEqual(await store.get(known.key), { token, expiresAt: known.expiresAt }, name);
    else await assert.rejects(store.get(known.key), (error) => error.message.includes(problem), name);
    const { fetch } = tenant();
    const { client, problems } = clientOf(fetch, store);
    await client.users.get("a");
    assert.deepEqual([...backend.map.keys()].filter((key) => key !== "seconds"), [known.key], name);
    assert.equal(problems.length > 0, !token, `${name}: ${problems}`);
    assert.notEqual(backend.map.get(known.key), value, name);
  }
});

await test("a second client takes the token of the first, encrypted or not", async () => {
  for (const options of [{}, { encryptionKey: keys[0] }]) {
    const [shop, backend] = [tenant(), memory()];
    for (let count = 0; count < 3; count++) {
      const { client, problems } = clientOf(shop.fetch, textStore(backend, options));
      await Promise.all([client.users.get("a"), client.users.get("b")]);
      assert.deepEqual(problems, []);
    }
    assert.equal(shop.bought, 1);
    assert.deepEqual(new Set(shop.used), new Set(["t1"]));
    assert.equal(backend.map.get("seconds"), 86400);
    assert.equal([...backend.map.values()].join().includes("t1"), !options.encryptionKey);
  }
});

await test("a rotated secret gets a token of its own", async () => {
  const [shop, backend] = [tenant(), memory()];
  for (const clientSecret of ["old", "new"]) await clientOf(shop.fetch, textStore(backend), { clientSecret }).client.users.get("a");
  assert.deepEqual(shop.used, ["t1", "t2"]);
});

await test("a revoked token is replaced once, and the others take the new one", async () => {
  const [shop, backend] = [tenant(), memory()];
  const [one, two] = [0, 1].map(() => clientOf(shop.fetch, textStore(backend)).client);
  await one.users.get("a");
  await two.users.get("a");
  shop.revoked.add("t1");
  await one.users.get("a");
  await two.users.get("a");
  assert.deepEqual(shop.used, ["t1", "t1", "t1", "t2", "t1", "t2"]);
  assert.equal(shop.bought, 2);
});

await test("a store that fails, hangs or gives nonsense fails no call", async () => {
  const broken = () => {
    throw new Error("the store is gone");
  };
  const gone = { get: broken, put: async () => broken(), remove: broken, lease: broken };
  const odd = { get: async () => ({ token: 7, expiresAt: "x" }), put: async () => {}, remove: async () => {} };
  const hung = () => new Promise(() => {});
  for (const [store, said] of [[gone, /the store is gone/], [{ get: hung, put: hung, remove: hung }, /did not answer/], [odd, undefined]]) {
    const shop = tenant();
    const { client, problems } = clientOf(shop.fetch, store);
    await client.users.get("a");
    await client.users.get("a");
    assert.equal(shop.bought, 1);
    if (said) assert.match(problems.join(), said);
  }
});

await test("a holder that never gives the lease back holds the others up for 10 s and no longer", async () => {
  const real = globalThis.setTimeout;
  // Time runs a hundred times as fast.
  globalThis.setTimeout = (fire, milliseconds) => real(fire, milliseconds / 100);
  try {
    const shop = tenant();
    const { client } = clientOf(shop.fetch, textStore({ ...memory(), lease: async () => undefined }));
    await client.users.get("a");
    assert.equal(shop.bought, 1);
  } finally {
    globalThis.setTimeout = real;
  }
});

await test("the next token is bought ahead, once, and no call waits for it", async () => {
  const real = Date.now;
  let passed = 0;
  Date.now = () => real() + passed;
  try {
    const [shop, backend] = [tenant(), memory()];
    const machine = () => {
      const options = { domain: "tenant.us.auth0.com", clientId: "the-client", clientSecret: "the-client-secret", fetch: shop.fetch };
      const buy = (tokenStore) => new TokenProvider({ ...options, tokenStore }).getAccessToken();
      const { store, refresh } = refreshAhead(textStore(backend), buy, { seconds: 3600 });
      return { ...clientOf(shop.fetch, store), refresh };
    };
    const [one, two] = [machine(), machine()];
    await one.refresh();
    assert.equal(shop.bought, 0, "nobody has asked for a token yet");
    for (const { client, refresh } of [one, two]) {
      await client.users.get("a");
      await refresh();
    }
    assert.equal(shop.bought, 1);
    passed = (86400 - 3000) * 1000;
    for (const { refresh } of [one, two, one, two]) await refresh();
    assert.equal(shop.bought, 2);
    passed = (86400 - 20) * 1000;
    for (const { client } of [one, two]) await client.users.get("a");
    assert.deepEqual([shop.used.slice(-2), shop.bought, one.problems, two.problems], [["t2", "t2"], 2, [], []]);
    // What goes wrong is told, is not tried again at once, and leaves the kept token alone.
    passed = (2 * 86400 - 3000 - 500) * 1000;
    const broken = refreshAhead(textStore(backend), async () => { throw new Error("no token"); });
    await broken.store.get([...backend.map.keys()][0]);
    await assert.rejects(broken.refresh(), /no token/);
    await broken.refresh();
    passed += 61_000;
    await assert.rejects(broken.refresh(), /no token/);
  } finally {
    Date.now = real;
  }
});

await test("a token that lives shorter than the time ahead is not bought again and again", async () => {
  const [shop, backend] = [tenant(), memory()];
  const sell = shop.fetch;
  const fetch = async (url, init) => (url.endsWith("/oauth/token") ? Response.json({ ...(await (await sell(url, init)).json()), expires_in: 600 }) : sell(url, init));
  const buy = async () => assert.fail("half of its life is not over");
  const { store, refresh } = refreshAhead(textStore(backend), buy, { seconds: 3600 });
  await clientOf(fetch, store).client.users.get("a");
  await refresh();
  assert.equal(shop.bought, 1);
});

await test("wrong options are refused", async () => {
  assert.throws(() => textStore({}), /no get/);
  assert.throws(() => textStore(memory(), { encryptionKey: "password" }), /32 bytes/);
  assert.throws(() => clientOf(undefined, {}), /tokenStore/);
});

await test("web storage", async () => {
  const items = new Map();
  const storage = { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value), removeItem: (key) => void items.delete(key) };
  const store = webStorageStore(storage);
  await store.put("k", { token: "t", expiresAt: 1e13 });
  assert.deepEqual(await store.get("k"), { token: "t", expiresAt: 1e13 });
  await store.remove("k", "other");
  assert.equal(items.size, 1);
  await store.remove("k", "t");
  assert.equal(await store.get("k"), undefined);
});

// --- workerd: isolates of one Miniflare, which share KV, the cache and a Durable Object ---

let bought = 0;
const server = createServer((request, response) => {
  const sell = request.url === "/oauth/token";
  if (sell) bought += 1;
  const answer = sell ? { access_token: `t${bought}`, token_type: "Bearer", expires_in: 86400 } : { user_id: "a", token: request.headers.authorization };
  // Slow, so that all are in need of a token at once.
  setTimeout(() => response.setHeader("content-type", "application/json").end(JSON.stringify(answer)), sell ? 300 : 0);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const origin = `http://127.0.0.1:${server.address().port}`;

writeFileSync(
  join(project, "worker.mjs"),
  `import { ManagementClient } from "auth0-sdk";
import { cacheStore, durableObjectStore, kvStore, TokenObject } from "auth0-sdk/stores";
export { TokenObject };
const encryptionKey = new Uint8Array(32).fill(7);
let kept;
export default {
  async fetch(request, env) {
    const kinds = {
      kv: () => kvStore(env.KV, { encryptionKey }),
      cache: () => cacheStore(),
      object: () => durableObjectStore(env.TOKENS, { encryptionKey }),
      stub: () => durableObjectStore(env.TOKENS.get(env.TOKENS.idFromName("stub")), { encryptionKey }),
    };
    const [, kind, again] = new URL(request.url).pathname.split("/");
    if (again) {
      // A store outlives the request that made it.
      const problems = [];
      const store = (kept ??= kinds[kind]());
      await store.put("again", { token: "t", expiresAt: Date.now() + 100_000 });
      return Response.json({ token: (await store.get("again")).token, problems });
    }
    const problems = [];
    const auth0 = new ManagementClient({
      domain: "${origin}", clientId: "c-" + kind, clientSecret: "s", tokenStore: kinds[kind](), onTokenStoreProblem: (problem) => problems.push(String(problem)),
    });
    const { token } = await auth0.users.get("a");
    return Response.json({ token, problems });
  },
};
`,
);
// As wrangler does it: these conditions, and the wasm as a module of its own.
const bundle = async (name) => {
  const outdir = join(project, "out");
  await build({ entryPoints: [join(project, `${name}.mjs`)], bundle: true, format: "esm", target: "es2022", conditions: ["workerd", "worker", "browser"], loader: { ".wasm": "copy" }, outdir, outExtension: { ".js": ".mjs" }, assetNames: "[name]", logLevel: "error" });
  const files = [join(outdir, `${name}.mjs`), join(outdir, "auth0_sdk.wasm")];
  return { modules: files.map((path, index) => ({ type: index ? "CompiledWasm" : "ESModule", path })), modulesRoot: outdir, compatibilityDate: "2026-04-01" };
};
const worker = await bundle("worker");
const ISOLATES = 20;
const flare = new Miniflare({
  workers: Array.from({ length: ISOLATES }, (_, index) => ({
    name: `w${index}`,
    ...worker,
    kvNamespaces: { KV: "tokens" },
    durableObjects: { TOKENS: { className: "TokenObject", scriptName: "w0" } },
  })),
});
try {
  const workers = await Promise.all(Array.from({ length: ISOLATES }, (_, index) => flare.getWorker(`w${index}`)));
  const all = (kind, list = workers) =>
    Promise.all(
      list.map(async (worker) => {
        const { token, problems } = await (await worker.fetch(`http://worker/${kind}`)).json();
        assert.deepEqual(problems, [], kind);
        return token;
      }),
    );
  await test(`workerd: ${ISOLATES} isolates and one Durable Object, cold at once, buy one token`, async () => {
    bought = 0;
    const tokens = await all("object");
    assert.deepEqual(new Set(tokens), new Set(["Bearer t1"]));
    assert.equal(bought, 1);
  });
  await test("workerd: a store over a namespace of Durable Objects serves one request after the other", async () => {
    for (let count = 0; count < 3; count++) assert.deepEqual(await all("object/again", workers.slice(0, 1)), ["t"]);
    assert.deepEqual(await all("stub", workers.slice(0, 1)), [`Bearer t${bought}`]);
  });
  for (const kind of ["kv", "cache"]) {
    await test(`workerd: isolates that start after the first find its token (${kind})`, async () => {
      bought = 0;
      await all(kind, workers.slice(0, 1));
      const tokens = await all(kind);
      assert.deepEqual([bought, new Set(tokens)], [1, new Set(["Bearer t1"])]);
    });
  }
} finally {
  await flare.dispose();
  server.close();
}

// --- workerd: isolates that keep to one limit over a Durable Object ---

// A tenant's limit: so many at once, and so many a second.
const [SIZE, SPEED] = [4, 8];
let level;
let filledAt;
let refused;
const refill = () => {
  [level, filledAt, refused] = [SIZE, Date.now(), 0];
};
const tenantServer = createServer((request, response) => {
  const now = Date.now();
  level = Math.min(SIZE, level + ((now - filledAt) / 1000) * SPEED);
  filledAt = now;
  const allowed = level >= 1;
  if (allowed) level -= 1;
  else refused += 1;
  response.setHeader("x-ratelimit-limit", SIZE).setHeader("x-ratelimit-remaining", Math.floor(level));
  response.setHeader("x-ratelimit-reset", Math.ceil(now / 1000 + (SIZE - level) / SPEED));
  if (!allowed) response.statusCode = 429;
  response.setHeader("content-type", "application/json").end(allowed ? '{"user_id":"a"}' : '{"statusCode":429,"error":"Too Many Requests","message":"slow"}');
});
await new Promise((done) => tenantServer.listen(0, "127.0.0.1", done));
writeFileSync(
  join(project, "limited.mjs"),
  `import { ManagementClient } from "auth0-sdk";
import { createLimiter, forEach } from "auth0-sdk/bulk";
import { durableObjectLimits, TokenObject } from "auth0-sdk/stores";
export { TokenObject };
// One for all requests of the isolate.
let kept;
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const problems = [];
    const store = pathname === "/broken" ? { get: async () => { throw new Error("the object is gone"); }, swap: async () => true } : durableObjectLimits(env.TOKENS);
    kept ??= createLimiter({ store, onStoreProblem: ({ message }) => problems.push(message) });
    const auth0 = new ManagementClient({ domain: "http://127.0.0.1:${tenantServer.address().port}", token: "t", maxRetries: 5, fetch: kept.fetch({ priority: "bulk" }) });
    if (pathname === "/one") return Response.json(await auth0.users.get("a"));
    const { done, failures } = await forEach(Array.from({ length: 6 }), () => auth0.users.get("a"), { concurrency: 3 });
    return Response.json({ done, failures: failures.map(({ error }) => error.message), problems });
  },
};
`,
);
const limited = await bundle("limited");
const FEW = 4;
const withIsolates = async (body) => {
  const worker = (_, index) => ({ name: `w${index}`, ...limited, durableObjects: { TOKENS: { className: "TokenObject", scriptName: "w0" } } });
  const isolates = new Miniflare({ workers: Array.from({ length: FEW }, worker) });
  try {
    await body(await Promise.all(Array.from({ length: FEW }, (_, index) => isolates.getWorker(`w${index}`))), await isolates.ready);
  } finally {
    await isolates.dispose();
  }
};
const jobs = async (workers, path) => {
  refill();
  const reports = await Promise.all(workers.map(async (worker) => (await worker.fetch(`http://worker${path}`)).json()));
  assert.deepEqual(reports.map(({ done, failures }) => [done, failures]), Array(FEW).fill([6, []]));
  return reports.flatMap(({ problems }) => problems);
};
try {
  await test(`workerd: ${FEW} isolates keep to one limit over a Durable Object`, () =>
    withIsolates(async (workers) => {
      assert.deepEqual(await jobs(workers, "/shared"), []);
      assert.ok(refused <= 2, `${refused} were refused`);
    }));
  await test("workerd: without the object each goes on alone, and says so", () =>
    withIsolates(async (workers) => {
      assert.match((await jobs(workers, "/broken")).join(), /gone/);
    }));
  await test("workerd: a request that is cancelled while it waits holds no other one up", () =>
    withIsolates(async (_, origin) => {
      refill();
      const one = (signal) => fetch(new URL("/one", origin), { signal });
      assert.equal((await one()).status, 200);
      for (let round = 0; round < 1; round++) {
        const gone = new AbortController();
        const first = Array.from({ length: 6 }, () => one(gone.signal).then((answer) => answer.status, (error) => error.name));
        await new Promise((done) => setTimeout(done, 50));
        const others = Array.from({ length: 6 }, () => one());
        gone.abort();
        await Promise.all(first);
        assert.deepEqual(await Promise.all(others.map(async (answer) => (await answer).status)), Array(6).fill(200));
      }
    }));
} finally {
  tenantServer.close();
}

console.log(failed ? `${failed} failed` : "all passed");
process.exit(failed ? 1 : 0);
