// The Worker of examples/worker-js in workerd, against the sandbox: logins as a browser makes them, the guard, the Management API.
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… SANDBOX_AUDIENCE=… node tests/workers/js.mjs
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { bought, bundle, control, finish, forget, install, management, root, sandbox, sizeOf, test, tokenFor, until, withWorkers } from "./lib.mjs";

install();
const worker = await bundle(join(root, "examples/worker-js/src/index.js"), { minify: true });
const size = sizeOf(worker.modules.map(({ path }) => path));
console.log(`examples/worker-js: ${size.raw} bytes, gzip ${size.gzip}, brotli ${size.brotli}; Cloudflare's free plan takes 3 MB of gzip`);
assert.ok(size.gzip < 150_000, "the bundle has grown");

const API = "https://profiles.example.com/";
const HOST = "https://worker.example.com";
const [web] = (await management("clients")).filter(({ app_type }) => app_type === "regular_web");
await management(`clients/${web.client_id}`, { callbacks: [`${HOST}/callback`], allowed_logout_urls: [`${HOST}/`] }, "PATCH");
await management("resource-servers", { identifier: API, name: "profiles", scopes: [{ value: "read:profiles" }, { value: "read:other" }] });
await management("client-grants", { client_id: sandbox.clientId, audience: API, scope: ["read:profiles", "read:other"] });
const grants = (await management("client-grants")).filter(({ client_id }) => client_id === web.client_id);
if (!grants.some(({ audience }) => audience === sandbox.audience)) await management("client-grants", { client_id: web.client_id, audience: sandbox.audience, scope: ["read:users"] });

const bindings = {
  AUTH0_DOMAIN: sandbox.url,
  AUTH0_AUDIENCE: sandbox.audience,
  API_AUDIENCE: API,
  AUTH0_CLIENT_ID: web.client_id,
  AUTH0_CLIENT_SECRET: web.client_secret,
  TOKEN_KEY: Buffer.alloc(32, 7).toString("base64"),
  COOKIE_KEY: Buffer.alloc(32, 9).toString("base64"),
};
const options = { ...worker, bindings, kvNamespaces: ["TOKENS", "SESSIONS"] };

