// What an edge runtime forbids or charges for, in workerd without `nodejs_compat`: work while the module loads, timers that are left
// behind, subrequests, and promises of one request in another.
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… SANDBOX_AUDIENCE=… node tests/workers/edge.mjs
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bought, bundle, control, finish, forget, install, root, sandbox, test, until, withWorkers } from "./lib.mjs";

const project = install();

// Counts what the bundle calls from its first line on. What workerd forbids outside of a request it would refuse by itself; this tells
// what was tried.
const banner = `
const watched = (() => {
  const self = { calls: [], timers: new Set(), fetches: 0, stored: 0 };
  const [set, clear, get] = [globalThis.setTimeout, globalThis.clearTimeout, globalThis.fetch];
  self.setTimeout = (...all) => set(...all);
  globalThis.setTimeout = (fire, ...all) => {
    self.calls.push("setTimeout");
    const id = set(() => { self.timers.delete(id); fire(); }, ...all);
    self.timers.add(id);
    return id;
  };
  globalThis.clearTimeout = (id) => { self.timers.delete(id); clear(id); };
  for (const name of ["setInterval", "queueMicrotask"]) {
    const real = globalThis[name];
    globalThis[name] = (...all) => { self.calls.push(name); return real(...all); };
  }
  globalThis.fetch = (...all) => { self.calls.push("fetch"); self.fetches++; return get(...all); };
  for (const [object, name] of [[crypto, "getRandomValues"], [crypto, "randomUUID"], [crypto.subtle, "digest"], [crypto.subtle, "importKey"], [Math, "random"], [Date, "now"]]) {
    const real = object[name].bind(object);
    Object.defineProperty(object, name, { value: (...all) => { self.calls.push(name); return real(...all); }, configurable: true });
  }
  self.namespace = (kv) => Object.fromEntries(["get", "put", "delete"].map((name) => [name, (...all) => { self.stored++; return kv[name](...all); }]));
  self.reset = () => { self.fetches = self.stored = 0; };
  self.subrequests = () => self.fetches + self.stored;
  return self;
})();`;
const worker = await bundle(join(root, "tests/workers/edge-worker.mjs"), { name: "edge", banner: { js: banner } });
const options = {
  ...worker,
  kvNamespaces: ["TOKENS"],
  bindings: { DOMAIN: sandbox.url, AUDIENCE: sandbox.audience, CLIENT_ID: sandbox.clientId, CLIENT_SECRET: sandbox.clientSecret },
};

await test("nothing of Node's is named in what a Worker loads", async () => {
  const [{ path }] = (await bundle(join(root, "tests/workers/edge-worker.mjs"), { name: "plain" })).modules;
  // What is only asked for, and done without where it is not, is not needed.
  const text = readFileSync(path, "utf8").replaceAll(/\bglobalThis\.Buffer\b|\.getBuiltinModule\?\.\("node:buffer"\)/g, "");
  assert.doesNotMatch(text, /["']node:|\bprocess\.|\brequire\(|\bBuffer\b|\b__dirname\b/);
});

await withWorkers(options, async (flare) => {
  const ask = async (path, body) => {
    const response = await flare.dispatchFetch(`http://worker${path}`, body && { method: "POST", body: JSON.stringify(body) });
    const text = await response.text();
    assert.ok(response.ok, text);
    return JSON.parse(text);
  };
  const fault = (fault) => control("faults", fault);

  await test("while the module loads nothing is sent, drawn, timed or hashed; clients may be made there", async () => {
    assert.deepEqual(await ask("/load"), { duringLoad: [], made: 7 });
  });

  await test("no timer is left behind, whatever a call comes to", async () => {
    await control("reset", {});
    assert.deepEqual(await ask("/calls", { count: 2 }).then(({ said, timers }) => [said, timers]), [["ok", "ok"], 0]);
    await fault({ match: { operation: "users.list" }, times: 1, status: 404 });
    assert.deepEqual(await ask("/calls", {}).then(({ timers }) => timers), 0);
    await fault({ match: { operation: "users.list" }, times: 3, status: 503, headers: { "retry-after-ms": "1" } });
    assert.deepEqual(await ask("/calls", {}).then(({ timers }) => timers), 0);
    await fault({ match: { operation: "users.list" }, times: 1, delay_ms: 3000 });
    assert.deepEqual(await ask("/calls", { client: {}, request: { timeoutInSeconds: 0.2, maxRetries: 0 } }).then(({ said, timers }) => [said, timers]), [["timeout"], 0]);
    await fault({ match: { operation: "users.list" }, times: 1, delay_ms: 3000 });
    assert.equal((await ask("/calls", { abortAfter: 200 })).timers, 0);
    // In the wait between two attempts.
    await fault({ match: { operation: "users.list" }, times: 1, status: 503, headers: { "retry-after": "30" } });
    assert.equal((await ask("/calls", { abortAfter: 300 })).timers, 0);
    // While the token is waited for, and the store.
    await fault({ match: { operation: "oauth.token" }, times: 1, delay_ms: 3000 });
    assert.equal((await ask("/calls", { client: { kv: true }, abortAfter: 300 })).timers, 0);
    await control("reset", {});
  });

  await test("what a call takes of a Worker's subrequests", async () => {
    await control("reset", {});
    const kv = await flare.getKVNamespace("TOKENS");
    for (const { name } of (await kv.list()).keys) await kv.delete(name);
    // KV read, token, KV write, and a call each.
    assert.equal((await ask("/calls", { client: { kv: true }, count: 3 })).subrequests, 3 + 3);
    // In an isolate that finds the token.
    assert.equal((await ask("/calls", { client: { kv: true }, count: 3 })).subrequests, 1 + 3);
    assert.equal((await ask("/calls", { count: 3 })).subrequests, 1 + 3);
  });
});

await test("requests of one isolate share one token, and none waits for ever for one that has gone", async () => {
  await withWorkers(options, async (flare) => {
    const origin = await flare.ready;
    await control("reset", {});
    await forget();
    await control("faults", { match: { operation: "oauth.token" }, times: 1, delay_ms: 1500 });
    const get = (signal) => fetch(new URL("/shared", origin), { signal });
    const first = new AbortController();
    const gone = get(first.signal).catch((error) => error.name);
    await until("the token request", async () => !(await control("faults")).length);
    const others = Array.from({ length: 6 }, () => get());
    first.abort();
    assert.equal(await gone, "AbortError");
    const statuses = await Promise.all(others.map(async (answer) => (await answer).status));
    assert.deepEqual(statuses, Array(6).fill(200));
    assert.ok((await bought()) <= 2);
    // The isolate is as good as before.
    assert.equal((await get()).status, 200);
  });
});

// --- without workerd: what takes a clock that runs faster ---

const { ManagementClient } = await import(join(project, "node_modules/auth0-sdk/index.js"));
const real = globalThis.setTimeout;

await test("a token that a key buys is bought anew when the request that wanted it has stopped for good", async () => {
  const clientAssertionSigningKey = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: { type: "pkcs8", format: "pem" } }).privateKey;
  let asked = 0;
  const fetch = async (url) => {
    if (!url.endsWith("/oauth/token")) return Response.json({ user_id: "a" });
    asked += 1;
    return asked === 1 ? new Promise(() => {}) : Response.json({ access_token: "t", expires_in: 86400 });
  };
  const client = new ManagementClient({ domain: "tenant.us.auth0.com", clientId: "c", clientAssertionSigningKey, fetch });
  try {
    // As in workerd, where nothing of a cancelled request happens any more, and no timer of it fires.
    globalThis.setTimeout = () => {};
    client.users.get("a");
    while (!asked) await new Promise(setImmediate);
    // A timer takes a millisecond at least: with more than that the wait would be longer than the attempt.
    globalThis.setTimeout = (fire, milliseconds) => real(fire, milliseconds / 10);
    // One that began to wait later waits longer than the others, and finds what they have bought.
    const found = await Promise.all(Array.from({ length: 4 }, async (_, late) => {
      await new Promise((resolve) => real(resolve, late * 50));
      return client.users.get("a");
    }));
    assert.deepEqual([asked, found.length], [2, 4]);
  } finally {
    globalThis.setTimeout = real;
  }
});

