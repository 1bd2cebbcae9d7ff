// The Worker of examples/worker-rust in workerd, against the sandbox. `cargo xtask test workers` builds it first.
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… SANDBOX_AUDIENCE=… node tests/workers/rust.mjs
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bought, control, finish, forget, management, root, sandbox, sizeOf, test, tokenFor, until, withWorkers } from "./lib.mjs";

const { kvStore } = await import(pathToFileURL(join(root, "target/npm/package/stores.js")));
const API = "https://profiles.example.com/";
const build = join(root, "examples/worker-rust/build");
const files = [join(build, "index.js"), join(build, "index_bg.wasm")];

const size = sizeOf(files);
console.log(`examples/worker-rust: ${size.raw} bytes, gzip ${size.gzip}, brotli ${size.brotli}; Cloudflare's free plan takes 3 MB of gzip`);

const key = Buffer.alloc(32, 7);
const encryptionKey = new Uint8Array(key);
const bindings = {
  AUTH0_DOMAIN: sandbox.url,
  AUTH0_AUDIENCE: sandbox.audience,
  API_AUDIENCE: API,
  AUTH0_CLIENT_ID: sandbox.clientId,
  AUTH0_CLIENT_SECRET: sandbox.clientSecret,
  TOKEN_KEY: key.toString("base64"),
};
// No flag: `nodejs_compat` is off.
const worker = {
  modules: files.map((path, index) => ({ type: index ? "CompiledWasm" : "ESModule", path })),
  modulesRoot: build,
  compatibilityDate: "2026-04-01",
  bindings,
};
const withKv = { ...worker, kvNamespaces: ["TOKENS"] };
const ask = (flare, path, token, more) => flare.dispatchFetch(`http://worker${path}`, { headers: token ? { authorization: `Bearer ${token}` } : {}, ...more });

await management("resource-servers", { identifier: API, name: "profiles", scopes: [{ value: "read:profiles" }, { value: "read:other" }] });
await management("client-grants", { client_id: sandbox.clientId, audience: API, scope: ["read:profiles", "read:other"] });
const [{ user_id: id, email }] = await management("users");
const [token, other] = [await tokenFor(API), await tokenFor(API, { scope: "read:other" })];
const user = `/users/${encodeURIComponent(id)}`;

await withWorkers(withKv, async (flare) => {
  await test("the guard refuses what it must, and says why", async () => {
    const none = await ask(flare, "/me");
    assert.deepEqual([none.status, none.headers.get("cache-control")], [401, "no-store"]);
    assert.match(none.headers.get("www-authenticate"), /^Bearer, DPoP algs=/);
    for (const [wrong, status, said] of [
      [`${token.slice(0, -2)}AA`, 401, /invalid_token/],
      ["garbage", 401, /invalid_token/],
      [await tokenFor(sandbox.audience), 401, /invalid_token/],
    ]) {
      const refused = await ask(flare, "/me", wrong);
      assert.equal(refused.status, status, wrong.slice(0, 10));
      assert.match(refused.headers.get("www-authenticate"), said);
    }
    const lacking = await ask(flare, user, other);
    assert.equal(lacking.status, 403);
    assert.match(lacking.headers.get("www-authenticate"), /insufficient_scope.*read:profiles/);
    assert.equal((await ask(flare, "/other", token)).status, 404);
  });

  await test("a good token reads a user by the typed API", async () => {
    const me = await (await ask(flare, "/me", token)).json();
    assert.deepEqual(me, { sub: `${sandbox.clientId}@clients`, scope: ["read:other", "read:profiles"] });
    const answer = await ask(flare, user, token);
    assert.equal(answer.status, 200, await answer.clone().text());
    const found = await answer.json();
    assert.deepEqual([found.user_id, found.email], [id, email]);
    assert.equal((await ask(flare, "/users/auth0%7Cnobody", token)).status, 404);
  });

  await test("the token is in KV, encrypted, and JavaScript reads it", async () => {
    const kept = await flare.getKVNamespace("TOKENS");
    const { keys } = await kept.list();
    assert.equal(keys.length, 1);
    assert.match(await kept.get(keys[0].name), /^v1\.gcm\./);
    const { token: stored, expiresAt } = await kvStore(kept, { encryptionKey }).get(keys[0].name);
    const { exp } = JSON.parse(Buffer.from(stored.split(".")[1], "base64url"));
    assert.ok(Math.abs(exp * 1000 - expiresAt) < 10_000);
  });
});

await test("what KV holds that is of no use is replaced, and fails no request", async () => {
  await withWorkers(withKv, async (flare) => {
    const kept = await flare.getKVNamespace("TOKENS");
    await ask(flare, user, token);
    const [{ name }] = (await kept.list()).keys;
    const good = await kept.get(name);
    for (const bad of ["garbage", "v2.something.new", `${good.slice(0, -4)}AAAA`, 'v1.plain.{"token":"x","expiresAt":1e15}', ""]) {
      await (await flare.getKVNamespace("TOKENS")).put(name, bad);
      // A new isolate: nothing in memory.
      await flare.setOptions({ cf: false, ...withKv });
      await forget();
      assert.equal((await ask(flare, user, token)).status, 200, bad);
      assert.equal(await bought(), 1, bad);
      assert.match(await (await flare.getKVNamespace("TOKENS")).get(name), /^v1\.gcm\./, bad);
    }
    // Under another key it is another machine's mistake, or this one's: each goes on by itself.
    await flare.setOptions({ cf: false, ...withKv, bindings: { ...bindings, TOKEN_KEY: Buffer.alloc(32, 8).toString("base64") } });
    await forget();
    assert.equal((await ask(flare, user, token)).status, 200);
    assert.equal(await bought(), 1);
  });
});