/** A browser, as far as the Worker can tell: it keeps cookies. */
const browser = (flare) => {
  const cookies = new Map();
  const go = async (url, init = {}) => {
    const headers = { ...init.headers, cookie: [...cookies].map((pair) => pair.join("=")).join("; ") };
    const response = await flare.dispatchFetch(new URL(url, HOST), { redirect: "manual", ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value, rest] = /^([^=]+)=([^;]*); (.*)$/.exec(line);
      assert.match(rest, /Path=\/; Secure; HttpOnly; SameSite=Lax/);
      assert.match(name, /^__Host-/);
      if (/Max-Age=0/.test(rest)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  /** Goes to Auth0 and comes back, as this user. */
  const login = async (user, to = "/") => {
    const away = await go(`/login?to=${encodeURIComponent(to)}`);
    assert.equal(away.status, 303);
    const back = await fetch(`${away.headers.get("location")}&ext-sandbox-login=${encodeURIComponent(user)}`, { redirect: "manual" });
    const location = back.headers.get("location");
    assert.ok(location?.startsWith(`${HOST}/callback?`), `${back.status} ${location} ${await back.text()}`);
    return go(location);
  };
  const home = async () => (await go("/")).text();
  return { cookies, go, login, home };
};

const [first, second] = await management("users");

await withWorkers(options, async (flare) => {
  await test("a login by redirect, a session in a cookie, a logout here and at Auth0", async () => {
    const { cookies, go, login, home } = browser(flare);
    assert.match(await home(), /Nobody is logged in/);
    const back = await login(first.email, "/?tab=1#x");
    assert.deepEqual([back.status, back.headers.get("location")], [303, "/?tab=1"]);
    assert.deepEqual([...cookies.keys()], ["__Host-session"]);
    const shown = await home();
    assert.match(shown, /Hello, /);
    // Nothing of it can be read outside.
    assert.ok(!Buffer.from(cookies.get("__Host-session"), "base64url").toString("latin1").includes(first.user_id));
    const copy = new Map(cookies);
    assert.equal((await go("/logout", { method: "POST", headers: { origin: "https://evil.example.com" } })).status, 403);
    assert.equal((await go("/logout")).status, 405);
    const out = await go("/logout", { method: "POST", headers: { origin: HOST } });
    assert.equal(out.status, 303);
    const away = new URL(out.headers.get("location"));
    assert.deepEqual([away.origin, away.pathname, away.searchParams.get("post_logout_redirect_uri"), away.searchParams.get("client_id")], [sandbox.url, "/oidc/logout", `${HOST}/`, web.client_id]);
    const ended = await fetch(away, { redirect: "manual" });
    assert.equal(ended.headers.get("location"), `${HOST}/`);
    assert.match(await home(), /Nobody is logged in/);
    // Neither is a copy of the cookie of any use.
    for (const [name, value] of copy) cookies.set(name, value);
    assert.match(await home(), /Nobody is logged in/);
  });

  await test("two tabs log in at once; an answer that is not theirs is refused; nobody is sent elsewhere", async () => {
    const { cookies, go } = browser(flare);
    const away = [await go("/login?to=/one"), await go("/login?to=https://evil.example.com/"), await go("/login?to=//evil.example.com/")];
    const states = away.map((answer) => new URL(answer.headers.get("location")).searchParams.get("state"));
    assert.equal(cookies.size, 3);
    const finishIn = async (index) => {
      const back = await fetch(`${away[index].headers.get("location")}&ext-sandbox-login=${encodeURIComponent(second.email)}`, { redirect: "manual" });
      return go(back.headers.get("location"));
    };
    assert.equal((await finishIn(1)).headers.get("location"), "/");
    assert.equal((await finishIn(0)).headers.get("location"), "/one");
    assert.equal((await finishIn(2)).headers.get("location"), "/");
    // A cookie of another login, and none.
    for (const state of [states[0], "made-up"]) {
      const refused = await go(`/callback?code=abc&state=${state}`);
      assert.deepEqual([refused.status, refused.headers.get("location")], [400, null]);
    }
    const denied = await go("/login");
    const location = new URL(denied.headers.get("location"));
    const refused = await go(`/callback?error=access_denied&error_description=no&state=${location.searchParams.get("state")}`);
    assert.deepEqual([refused.status, await refused.text()], [400, "the login was refused\n"]);
  });

  await test("a cookie that is garbage, changed, of another name or of another key is none", async () => {
    const { cookies, login, home } = browser(flare);
    await login(first.email);
    const good = cookies.get("__Host-session");
    for (const bad of ["", "x", "!!!", good.slice(0, -3), `${good.slice(0, -4)}AAAA`, `A${good.slice(1)}`, "A".repeat(5000)]) {
      cookies.set("__Host-session", bad);
      assert.match(await home(), /Nobody is logged in/, bad.slice(0, 20));
    }
    cookies.set("__Host-session", good);
    assert.match(await home(), /Hello/);
  });

  const tell = (form) => flare.dispatchFetch(`${HOST}/backchannel-logout`, { method: "POST", body: new URLSearchParams(form) });
  const logoutToken = async (claims, typ = "logout+jwt") => {
    const now = Math.floor(Date.now() / 1000);
    const all = { iss: `${sandbox.url}/`, aud: web.client_id, iat: now, exp: now + 120, jti: randomUUID(), events: { "http://schemas.openid.net/event/backchannel-logout": {} }, ...claims };
    return (await control("sign", { typ, claims: all })).token;
  };
  const sidOf = async (user) => (await management(`users/${encodeURIComponent(user.user_id)}/sessions`)).sessions.at(-1).id;

  await test("back-channel logout ends the session that it names, and no other", async () => {
    const [one, two] = [browser(flare), browser(flare)];
    await one.login(first.email);
    await two.login(second.email);
    const sid = await sidOf(first);
    const done = await tell({ logout_token: await logoutToken({ sid, sub: first.user_id }) });
    assert.deepEqual([done.status, done.headers.get("cache-control")], [200, "no-store"], await done.text());
    assert.match(await one.home(), /Nobody is logged in/);
    assert.match(await two.home(), /Hello/);
    // One without a session ends all of the user.
    assert.equal((await tell({ logout_token: await logoutToken({ sub: second.user_id }) })).status, 200);
    assert.match(await two.home(), /Nobody is logged in/);
  });

  await test("back-channel logout takes nothing but a logout token of this tenant for this client, once", async () => {
    const { login, home } = browser(flare);
    await new Promise((done) => setTimeout(done, 1100)); // a session that began after the one that was ended above
    await login(first.email);
    const sid = await sidOf(first);
    const good = await logoutToken({ sid });
    const cases = {
      "none": {},
      "garbage": { logout_token: "garbage" },
      "changed": { logout_token: `${good.slice(0, -4)}AAAA` },
      "another client": { logout_token: await logoutToken({ sid, aud: "other" }) },
      "another issuer": { logout_token: await logoutToken({ sid, iss: "https://evil.example.com/" }) },
      "no event": { logout_token: await logoutToken({ sid, events: {} }) },
      "a nonce": { logout_token: await logoutToken({ sid, nonce: "n" }) },
      "expired": { logout_token: await logoutToken({ sid, iat: 1, exp: 2 }) },
      "an access token": { logout_token: await tokenFor(API) },
      "neither session nor user": { logout_token: await logoutToken({}) },
    };
    for (const [name, form] of Object.entries(cases)) {
      const refused = await tell(form);
      assert.equal(refused.status, 400, name);
      assert.equal((await refused.json()).error, "invalid_request", name);
    }
    assert.match(await home(), /Hello/);
    assert.equal((await tell({ logout_token: good })).status, 200);
    assert.match(await home(), /Nobody is logged in/);
    assert.equal((await tell({ logout_token: good })).status, 400);
  });

  const token = await tokenFor(API);
  const ask = (path, bearer) => flare.dispatchFetch(`${HOST}${path}`, { headers: bearer ? { authorization: `Bearer ${bearer}` } : {} });
  const user = `/api/users/${encodeURIComponent(first.user_id)}`;

  await test("the guard lets through what it must, and no more; users come by the Management API", async () => {
    const none = await ask("/api/me");
    assert.deepEqual([none.status, none.headers.get("cache-control")], [401, "no-store"]);
    assert.match(none.headers.get("www-authenticate"), /^Bearer/);
    assert.equal((await ask("/api/me", "garbage")).status, 401);
    assert.equal((await ask("/api/me", await tokenFor(sandbox.audience))).status, 401);
    assert.equal((await (await ask("/api/me", token)).json()).sub, `${sandbox.clientId}@clients`);
    const lacking = await ask(user, await tokenFor(API, { scope: "read:other" }));
    assert.equal(lacking.status, 403);
    assert.match(lacking.headers.get("www-authenticate"), /insufficient_scope.*read:profiles/);
    const answer = await ask(user, token);
    assert.equal(answer.status, 200, await answer.clone().text());
    const found = await answer.json();
    assert.deepEqual([found.user_id, found.email], [first.user_id, first.email]);
    assert.deepEqual([(await ask("/api/users/auth0%7Cnobody", token)).status, (await ask("/api/users/%ff", token)).status, (await ask("/x", token)).status], [404, 400, 404]);
  });

  await test("the token is in KV, encrypted, and the next one is bought behind an answer", async () => {
    const kept = await flare.getKVNamespace("TOKENS");
    const [{ name }] = (await kept.list()).keys;
    assert.match(await kept.get(name), /^v1\.gcm\./);
    const { kvStore } = await import(join(root, "target/workers-test/node_modules/auth0-sdk/stores.js"));
    const store = (namespace) => kvStore(namespace, { encryptionKey: new Uint8Array(32).fill(7) });
    const old = { ...(await store(kept).get(name)), expiresAt: Date.now() + 100_000 };
    await store(kept).put(name, old);
    await flare.setOptions({ cf: false, ...options });
    await forget();
    assert.equal((await ask(user, token)).status, 200);
    await until("another token in KV", async () => (await store(await flare.getKVNamespace("TOKENS")).get(name)).expiresAt > old.expiresAt);
    for (let count = 0; count < 3; count++) await ask(user, token);
    assert.equal(await bought(), 1);
  });
});

finish();