/** Calls against a tenant that answers as it is told to; gives what was asked of it for each. */
const against = async (maxRetries, answers, calls = 2) => {
  const logs = [];
  const fetch = async (url) => {
    const token = url.endsWith("/oauth/token");
    const log = logs.at(-1);
    const [what, life] = answers(token, log, logs.length);
    log.push(`${token ? "token" : "api"} ${what}`);
    if (what === "broken") throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
    if (what === "ok") return Response.json(token ? { access_token: `t${Math.random()}`, expires_in: life } : {});
    return Response.json({ statusCode: what }, { status: what, headers: { "retry-after-ms": "1" } });
  };
  const client = new ManagementClient({ domain: "tenant.us.auth0.com", clientId: "c", clientSecret: "s", fetch, maxRetries });
  for (let call = 0; call < calls; call++) {
    logs.push([]);
    await client.users.get("a").catch(() => {});
  }
  return logs;
};

await test("no tenant gets a call to make more than (retries + 1) * (retries + 2) + 1 requests", async () => {
  // Time runs a thousand times as fast.
  globalThis.setTimeout = (fire, milliseconds) => real(fire, milliseconds / 1000);
  try {
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
    const dice = (state) => (count) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % count;
    };
    for (const maxRetries of [0, 1, 2, 3]) {
      // An attempt for each retry and one more, each with a token request that is repeated as often; and one with a kept token.
      const most = (maxRetries + 1) * (maxRetries + 2) + 1;
      const run = async (_, index) => {
        const random = dice(seed + index);
        const lives = random(2) ? [86400] : [20, 86400];
        const answers = (token) => [token ? ["ok", "ok", 503, 429, "broken"][random(5)] : [401, 503, 429, "broken"][random(4)], lives[random(lives.length)]];
        for (const log of await against(maxRetries, answers)) assert.ok(log.length <= most, `maxRetries ${maxRetries}: ${log.length} requests, SEED=${seed}: ${log.join(", ")}`);
      };
      await Promise.all(Array.from({ length: 200 }, run));
      const [, log] = await against(maxRetries, (token, log, call) => {
        if (call === 1) return ["ok", 86400];
        if (!token) return [log.length ? 503 : 401];
        // Repeated as often as it may be, and then too short to be kept.
        return [log.filter((line) => line.startsWith("token")).length % (maxRetries + 1) < maxRetries ? 503 : "ok", 20];
      });
      assert.equal(log.length, most, log.join(", "));
    }
  } finally {
    globalThis.setTimeout = real;
  }
});

finish();