await test("the next token is bought behind an answer, in waitUntil", async () => {
  await withWorkers(withKv, async (flare) => {
    const kept = await flare.getKVNamespace("TOKENS");
    await ask(flare, user, token);
    const [{ name }] = (await kept.list()).keys;
    const store = kvStore(kept, { encryptionKey });
    const old = { token: await tokenFor(sandbox.audience), expiresAt: Date.now() + 100_000 };
    await store.put(name, old);
    await flare.setOptions({ cf: false, ...withKv });
    await forget();
    assert.equal((await ask(flare, user, token)).status, 200);
    const [asked] = await control("requests?operation=users.get");
    assert.equal(asked.headers.authorization, `Bearer ${old.token}`);
    const store2 = kvStore(await flare.getKVNamespace("TOKENS"), { encryptionKey });
    await until("another token in KV", async () => (await store2.get(name)).expiresAt > old.expiresAt);
    for (let count = 0; count < 3; count++) await ask(flare, user, token);
    assert.equal(await bought(), 1);
  });
});

await test("requests of one isolate share one token and one key set, and none waits for one that has gone", async () => {
  await withWorkers(withKv, async (flare) => {
    const origin = await flare.ready;
    await forget();
    await control("faults", { match: { operation: "oauth.token" }, times: 1, delay_ms: 1500 });
    await control("faults", { match: { path: "/.well-known" }, times: 1, delay_ms: 300 });
    const get = (signal) => fetch(new URL(user, origin), { headers: { authorization: `Bearer ${token}` }, signal });
    // The first one asks for the token, and goes away while the others wait for it.
    const first = new AbortController();
    const gone = get(first.signal).catch((error) => error.name);
    await until("the token request", async () => (await bought()) > 0 || (await control("faults")).every(({ match }) => match.operation !== "oauth.token"));
    const others = Array.from({ length: 6 }, () => get());
    first.abort();
    assert.equal(await gone, "AbortError");
    const statuses = await Promise.all(others.map(async (answer) => (await answer).status));
    assert.deepEqual(statuses, Array(6).fill(200));
    // The one that has gone may have been charged; of the others one buys for all.
    assert.ok((await bought()) <= 2);
    await control("faults", undefined, "DELETE");
  });
});

const objects = { TOKEN_OBJECTS: { className: "TokenObject", scriptName: "w0" } };
const ISOLATES = 10;
await withWorkers({ workers: Array.from({ length: ISOLATES }, (_, index) => ({ name: `w${index}`, ...worker, durableObjects: objects })) }, async (flare) => {
  await test(`${ISOLATES} isolates and one Durable Object in Rust, cold at once, buy one token`, async () => {
    await forget();
    await control("faults", { match: { operation: "oauth.token" }, times: 1, delay_ms: 500 });
    const workers = await Promise.all(Array.from({ length: ISOLATES }, (_, index) => flare.getWorker(`w${index}`)));
    const get = async (worker) => (await worker.fetch(`http://worker${user}`, { headers: { authorization: `Bearer ${token}` } })).status;
    assert.deepEqual(await Promise.all(workers.map(get)), Array(ISOLATES).fill(200));
    assert.equal(await bought(), 1);
    // The second request of an isolate asks the object too, over a stub of its own, once the token was revoked.
    await control("revoke-tokens", {});
    const fresh = await tokenFor(API);
    await forget();
    for (const worker of workers) assert.equal((await worker.fetch(`http://worker${user}`, { headers: { authorization: `Bearer ${fresh}` } })).status, 200);
    assert.equal(await bought(), 1);
  });
});

// One limit for all: each would be refused if it went alone.
const FEW = 5;
const limited = { ...worker, durableObjects: objects, bindings: { ...bindings, SHARE_LIMIT: "1" } };
await withWorkers({ workers: Array.from({ length: FEW }, (_, index) => ({ name: `w${index}`, ...limited })) }, async (flare) => {
  await test(`${FEW} isolates keep to one limit over a Durable Object in Rust`, async () => {
    const workers = await Promise.all(Array.from({ length: FEW }, (_, index) => flare.getWorker(`w${index}`)));
    const fresh = await tokenFor(API);
    await control("rate-limit", { tier: "free" });
    await forget();
    const get = async (worker) => (await worker.fetch(`http://worker${user}`, { headers: { authorization: `Bearer ${fresh}` } })).status;
    // Of a limit that nobody knows, each lets its first request go; so one of them learns it, and tells with its next request.
    const statuses = [await get(workers[0]), await get(workers[0])];
    const visits = workers.map(async (worker) => {
      for (let count = 0; count < 3; count++) statuses.push(await get(worker));
    });
    await Promise.all(visits);
    assert.deepEqual(statuses, Array(3 * FEW + 2).fill(200));
    const refused = (await control("requests?operation=users.get")).filter(({ status }) => status === 429).length;
    assert.ok(refused <= 1, `${refused} of ${3 * FEW + 2} were refused`);
  });
});

finish();
