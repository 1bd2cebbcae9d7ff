// The cases that every runtime runs. Web globals only: this file is loaded by Node, Deno, Bun, workerd and browsers.
//
// `run(environment)` takes { sdk, users, sandbox: { url, clientId, clientSecret }, oidc, only }, `only` being parts of names, and answers [{ name, ok, error, milliseconds }].
// `sdk` is the namespace of the installed package, `url` the sandbox's origin as this runtime reaches it.

import { authCases } from "./auth-cases.mjs";
import caseFiles from "./case-files.mjs";
import { sharedCases } from "./cases.mjs";
import { keysCases } from "./keys-cases.mjs";
import { keysEdges } from "./keys-edges.mjs";
import { oidcCases } from "./oidc-cases.mjs";

const cases = [];
// `alone` is one that needs no sandbox.
const test = (name, body, alone = false) => cases.push({ name, body, alone });

// --- checks ---

const show = (value) => {
  try {
    return typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
  } catch {
    return String(value);
  }
};

const ok = (condition, what) => {
  if (!condition) throw new Error(`expected ${what}`);
};

const sorted = (value) =>
  value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
    : Array.isArray(value)
      ? value.map(sorted)
      : value;

const equal = (actual, expected, what = "value") => {
  const [a, b] = [show(sorted(actual)), show(sorted(expected))];
  if (a !== b) throw new Error(`${what}: got ${a.slice(0, 400)}, expected ${b.slice(0, 400)}`);
};

const includes = (text, part, what = "text") => {
  if (!String(text).includes(part)) throw new Error(`${what}: ${show(String(text).slice(0, 400))} does not contain ${show(part)}`);
};

// The error that a promise fails with, checked by its members.
const fails = async (promise, expected = {}) => {
  let value;
  try {
    value = await promise;
  } catch (error) {
    ok(error instanceof Error, `an Error, got ${show(error)}`);
    for (const [key, want] of Object.entries(expected)) {
      if (typeof want === "function") ok(error instanceof want, `a ${want.name}, got ${error.name}: ${error.message}`);
      else if (want instanceof RegExp) ok(want.test(error[key]), `error.${key} like ${want}, got ${show(error[key])}`);
      else equal(error[key], want, `error.${key} (${error.message})`);
    }
    return error;
  }
  throw new Error(`expected a failure, got ${show(value)?.slice(0, 300)}`);
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const collect = async (iterable) => {
  const all = [];
  for await (const item of iterable) all.push(item);
  return all;
};

// --- a scripted fetch ---

const json = (data, status = 200, headers = {}) => new Response(JSON.stringify(data), { status, headers: { "content-type": "application/json; charset=utf-8", ...headers } });

const apiError = (status, message, errorCode, headers) => json({ statusCode: status, error: "Error", message, ...(errorCode && { errorCode }) }, status, headers);

// A fetch that answers with what `steps` say, one after the other, the last one for ever; `calls` records what it was asked.
// A step is a Response maker, called with (url, init, index).
const scripted = (...steps) => {
  const calls = [];
  const fetch = async (url, init) => {
    const headers = Object.fromEntries(new Headers(init.headers).entries());
    // An endless loop of answered requests would keep every timer from firing.
    if (calls.length > 200) throw new Error("more than 200 requests in one case");
    const index = calls.push({ url: String(url), method: init.method ?? "GET", headers, body: init.body }) - 1;
    return steps[Math.min(index, steps.length - 1)](url, init, index);
  };
  return { fetch, calls };
};

// A fetch that answers only when it is aborted, as a real one does.
const never = (_url, init) =>
  new Promise((_resolve, reject) => {
    const stop = () => reject(init.signal.reason ?? new Error("aborted"));
    if (init.signal?.aborted) stop();
    init.signal?.addEventListener("abort", stop);
  });

const DOMAIN = "tenant.example.com";
const API = `https://${DOMAIN}/api/v2`;

// --- the context of a case ---

const makeContext = ({ sdk, sandbox, oidc, users, unhandled }) => {
  // Whether a case has to do with the sandbox, which then starts afresh for the next.
  let used = true;
  const control = async (method, path, body) => {
    used = true;
    const response = await fetch(`${sandbox.url}/__sandbox/${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`sandbox ${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  const journal = (method, path) => control("GET", `requests?${new URLSearchParams({ method, path })}`);
  return {
    sdk,
    get sandbox() {
      used = true;
      return sandbox;
    },
    // What auth0-sdk/users exports; undefined where there is one file only.
    users,
    // What provider.mjs has started.
    oidc,
    unhandled,
    // A client of the sandbox.
    client: (options = {}) => (used = true) && new sdk.ManagementClient({ domain: sandbox.url, clientId: sandbox.clientId, clientSecret: sandbox.clientSecret, audience: sandbox.audience, ...options }),
    // A client with a scripted fetch and a fixed token.
    scripted: (steps, options = {}) => {
      const script = scripted(...[steps].flat());
      return { ...script, client: new sdk.ManagementClient({ domain: DOMAIN, token: "fixed-token", fetch: script.fetch, ...options }) };
    },
    fault: (fault) => control("POST", "faults", fault),
    seed: (users) => control("POST", "seed", { users }),
    revokeTokens: () => control("POST", "revoke-tokens", {}),
    clear: () => control("DELETE", "requests"),
    journal,
    count: async (method, path) => (await journal(method, path)).length,
    tokenRequests: async () => (await journal("POST", "/oauth/token")).length,
    token: async () => {
      used = true;
      const response = await fetch(`${sandbox.url}/oauth/token`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ grant_type: "client_credentials", client_id: sandbox.clientId, client_secret: sandbox.clientSecret, audience: sandbox.audience }),
      });
      const body = await response.json();
      if (!body.access_token) throw new Error(`no token: ${show(body)}`);
      return body.access_token;
    },
    reset: async () => {
      if (used) await control("POST", "reset", {});
      used = false;
    },
  };
};

// --- tokens ---

test("token: client credentials, one request for several calls", async ({ client, tokenRequests }) => {
  const auth0 = client();
  const page = await auth0.users.list({ per_page: 1 });
  ok(Array.isArray(page.data), "an array of users");
  await auth0.users.list({ per_page: 1 });
  equal(await tokenRequests(), 1, "token requests");
});

test("token: 20 calls at once share one token request", async ({ client, tokenRequests }) => {
  const auth0 = client();
  await Promise.all(Array.from({ length: 20 }, () => auth0.users.list({ per_page: 1 })));
  equal(await tokenRequests(), 1, "token requests");
});

test("token: a fixed string", async ({ sdk, sandbox, token, clear, tokenRequests }) => {
  const fixed = await token();
  await clear();
  const auth0 = new sdk.ManagementClient({ domain: sandbox.url, token: fixed });
  await auth0.users.list();
  equal(await tokenRequests(), 0, "token requests");
});

test("token: undefined beside credentials is as good as absent", async ({ client }) => {
  await client({ token: undefined }).users.list({ per_page: 1 });
});

test("token: callbacks, sync and async, are asked for every call", async ({ scripted }) => {
  let asked = 0;
  for (const token of [() => `t${++asked}`, async () => `t${++asked}`]) {
    const { client, calls } = scripted(() => json({}), { token });
    await client.jobs.get("1");
    await client.jobs.get("1");
    equal(calls.map((call) => call.headers.authorization), [`Bearer t${asked - 1}`, `Bearer t${asked}`], "authorization");
  }
});

test("token: a promise", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}), { token: Promise.resolve("promised") });
  await client.jobs.get("1");
  equal(calls[0].headers.authorization, "Bearer promised");
});

test("token: a callback that throws fails the call, with the cause", async ({ sdk, scripted }) => {
  const cause = new Error("vault is closed");
  const { client, calls } = scripted(() => json({}), { token: () => { throw cause; } });
  const error = await fails(client.jobs.get("1"), { code: /^auth_error$/ });
  ok(error instanceof sdk.ManagementError, "a ManagementError");
  ok(error.cause === cause, "the cause");
  equal(calls.length, 0, "requests");
});

test("token: a callback that gives no string", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}), { token: () => 42 });
  await fails(client.jobs.get("1"), { code: /auth_error|invalid_config/ });
  equal(calls.length, 0, "requests");
});

test("token: one revoked by the tenant is replaced once", async ({ client, revokeTokens, tokenRequests }) => {
  const auth0 = client();
  await auth0.users.list({ per_page: 1 });
  await revokeTokens();
  await auth0.users.list({ per_page: 1 });
  equal(await tokenRequests(), 2, "token requests");
});

test("token: a fixed token that is refused is a 401, tried once", async ({ sdk, client, count }) => {
  const auth0 = client({ token: "not-a-token", clientId: undefined, clientSecret: undefined });
  const error = await fails(auth0.users.list(), { statusCode: 401, attempts: 1, name: "UnauthorizedError" });
  ok(error instanceof sdk.Management.UnauthorizedError, "class");
  equal(await count("GET", "/api/v2/users"), 1, "requests");
});

test("token: a wrong secret", async ({ sdk, client, sandbox }) => {
  const secret = `${sandbox.clientSecret}-wrong-one`;
  const error = await fails(client({ clientSecret: secret }).users.list(), { statusCode: 401, code: "access_denied" });
  ok(error instanceof sdk.ManagementError, "a ManagementError");
  ok(!`${error.message} ${error.stack} ${show({ ...error })}`.includes(secret), "no secret in the error");
});

test("token: a failed request is not kept", async ({ client, fault }) => {
  const auth0 = client({ maxRetries: 0 });
  await fault({ match: { path: "/oauth/token" }, times: 1, status: 500, body: "{}" });
  await fails(auth0.users.list());
  await auth0.users.list();
});

test("token: the token request is repeated on 503", async ({ client, fault, tokenRequests }) => {
  await fault({ match: { path: "/oauth/token" }, times: 1, status: 503, headers: { "Retry-After-Ms": "20" }, body: "{}" });
  await client().users.list();
  equal(await tokenRequests(), 2, "token requests");
});

test("token: it is replaced when its time is over, however many calls it was good for", async ({ sdk }) => {
  let bought = 0;
  const own = async (url, init) => json(String(url).endsWith("/oauth/token") ? { access_token: `t${++bought}`, expires_in: 100 } : { sent: init.headers.authorization });
  const auth0 = new sdk.ManagementClient({ domain: DOMAIN, clientId: "id", clientSecret: "secret", fetch: own });
  const { now } = Date;
  const sent = [];
  try {
    const begun = now();
    for (const seconds of [0, 1, 2, 69, 71, 72, 140, 142]) {
      Date.now = () => begun + seconds * 1000;
      sent.push((await auth0.jobs.get("1")).sent.slice(-2));
    }
  } finally {
    Date.now = now;
  }
  // A token is not used in its last 30 seconds.
  equal(sent, ["t1", "t1", "t1", "t1", "t2", "t2", "t2", "t3"]);
});

test("token: two clients do not share", async ({ scripted }) => {
  const [one, two] = ["one", "two"].map((token) => scripted(() => json({}), { token }));
  await Promise.all([one.client.jobs.get("1"), two.client.jobs.get("1")]);
  equal([one.calls[0].headers.authorization, two.calls[0].headers.authorization], ["Bearer one", "Bearer two"]);
});

test("token: audience and organization are sent", async ({ sdk }) => {
  const { fetch, calls } = scripted(() => json({ access_token: "t", token_type: "Bearer", expires_in: 86400 }), () => json({}));
  const auth0 = new sdk.ManagementClient({ domain: DOMAIN, clientId: "id", clientSecret: "secret", organization: "org_1", fetch });
  await auth0.jobs.get("1");
  equal(calls[0].url, `https://${DOMAIN}/oauth/token`);
  const sent = calls[0].body instanceof Uint8Array ? new TextDecoder().decode(calls[0].body) : String(calls[0].body);
  const form = sent.startsWith("{") ? JSON.parse(sent) : Object.fromEntries(new URLSearchParams(sent));
  equal(form, { grant_type: "client_credentials", client_id: "id", client_secret: "secret", audience: `${API}/`, organization: "org_1" });
  equal(calls[1].headers.authorization, "Bearer t");
});

// --- configuration ---

test("config: what is missing or wrong is said", async ({ sdk }) => {
  const { ManagementClient } = sdk;
  for (const options of [undefined, null, "tenant", {}, { domain: "" }]) {
    try {
      new ManagementClient(options);
      throw new Error(`accepted ${show(options)}`);
    } catch (error) {
      equal(error.code, "invalid_config", error.message);
    }
  }
  const token = "t";
  const wrong = [
    { domain: DOMAIN },
    { domain: DOMAIN, clientId: "id" },
    { domain: DOMAIN, token, clientId: "id", clientSecret: "secret" },
    { domain: "http://tenant.example.com", token },
    { domain: "tenant.example.com/path", token },
    { domain: DOMAIN, baseUrl: "http://tenant.example.com/api/v2", token },
    { domain: DOMAIN, token, timeoutInSeconds: -1 },
    { domain: DOMAIN, token, fetch: "fetch" },
  ];
  // Some are only seen by the core, which the first call loads.
  for (const options of wrong) await fails((async () => new ManagementClient(options).jobs.get("1"))(), { code: "invalid_config" });
});

test("config: a secret is not shown", async ({ sdk }) => {
  const auth0 = new sdk.ManagementClient({ domain: DOMAIN, clientId: "id", clientSecret: "very-secret" });
  auth0.users;
  ok(!JSON.stringify(auth0).includes("secret"), "no secret in JSON");
  equal(Object.keys(auth0), [], "own keys");
  equal(Object.getOwnPropertyNames(auth0).filter((name) => /secret|option|config/i.test(name)), [], "own names");
});

test("config: the options object is left as it is", async ({ sdk }) => {
  const { fetch } = scripted(() => json({}));
  const options = Object.freeze({ domain: DOMAIN, token: "t", fetch, headers: Object.freeze({ a: "1" }) });
  await new sdk.ManagementClient(options).jobs.get("1");
  ok(options.fetch === fetch, "fetch still there");
});

test("config: baseUrl replaces the address", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}), { baseUrl: "https://proxy.example.com/auth0/" });
  await client.jobs.get("1");
  equal(calls[0].url, "https://proxy.example.com/auth0/jobs/1");
});

test("config: groups are lazy, stable and enumerable", async ({ scripted }) => {
  const { client } = scripted(() => json({}));
  ok(client.users === client.users, "one group object");
  ok(client.users.list === client.users.list, "one method");
  ok(client.users.authenticationMethods === client.users.authenticationMethods, "one nested group");
  ok("users" in client && "list" in client.users && !("nothing" in client.users), "`in`");
  const names = [];
  for (const name in client.users) names.push(name);
  ok(names.includes("list") && names.includes("authenticationMethods"), `names, got ${names}`);
  equal(client.users.list.name, "list", "name");
  equal(client.users.unheardOf, undefined);
});

test("config: all 491 operations are there", async ({ scripted }) => {
  const { client } = scripted(() => json({}));
  let methods = 0;
  const visit = (group) => {
    for (const name in group) {
      if (typeof group[name] === "function") methods++;
      else visit(group[name]);
    }
  };
  for (const name in client) if (typeof client[name] === "object") visit(client[name]);
  equal(methods, 491, "methods");
});

// --- requests ---

test("request: create, get, update with null, delete", async ({ sdk, client }) => {
  const { users } = client();
  const email = "null-case@example.com";
  const created = await users.create({ connection: "Username-Password-Authentication", email, password: "Aa1!aa1!aa1!", nickname: "Jo" });
  ok(created.user_id, "a user_id");
  equal((await users.get(created.user_id)).email, email);
  const updated = await users.update(created.user_id, { nickname: "Joe", user_metadata: { a: 1 } });
  equal(updated.nickname, "Joe");
  const cleared = await users.update(created.user_id, { user_metadata: { a: null } });
  ok(cleared.user_metadata?.a === undefined || cleared.user_metadata.a === null, "a cleared member");
  equal(await users.delete(created.user_id), undefined, "delete");
  await fails(users.get(created.user_id), { statusCode: 404, name: "NotFoundError" });
  ok(sdk.Management.NotFoundError, "class");
});

test("request: the body is the JSON of what was given", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}));
  await client.users.update("auth0|1", { name: undefined, picture: null, app_metadata: {}, list: [], when: new Date(0), deep: { a: undefined, b: [null] } });
  equal(calls[0].method, "PATCH");
  equal(calls[0].body, '{"picture":null,"app_metadata":{},"list":[],"when":"1970-01-01T00:00:00.000Z","deep":{"b":[null]}}');
  equal(calls[0].headers["content-type"].split(";")[0], "application/json");
  await client.users.update("auth0|1", {});
  equal(calls[1].body, "{}");
  await client.users.create();
  equal(calls[2].body, "{}", "a missing request");
  await client.connections.keys.rotate("con_1");
  equal(calls[3].body ?? null, null, "an optional body that is not given");
  await client.guardian.policies.set(["all-applications"]);
  equal(calls[4].body, '["all-applications"]');
  await client.jobs.get("1");
  equal(calls[5].body ?? null, null, "no body");
  equal(calls[5].headers["content-type"], undefined);
  await client.branding.templates.updateUniversalLogin("<html></html>");
  await client.branding.templates.updateUniversalLogin({ template: "t" });
  await client.connections.keys.rotate("con_1", null);
  equal(calls.slice(6).map((call) => call.body), ['"<html></html>"', '{"template":"t"}', "null"], "a text, an object, null");
});

test("request: what the caller changes after the call does not matter", async ({ scripted }) => {
  const { client, calls } = scripted(() => json([]));
  const body = { name: "before" };
  const query = { q: "before" };
  const pending = [client.users.update("1", body), client.users.list(query)];
  body.name = query.q = "after";
  await Promise.all(pending);
  equal(calls.find((call) => call.method === "PATCH").body, '{"name":"before"}');
  includes(calls.find((call) => call.method === "GET").url, "q=before");
});

test("request: path ids are one segment", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}));
  const ids = { "auth0|1": "auth0%7C1", "a/b": "a%2Fb", "a?b#c": "a%3Fb%23c", "../x": "..%2Fx", "...": "...", "é %": "%C3%A9%20%25", "a+b@c": null };
  for (const [id, encoded] of Object.entries(ids)) {
    await client.users.get(id);
    const { pathname } = new URL(calls.at(-1).url);
    if (encoded) equal(pathname, `/api/v2/users/${encoded}`, `path of ${id}`);
    equal(decodeURIComponent(pathname.slice("/api/v2/users/".length)), id, "round trip");
  }
  await client.users.identities.delete("auth0|1", "google/x", 7);
  equal(new URL(calls.at(-1).url).pathname, "/api/v2/users/auth0%7C1/identities/google%2Fx/7");
});

test("request: calls that differ in their ids, their query or their headers", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}), { headers: { "x-a": "1: 2" } });
  const path = () => calls.at(-1).url.slice(API.length);
  for (let round = 0; round < 2; round++) {
    for (const [id, encoded] of [["a", "a"], ["b.c", "b.c"], ["..x", "..x"], ["auth0|1", "auth0%7C1"], ["{}", "%7B%7D"], ["%7B%7D", "%257B%257D"], ["(1)*", "%281%29%2A"], ["a", "a"]]) {
      await client.users.get(id);
      equal(path(), `/users/${encoded}`, "the path");
      await client.users.get(id, { fields: `{}${id}` });
      equal(path(), `/users/${encoded}?fields=%7B%7D${encoded}`, "the path and the query");
      await client.users.identities.delete(id, "{}", "x");
      equal(path(), `/users/${encoded}/identities/%7B%7D/x`, "the path of three");
      for (const bad of [".", "..", ""]) await fails(client.users.identities.delete(id, bad, "x"), { code: "invalid_argument" });
    }
    await client.users.get("a", {}, { headers: { "x-a": "3" } });
    equal(calls.at(-1).headers["x-a"], "3", "the header of the call");
    await client.users.get("a", {});
    equal(calls.at(-1).headers["x-a"], "1: 2", "the header of the client");
    await client.users.update("a", { name: String(round) });
    equal([calls.at(-1).method, calls.at(-1).body, calls.at(-1).headers["content-type"]], ["PATCH", `{"name":"${round}"}`, "application/json"]);
  }
  // One whose body may be left out.
  for (const body of [undefined, { mapping: [] }, undefined, { mapping: [] }]) {
    await client.connections.directoryProvisioning.create("a", body);
    equal([calls.at(-1).body, calls.at(-1).headers["content-type"]], body ? ['{"mapping":[]}', "application/json"] : [undefined, undefined], "with a body, and without");
  }
  // More of them than are kept.
  const { set } = Map.prototype;
  let most = 0;
  Map.prototype.set = function (key, value) {
    set.call(this, key, value);
    if (String(key).startsWith("users.get\n")) most = Math.max(most, this.size);
    return this;
  };
  try {
    const many = scripted(() => json({}));
    for (let number = 0; number < 180; number++) await many.client.users.get("a", { fields: `f${number % 150}` });
    equal(many.calls.at(-1).url, `${API}/users/a?fields=f29`, "the last of many");
  } finally {
    Map.prototype.set = set;
  }
  ok(most > 1 && most < 100, `${most} are kept`);
  // What stands in the path stands in the base URL too.
  const twice = scripted(() => json({}), { baseUrl: "https://proxy.example.com/users/1" });
  for (const id of ["1", "2", "1"]) {
    await twice.client.users.get(id);
    equal(twice.calls.at(-1).url, `https://proxy.example.com/users/1/users/${id}`, "below a base URL that looks like it");
  }
});

test("request: what fetch does to its headers stays with it", async ({ scripted }) => {
  const seen = [];
  const { client } = scripted((_url, { headers }) => {
    seen.push(headers.authorization);
    headers.authorization = "changed";
    return json({});
  });
  await client.users.get("a");
  await client.users.get("b");
  equal(seen, ["Bearer fixed-token", "Bearer fixed-token"]);
});

test("request: path ids reach the tenant whole", async ({ client }) => {
  const { users } = client();
  for (const id of ["a/b", "a?b=c#d", "a%20b|x", "..x"]) {
    const { user_id } = await users.create({ connection: "Username-Password-Authentication", user_id: id, email: `u${Math.random()}@example.com`, password: "Aa1!aa1!aa1!" });
    equal((await users.get(user_id)).user_id, user_id);
    includes(user_id, id);
  }
});

test("request: ids that would change the route are refused", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}));
  for (const id of ["", ".", ".."]) {
    const error = await fails(client.users.get(id), { code: "invalid_argument", operation: "users.get" });
    includes(error.message, "id");
  }
  equal(calls.length, 0, "requests");
});

test("request: missing and unfit arguments are refused, with the method's name", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}));
  const wrong = [
    () => client.users.get(),
    () => client.users.get({ id: "1" }),
    () => client.users.get(null),
    () => client.users.get(["1"]),
    () => client.users.identities.delete("1", "google"),
    () => client.users.get("1", "email"),
    () => client.users.get("1", null),
    () => client.users.list([]),
    () => client.users.create("x"),
    () => client.users.create([]),
    () => client.users.create(null),
    () => client.users.authenticationMethods.set("1", {}),
    () => client.users.authenticationMethods.set("1"),
    () => client.users.create(() => {}),
    () => client.users.create({}, "options"),
    () => client.users.delete("1", 5),
    () => client.users.create({ toJSON() {} }),
    () => client.users.get("1", {}, { abortSignal: {} }),
    () => client.users.get("1", {}, { queryParams: "a=b" }),
    () => client.users.get("1", {}, { maxRetries: -1 }),
    () => client.users.get("1", {}, { timeoutInSeconds: Number.NaN }),
  ];
  for (const call of wrong) {
    const error = await fails(call(), { code: "invalid_argument" });
    includes(error.message, "users.", "message");
    includes(error.message, error.operation, "message");
  }
  equal(calls.length, 0, "requests");
});

test("request: a body that cannot be JSON", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}));
  const cyclic = {};
  cyclic.self = cyclic;
  for (const body of [cyclic, { big: 1n }]) {
    const error = await fails(client.users.create(body), { code: "invalid_argument", operation: "users.create" });
    ok(error.cause instanceof TypeError, "the cause");
  }
  equal(calls.length, 0, "requests");
});

test("request: a method without its client", async ({ scripted }) => {
  const { list } = scripted(() => json({})).client.users;
  await fails(list(), { code: "invalid_argument", message: /users\.list/ });
});

test("request: query parameters", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({ clients: [] }));
  await client.users.get("1", { fields: "email,user id&x", include_fields: false });
  const { searchParams } = new URL(calls[0].url);
  equal([...searchParams], [["fields", "email,user id&x"], ["include_fields", "false"]]);
  await client.users.get("1", { fields: undefined, include_fields: null });
  equal(new URL(calls[1].url).search, "");
  await client.clients.list({ app_type: ["spa", "native"], per_page: 1 });
  equal(new URL(calls[2].url).searchParams.getAll("app_type").join(), "spa,native", "array");
  await client.users.get("1", { fields: "a" }, { queryParams: { fields: "b", extra: ["x", "y"], none: undefined } });
  equal([...new URL(calls[3].url).searchParams].sort(), [["extra", "x"], ["extra", "y"], ["fields", "b"]]);
  await client.users.create({ email: "x" }, { queryParams: { hint: true } });
  equal(new URL(calls[4].url).search, "?hint=true");
  equal(calls[4].body, '{"email":"x"}');
});

test("request: headers of the client and of the call", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}), { headers: { "X-Fixed": "client", "X-Made": async () => "made", "X-Gone": "client" } });
  await client.jobs.get("1", { headers: { "x-fixed": "call", "X-Gone": null, "X-Call": () => "called", "X-None": undefined } });
  const { headers } = calls[0];
  equal([headers["x-fixed"], headers["x-made"], headers["x-gone"], headers["x-call"], headers["x-none"]], ["call", "made", undefined, "called", undefined]);
  equal(headers.authorization, "Bearer fixed-token");
  await client.jobs.get("1", { headers: new Headers({ "X-Fixed": "object" }) });
  equal([calls[1].headers["x-fixed"], calls[1].headers["x-gone"]], ["object", "client"]);
});

test("request: a header that cannot be sent", async ({ scripted }) => {
  const { client } = scripted(() => json({}));
  await fails(client.jobs.get("1", { headers: { "x y": "1" } }), { code: "invalid_argument" });
  await fails(client.jobs.get("1", { headers: { a: "line\nbreak" } }), { code: "invalid_argument" });
});

test("request: the custom domain goes only where it is read", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(() => json({}), { withCustomDomainHeader: "login.example.com" });
  await client.jobs.get("1");
  await client.users.create({});
  await client.users.create({}, sdk.CustomDomainHeader("other.example.com"));
  const sent = calls.map((call) => call.headers["auth0-custom-domain"] ?? null);
  equal(sent, [null, "login.example.com", "other.example.com"]);
});

test("request: telemetry", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}));
  await client.jobs.get("1");
  const decode = (text) => JSON.parse(atob(text.replace(/-/g, "+").replace(/_/g, "/")));
  const info = decode(calls[0].headers["auth0-client"]);
  equal(info.name, "auth0-sdk");
  ok(/^\d+\.\d+\.\d+/.test(info.version), "a version");
  equal(Object.keys(info.env).length, 1, "env");
  const other = scripted(() => json({}), { clientInfo: { name: "mine", note: "é" } });
  await other.client.jobs.get("1");
  equal(decode(other.calls[0].headers["auth0-client"]).name, "mine");
  const off = scripted(() => json({}), { telemetry: false });
  await off.client.jobs.get("1");
  equal(off.calls[0].headers["auth0-client"], undefined);
});

test("request: client.fetch", async ({ client, scripted, sdk }) => {
  const auth0 = client();
  const response = await auth0.fetch("/users?per_page=1&fields=user_id");
  equal(response.status, 200);
  ok(Array.isArray(await response.json()), "users");
  const missing = await auth0.fetch("users/auth0%7Cnobody");
  equal([missing.status, (await missing.json()).statusCode], [404, 404], "an error status is an answer");
  const script = scripted([() => apiError(503, "later", undefined, { "retry-after-ms": "5" }), () => json({ a: 1 })]);
  const raw = await script.client.fetch("users/1?fields=a b{c}", { method: "patch", body: '{"x":1}', headers: { "Content-Type": "application/json" } }, sdk.withHeaders({ "x-a": "1" }));
  equal(await raw.json(), { a: 1 });
  equal(script.calls.map((call) => [call.method, call.url, call.body, call.headers["x-a"], call.headers["content-type"], call.headers.authorization]), Array(2).fill(["PATCH", `${API}/users/1?fields=a%20b%7Bc%7D`, '{"x":1}', "1", "application/json", "Bearer fixed-token"]));
  const last = () => script.calls.at(-1);
  for (const input of [`${API}/users`, new URL(`${API}/users`), new Request(`${API}/users`), "users", "/a/../users", "/../../users"]) {
    await script.client.fetch(input);
    equal([last().method, last().url], ["GET", `${API}/users`], `the request for ${input}`);
  }
  await script.client.fetch(new Request(`${API}/users`, { method: "POST", body: "text" }));
  equal([last().method, new TextDecoder().decode(last().body)], ["POST", "text"]);
  const count = script.calls.length;
  const read = new Request(`${API}/users`, { method: "POST", body: "text" });
  await read.text();
  await fails(script.client.fetch(read), { code: "invalid_argument" });
  for (const input of ["https://evil.example.com/api/v2/users", `${API}.evil.example.com/`, "//evil.example.com/", `https://${DOMAIN}/oauth/token`]) {
    await fails(script.client.fetch(input), { code: "invalid_argument" });
  }
  await fails(script.client.fetch("users", { method: "TRACE" }), { code: "invalid_argument" });
  equal(script.calls.length, count, "requests");
});

// --- answers ---

test("answer: withRawResponse", async ({ scripted, client }) => {
  const script = scripted(() => json({ id: "job_1" }, 200, { "x-request-id": "r1" }));
  const { data, rawResponse } = await script.client.jobs.get("1").withRawResponse();
  equal(data, { id: "job_1" });
  equal([rawResponse.status, rawResponse.headers.get("x-request-id")], [200, "r1"]);
  const real = await client().users.list({ per_page: 1 }).withRawResponse();
  equal(real.rawResponse.status, 200);
  ok(real.rawResponse.url.includes("/api/v2/users"), "a url");
  ok(real.rawResponse.headers.get("content-type").includes("json"), "headers");
  ok(Array.isArray(real.data.data), "a page");
});

test("answer: the promise is a Promise, and one failure is reported once", async ({ scripted, unhandled }) => {
  const { client, calls } = scripted(() => apiError(404, "no"));
  const promise = client.jobs.get("1");
  ok(promise instanceof Promise, "a Promise");
  ok(!(promise.then(() => {}, () => {}) instanceof promise.constructor), "derived promises are plain");
  const raw = promise.withRawResponse();
  raw.catch(() => {});
  await fails(promise, { statusCode: 404 });
  await promise.catch(() => {});
  await promise.finally(() => {}).catch(() => {});
  client.jobs.get("2").catch(() => {});
  const observed = client.jobs.get("3");
  observed.withRawResponse();
  observed.catch(() => {});
  await Promise.allSettled([client.jobs.get("4"), client.jobs.get("5").withRawResponse()]);
  await sleep(20);
  equal(calls.length, 5, "requests");
  equal(unhandled.map(String), [], "unhandled rejections");
});

test("answer: the request starts at once", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}));
  await client.jobs.get("warm-up");
  const promise = client.jobs.get("1");
  await sleep(10);
  equal(calls.length, 2, "requests");
  await promise;
});

test("answer: no body is undefined, on any operation", async ({ scripted }) => {
  const { client } = scripted(() => new Response(null, { status: 204 }));
  equal(await client.users.delete("1"), undefined);
  equal(await client.users.get("1"), undefined);
  const empty = scripted(() => new Response("", { status: 200, headers: { "content-type": "application/json" } }));
  equal(await empty.client.users.get("1"), undefined);
});

test("answer: passes through untouched", async ({ scripted }) => {
  const data = { user_id: 12, deep: { "ключ": ["😀", null, 1e21, -0.5] }, __unknown: true };
  const { client } = scripted(() => json(data));
  equal(await client.users.get("1"), data);
});

// --- lists ---

test("list: offset paging to the end, no request too many", async ({ client, seed, count }) => {
  await seed(120);
  const { users } = client();
  const all = await collect(await users.list());
  equal(new Set(all.map((user) => user.user_id)).size, 120, "users");
  equal(await count("GET", "/api/v2/users"), 3, "requests");
});

test("list: offset paging where the last page is full", async ({ client, seed, count }) => {
  await seed(100);
  equal((await collect(await client().users.list({ per_page: 50 }))).length, 100);
  equal(await count("GET", "/api/v2/users"), 2, "requests");
});

test("list: starts at the page that was asked for", async ({ client, seed, count }) => {
  await seed(25);
  const page = await client().users.list({ page: 1, per_page: 10 });
  equal(page.data.length, 10);
  equal((await collect(page)).length, 15);
  equal(await count("GET", "/api/v2/users"), 2, "requests");
});

test("list: hasNextPage and getNextPage", async ({ client, seed, count }) => {
  await seed(5);
  const page = await client().users.list({ per_page: 2 });
  const seen = [page.data.length];
  equal(page.response.total, 5, "the answer");
  equal(page.rawResponse.status, 200);
  while (page.hasNextPage()) {
    ok((await page.getNextPage()) === page, "the page itself");
    seen.push(page.data.length);
  }
  equal(seen, [2, 2, 1]);
  equal(await count("GET", "/api/v2/users"), 3, "requests");
  await fails(page.getNextPage(), { code: "invalid_argument", message: /last page/ });
  equal(await count("GET", "/api/v2/users"), 3, "requests");
});

test("list: two getNextPage at once are one", async ({ client, seed, count }) => {
  await seed(6);
  const page = await client().users.list({ per_page: 2 });
  await Promise.all([page.getNextPage(), page.getNextPage()]);
  equal(await count("GET", "/api/v2/users"), 2, "requests");
  equal((await collect(page)).length, 4);
});

test("list: walking twice gives the same", async ({ client, seed }) => {
  await seed(5);
  const page = await client().users.list({ per_page: 2 });
  const ids = async () => (await collect(page)).map((user) => user.user_id).join();
  equal(await ids(), await ids());
});

test("list: pages() and iteration without await", async ({ client, seed }) => {
  await seed(5);
  const { users } = client();
  equal((await collect((await users.list({ per_page: 2 })).pages())).map((page) => page.data.length), [2, 2, 1]);
  equal((await collect(users.list({ per_page: 2 }))).length, 5);
});

test("list: leaving the loop makes no more requests", async ({ client, seed, count }) => {
  await seed(10);
  for await (const user of await client().users.list({ per_page: 2 })) {
    ok(user.user_id, "a user");
    break;
  }
  equal(await count("GET", "/api/v2/users"), 1, "requests");
});

test("list: an empty one", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({ users: [], start: 0, limit: 50, total: 0 }));
  const page = await client.users.list({ q: "nobody" });
  equal([page.data, page.hasNextPage()], [[], false]);
  equal(await collect(page), []);
  equal(calls.length, 1, "requests");
});

test("list: include_totals false still gives the items", async ({ client, seed }) => {
  await seed(5);
  const page = await client().users.list({ include_totals: false, per_page: 2 });
  equal(page.data.length, 2);
  equal((await collect(page)).length, 5);
});

test("list: withRawResponse gives the page", async ({ client, seed }) => {
  await seed(3);
  const { data, rawResponse } = await client().users.list({ per_page: 2 }).withRawResponse();
  equal([rawResponse.status, data.data.length, data.hasNextPage()], [200, 2, true]);
});

test("list: cursor paging to the end", async ({ client, count }) => {
  const { organizations } = client();
  for (let index = 0; index < 5; index++) await organizations.create({ name: `org-${index}` });
  const names = (await collect(await organizations.list({ take: 3 }))).map((one) => one.name);
  equal(names.filter((name) => name.startsWith("org-")).sort(), ["org-0", "org-1", "org-2", "org-3", "org-4"]);
  equal(new Set(names).size, names.length, "no name twice");
  equal(await count("GET", "/api/v2/organizations"), Math.ceil(names.length / 3), "requests");
});

test("list: one that takes either style, by page", async ({ client, count }) => {
  const { organizations } = client();
  for (let index = 0; index < 5; index++) await organizations.create({ name: `org-${index}` });
  const page = await organizations.list({ per_page: 3 });
  const all = await collect(page);
  equal(all.length, page.response.total, "items");
  ok(all.length >= 5, "at least those five");
  equal(await count("GET", "/api/v2/organizations"), Math.ceil(all.length / 3), "requests");
});

test("list: a purely cursor-paged one", async ({ scripted }) => {
  const { client, calls } = scripted([() => json({ groups: [{ id: 1 }], next: "c1" }), () => json({ groups: [], next: "c2" }), () => json({ groups: [{ id: 2 }] })]);
  equal((await collect(await client.roles.groups.get("rol_1"))).map((one) => one.id), [1, 2], "items, over an empty page");
  equal(calls.map((call) => new URL(call.url).searchParams.get("from")), [null, "c1", "c2"]);
  equal(calls.map((call) => new URL(call.url).searchParams.get("take")), ["50", "50", "50"]);
});

test("list: a cursor taken from the last item", async ({ scripted }) => {
  const { client, calls } = scripted([() => json([{ log_id: "a" }, { log_id: "b" }]), () => json([])]);
  equal((await collect(await client.logs.list({ take: 2 }))).length, 2);
  ok(calls.length <= 2, "at most two requests");
  equal(new URL(calls.at(-1).url).searchParams.get("from"), "b");
});

test("list: a cursor that repeats is an error, not a loop, and no page is lost", async ({ scripted }) => {
  for (const cursors of [["same"], ["a", "b", "c"]]) {
    const { client, calls } = scripted((_url, _init, index) => json({ groups: [{ id: index }], next: cursors[index % cursors.length] }));
    const seen = [];
    await fails(
      (async () => {
        for await (const group of await client.roles.groups.get("rol_1")) seen.push(group.id);
      })(),
      { code: "paging_error", operation: "roles.groups.get" },
    );
    ok(calls.length <= 4 * cursors.length, `few requests, made ${calls.length}`);
    equal(seen.length, calls.length, "items, one a page");
  }
});

test("list: a page that is garbage ends the walk with an error", async ({ scripted }) => {
  const { client } = scripted([() => json({ users: [{ user_id: 1 }], start: 0, limit: 1, total: 3 }), () => json({ nothing: true })]);
  const seen = [];
  await fails(
    (async () => {
      for await (const user of await client.users.list({ per_page: 1 })) seen.push(user);
    })(),
    { code: /paging_error|invalid_response/ },
  );
  equal(seen.length, 1, "items before");
});

test("list: an error on a later page is thrown in the walk", async ({ client, seed, fault }) => {
  await seed(4);
  const page = await client({ maxRetries: 0 }).users.list({ per_page: 2 });
  await fault({ match: { method: "GET", path: "/api/v2/users" }, times: 1, status: 500, body: '{"statusCode":500,"message":"boom"}' });
  await fails(page.getNextPage(), { statusCode: 500 });
  equal(page.data.length, 2, "the page is still there");
  await page.getNextPage();
  equal(page.hasNextPage(), false);
});

test("list: the end of offset paging at 1,000 records is told", async ({ client, seed }) => {
  await seed(1010);
  const seen = [];
  const error = await fails(
    (async () => {
      for await (const user of await client().users.list({ per_page: 100, fields: "user_id" })) seen.push(user);
    })(),
  );
  equal(seen.length, 1000, "users before the error");
  includes(error.message, "1,000", "message");
});

// --- errors ---

test("error: every status has its class", async ({ sdk, scripted }) => {
  const { Management, ManagementError } = sdk;
  const classes = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    402: "PaymentRequiredError",
    403: "ForbiddenError",
    404: "NotFoundError",
    409: "ConflictError",
    410: "GoneError",
    412: "PreconditionFailedError",
    413: "ContentTooLargeError",
    422: "UnprocessableEntityError",
    429: "TooManyRequestsError",
    500: "InternalServerError",
    503: "ServiceUnavailableError",
    504: "GatewayTimeoutError",
  };
  for (const [status, name] of Object.entries(classes)) {
    const { client } = scripted(() => apiError(Number(status), "the message", "the_code", { "x-request-id": "r1" }));
    const error = await fails(client.users.create({}, sdk.withRetries(0)), { name, statusCode: Number(status), code: "the_code", operation: "users.create", attempts: 1 });
    ok(error instanceof Management[name] && error instanceof ManagementError, name);
    equal(error.body.message, "the message");
    equal(error.rawResponse.status, Number(status));
    equal(error.rawResponse.headers.get("x-request-id"), "r1");
    includes(error.message, "the message");
    includes(error.message, "users.create");
  }
  const { client } = scripted(() => apiError(418, "teapot"));
  const error = await fails(client.jobs.get("1"), { name: "ManagementError", statusCode: 418, code: "api_error" });
  ok(error instanceof ManagementError, "a ManagementError");
});

test("error: classes can be made as in the auth0 package", async ({ sdk }) => {
  const raw = { status: 404 };
  const error = new sdk.Management.NotFoundError({ message: "gone" }, raw);
  equal([error.statusCode, error.body.message, error.rawResponse === raw, error.name], [404, "gone", true, "NotFoundError"]);
  equal(error.message.split("\n").slice(0, 2), ["NotFoundError", "Status code: 404"]);
  const timeout = new sdk.ManagementTimeoutError("late");
  ok(timeout instanceof sdk.ManagementError && timeout.message === "late" && timeout.name === "ManagementTimeoutError", "a timeout error");
});

test("error: 404 of the tenant", async ({ sdk, client }) => {
  const error = await fails(client().users.get("auth0|nobody"), { statusCode: 404, operation: "users.get", attempts: 1, name: "NotFoundError" });
  ok(error instanceof sdk.Management.NotFoundError, "class");
  equal(error.body.statusCode, 404);
});

test("error: 409 of the tenant", async ({ client }) => {
  const { users } = client();
  const user = { connection: "Username-Password-Authentication", email: "twice@example.com", password: "Aa1!aa1!aa1!" };
  await users.create(user);
  await fails(users.create(user), { statusCode: 409, name: "ConflictError" });
});

test("error: 400 of the tenant", async ({ client }) => {
  await fails(client().users.create({ email: 7 }), { statusCode: 400, name: "BadRequestError" });
});

test("error: 403 names the missing scope", async ({ scripted }) => {
  const { client } = scripted(() => apiError(403, "Insufficient scope, expected any of: delete:users", "insufficient_scope"));
  const error = await fails(client.users.delete("1"), { name: "ForbiddenError", code: "insufficient_scope", missingScope: "delete:users" });
  includes(error.message, "delete:users");
});

test("error: bodies that are not JSON keep status and text", async ({ scripted }) => {
  const html = "<html><title>502 Bad Gateway</title></html>";
  const bodies = [[html, "text/html"], ["", "application/json"], ['{"broken', "application/json"], ["null", "application/json"], ["plain", ""]];
  for (const [text, type] of bodies) {
    const { client } = scripted(() => new Response(text, { status: 502, headers: type ? { "content-type": type } : {} }), { maxRetries: 0 });
    const error = await fails(client.jobs.get("1"), { statusCode: 502 });
    equal(error.rawResponse.status, 502);
    if (text && text !== "null") equal(error.body, text, "body");
  }
});

test("error: HTML in place of JSON in a success", async ({ scripted }) => {
  const { client } = scripted(() => new Response("<html>log in</html>", { status: 200, headers: { "content-type": "text/html" } }));
  const error = await fails(client.jobs.get("1"), { code: "invalid_response", statusCode: 200, operation: "jobs.get", body: "<html>log in</html>" });
  equal(error.rawResponse.status, 200);
});

test("error: 10 MB of garbage is bounded in the error", async ({ scripted }) => {
  const garbage = "<x>".repeat(3_500_000);
  for (const status of [200, 500]) {
    const { client } = scripted(() => new Response(garbage, { status }), { maxRetries: 0 });
    const error = await fails(client.jobs.get("1"), { statusCode: status });
    ok(error.body.length > 1000 && error.body.length < 200_000 && error.truncated, `a bounded body, got ${error.body.length}`);
    ok(error.message.length < 2000, "a short message");
  }
});

test("error: a status that is no success", async ({ scripted }) => {
  const { client } = scripted(() => new Response(null, { status: 304 }));
  await fails(client.jobs.get("1"), { statusCode: 304 });
});

test("error: the network", async ({ sdk, client, fault }) => {
  const auth0 = client({ maxRetries: 0 });
  await auth0.users.list({ per_page: 1 });
  await fault({ match: { path: "/api/v2/users" }, times: 1000, reset: true });
  const error = await fails(auth0.users.list(), { code: "network_error", operation: "users.list" });
  ok(error instanceof sdk.ManagementError && error.cause !== undefined, "a ManagementError with a cause");
});

test("error: a body that is cut off", async ({ client, fault, seed }) => {
  await seed(50);
  await fault({ match: { method: "GET", path: "/api/v2/users" }, times: 9, truncate: 100 });
  await fails(client({ maxRetries: 0 }).users.list(), { code: /network_error|invalid_response/, operation: "users.list" });
});

test("error: a fetch that misbehaves", async ({ sdk, scripted }) => {
  const broken = [
    () => { throw "a string"; },
    () => { throw undefined; },
    () => undefined,
    () => ({}),
    () => { throw new TypeError("fetch failed"); },
  ];
  for (const step of broken) {
    const { client } = scripted(step, { maxRetries: 0 });
    const error = await fails(client.jobs.get("1"), { operation: "jobs.get" });
    ok(error instanceof sdk.ManagementError && typeof error.code === "string", "a ManagementError with a code");
  }
  const used = json({});
  await used.text();
  const { client } = scripted(() => used, { maxRetries: 0 });
  await fails(client.jobs.get("1"), { operation: "jobs.get" });
});

// --- retries ---

const later = (milliseconds, status = 503) => () => apiError(status, "later", undefined, { "retry-after-ms": String(milliseconds) });

test("retry: 503 of the tenant, then success", async ({ client, fault, count }) => {
  await fault({ match: { method: "GET", path: "/api/v2/users" }, times: 1, status: 503, headers: { "Retry-After-Ms": "20" }, body: "{}" });
  await client().users.list();
  equal(await count("GET", "/api/v2/users"), 2, "requests");
});

test("retry: 429 waits for Retry-After in seconds", async ({ scripted }) => {
  const { client, calls } = scripted([() => apiError(429, "slow down", "too_many_requests", { "retry-after": "1" }), () => json({ ok: true })]);
  const started = Date.now();
  equal(await client.jobs.get("1"), { ok: true });
  const took = Date.now() - started;
  ok(took >= 950 && took < 5000, `about one second, took ${took} ms`);
  equal(calls.length, 2, "requests");
});

test("retry: 408, 429 and 5xx, and nothing else", async ({ scripted }) => {
  for (const [status, requests] of [[408, 2], [429, 2], [500, 2], [502, 2], [504, 2], [400, 1], [404, 1], [409, 1], [422, 1]]) {
    const { client, calls } = scripted([later(2, status), () => json({})]);
    await client.jobs.get("1").catch(() => {});
    equal(calls.length, requests, `requests after ${status}`);
  }
});

test("retry: given up after two more attempts", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(later(5, 429));
  const error = await fails(client.jobs.get("1"), { attempts: 3, statusCode: 429, name: "TooManyRequestsError", code: "too_many_requests" });
  ok(error instanceof sdk.Management.TooManyRequestsError, "class");
  ok(error.retryAfter >= 0 && error.retryAfter < 1, `retryAfter in seconds, got ${error.retryAfter}`);
  equal(calls.length, 3, "requests");
});

test("retry: the waits, by a clock of the test", async ({ scripted }) => {
  const { setTimeout: real } = globalThis;
  const now = Date.now();
  const { now: realNow } = Date;
  const waits = [];
  // Waits are over at once; what limits an attempt is not.
  globalThis.setTimeout = (fire, milliseconds, ...values) => {
    if (milliseconds === 60_000) return real(fire, milliseconds, ...values);
    waits.push(milliseconds);
    return real(fire, 0, ...values);
  };
  Date.now = () => now;
  try {
    const walk = async (headers, maxRetries) => {
      waits.length = 0;
      const { client } = scripted(() => apiError(429, "slow down", "too_many_requests", headers), { maxRetries });
      await fails(client.jobs.get("1"), { attempts: maxRetries + 1 });
      return [...waits];
    };
    const within = (all, expected, what) => ok(all.length === expected.length && all.every((wait, at) => wait >= expected[at][0] && wait <= expected[at][1]), `${what}, waited ${all}`);
    // Never less than the server says, and a little more at random.
    within(await walk({ "retry-after": "7" }, 2), [[7000, 7800], [7000, 7800]], "Retry-After in seconds");
    within(await walk({ "retry-after-ms": "250" }, 1), [[250, 300]], "Retry-After-Ms");
    within(await walk({ "retry-after": new Date(now + 10_000).toUTCString() }, 1), [[8900, 11_100]], "Retry-After as a date");
    within(await walk({ "x-ratelimit-reset": String(Math.ceil(now / 1000) + 5) }, 1), [[4000, 7500]], "X-RateLimit-Reset");
    within(await walk({}, 3), [[500, 1500], [1000, 3000], [2000, 6000]], "about 1 s, 2 s, 4 s");
  } finally {
    globalThis.setTimeout = real;
    Date.now = realNow;
  }
});

test("retry: what was given, whatever became of it after the call", async ({ scripted }) => {
  const { client, calls } = scripted([later(2), () => json({ users: [], start: 0, limit: 50, total: 0 }), later(2), () => json({})]);
  const query = { q: "a" };
  const headers = { "x-mine": "a" };
  const listed = client.users.list(query, { headers, queryParams: query });
  query.q = headers["x-mine"] = "b";
  await listed;
  const body = { email: "a" };
  const created = client.users.create(body);
  body.email = "b";
  await created;
  equal(calls.map(({ url }) => new URL(url).searchParams.getAll("q")), [["a"], ["a"], [], []], "the query");
  equal(calls.map((call) => call.headers["x-mine"]), ["a", "a", undefined, undefined], "the header");
  equal(calls.slice(2).map((call) => call.body), Array(2).fill('{"email":"a"}'), "the body");
});

test("retry: a body is sent whole again", async ({ scripted }) => {
  const { client, calls } = scripted([later(2), later(2), () => json({})]);
  await client.users.create({ email: "x" });
  equal(calls.map((call) => call.body), Array(3).fill('{"email":"x"}'));
});

test("retry: the number is the client's or the call's", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(later(2), { maxRetries: 1 });
  await fails(client.jobs.get("1"), { attempts: 2 });
  await fails(client.jobs.get("1", sdk.withRetries(0)), { attempts: 1 });
  await fails(client.jobs.get("1", sdk.withRetries(3)), { attempts: 4 });
  equal(calls.length, 7, "requests");
});

test("retry: a wait of a day is not waited for", async ({ scripted }) => {
  const { client, calls } = scripted(() => apiError(429, "tomorrow", "too_many_requests", { "retry-after": "86400" }));
  const error = await fails(client.jobs.get("1"), { statusCode: 429 });
  ok(error.retryAfter > 86000, `retryAfter, got ${error.retryAfter}`);
  equal(calls.length, 1, "requests");
});

test("retry: a network error that no request survived", async ({ scripted }) => {
  const { client, calls } = scripted([() => { throw new TypeError("fetch failed"); }, () => json({ ok: 1 })], { maxRetries: 1 });
  const outcome = await client.jobs.get("1").catch((error) => error);
  // A reading operation may be repeated whatever happened; that a client chooses not to is allowed, losing the error is not.
  ok(outcome.ok === 1 || outcome.code === "network_error", `an answer or a network error, got ${show(outcome)}`);
  ok(calls.length <= 2, "at most two requests");
});

// --- time ---

test("timeout: no answer", async ({ sdk, client, fault }) => {
  const auth0 = client();
  await auth0.users.list({ per_page: 1 });
  await fault({ match: { method: "GET", path: "/api/v2/users" }, times: 9, delay_ms: 3000 });
  const started = Date.now();
  const error = await fails(auth0.users.list({}, { timeoutInSeconds: 0.15, maxRetries: 0 }), { name: "ManagementTimeoutError", code: "timeout", operation: "users.list" });
  ok(error instanceof sdk.ManagementTimeoutError && error instanceof sdk.ManagementError, "class");
  ok(Date.now() - started < 2000, "in time");
});

test("timeout: a body that does not come", async ({ sdk, client, fault }) => {
  const auth0 = client();
  await auth0.users.list({ per_page: 1 });
  await fault({ match: { method: "GET", path: "/api/v2/users" }, times: 9, body_delay_ms: 3000 });
  const started = Date.now();
  const error = await fails(auth0.users.list({}, { ...sdk.withTimeout(0.15), ...sdk.withRetries(0) }), { code: "timeout" });
  ok(error instanceof sdk.ManagementTimeoutError, "class");
  ok(Date.now() - started < 2000, "in time");
});

test("timeout: a fetch that never answers, nor hears the signal", async ({ scripted }) => {
  const { client } = scripted(() => new Promise(() => {}), { timeoutInSeconds: 0.05, maxRetries: 0 });
  await fails(client.jobs.get("1"), { code: "timeout", attempts: 1 });
});

test("timeout: more than a timer takes", async ({ scripted }) => {
  const kept = globalThis.setTimeout;
  const waits = [];
  globalThis.setTimeout = (fire, milliseconds, ...rest) => {
    waits.push(milliseconds);
    // The first one at once: its time is over, and that of the call is not.
    return kept(fire, milliseconds === 2147483647 && waits.length === 1 ? 0 : milliseconds, ...rest);
  };
  try {
    const { client } = scripted(() => new Promise((resolve) => kept(() => resolve(json({ ok: 1 })), 60)), { timeoutInSeconds: 3e6, maxRetries: 0 });
    equal(await client.jobs.get("1"), { ok: 1 });
  } finally {
    globalThis.setTimeout = kept;
  }
  equal(waits, [2147483647, 3e9 - 2147483647], "timers");
});

// The clock is the test's: whoever is due is called by hand.
test("timeout: calls that begin together, each in its time", async ({ sdk, scripted }) => {
  const kept = [globalThis.setTimeout, globalThis.clearTimeout, Date.now];
  const [wait, clear, realNow] = kept;
  let timers = [];
  let now = realNow();
  const begun = now;
  const advance = async (to) => {
    for (;;) {
      const due = timers.filter(({ at }) => at <= begun + to).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      timers = timers.filter((timer) => timer !== due);
      now = Math.max(now, due.at);
      due.fire();
    }
    now = begun + to;
    await new Promise((resolve) => wait(resolve, 20));
  };
  const ended = {};
  const signals = {};
  const { client } = scripted((url, init) => {
    const id = url.split("/").pop();
    signals[id] = init.signal;
    return id === "good" ? json({}) : never(url, init);
  }, { maxRetries: 0 });
  const begin = (id, options) => client.jobs.get(id, options).then(() => (ended[id] = "ok"), (error) => (ended[id] = error.code));
  await begin("good");
  globalThis.setTimeout = (fire, milliseconds) => {
    if (milliseconds < 1000) return wait(fire, milliseconds);
    const timer = { at: now + milliseconds, fire };
    timers.push(timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => {
    if (timer?.fire) timers = timers.filter((other) => other !== timer);
    else clear(timer);
  };
  Date.now = () => now;
  try {
    const user = new AbortController();
    begin("first");
    begin("aborted", sdk.withAbortSignal(user.signal));
    begin("short", { timeoutInSeconds: 30 });
    await advance(0);
    await advance(500);
    begin("second");
    begin("good");
    await advance(500);
    user.abort();
    await advance(5000);
    begin("third");
    await advance(5000);
    await advance(30_000);
    equal(ended, { good: "ok", aborted: "aborted", short: "timeout" }, "after 30 s");
    await advance(60_400);
    ok(!ended.second && !ended.third && !signals.second.aborted, `neither the second nor the third ends early: ${JSON.stringify(ended)}`);
    await advance(60_500);
    equal([ended.first, ended.second, ended.third], ["timeout", "timeout", undefined], "after 60.5 s");
    ok(signals.first.aborted && signals.second.aborted && !signals.third.aborted, "the requests of those that ended to be aborted, and no other");
    await advance(65_000);
    equal(ended.third, "timeout", "after 65 s");
    equal(timers.length, 0, "timers that are left");
  } finally {
    [globalThis.setTimeout, globalThis.clearTimeout, Date.now] = kept;
  }
});

test("timeout: what is read as it comes outlives the time of calls beside it", async ({ sdk }) => {
  const signals = {};
  const own = (url, init) => {
    const id = url.split("/").pop();
    signals[id] = init.signal;
    return id === "2" ? new Response(new ReadableStream({ start: () => {} })) : never(url, init);
  };
  const auth0 = new sdk.ManagementClient({ domain: DOMAIN, token: "t", fetch: own, timeoutInSeconds: 0.2, maxRetries: 0 });
  const first = fails(auth0.jobs.get("1"), { code: "timeout" });
  const response = await auth0.fetch("/jobs/2");
  await fails(auth0.jobs.get("3"), { code: "timeout" });
  await first;
  await sleep(300);
  equal(Object.values(signals).map(({ aborted }) => aborted), [true, false, true], "requests that were aborted");
  await response.body.cancel();
});

test("timeout: the error body too", async ({ scripted }) => {
  const stuck = () => new Response(new ReadableStream({ start(controller) { controller.enqueue(new TextEncoder().encode('{"a":')); } }), { status: 500 });
  const { client } = scripted(stuck, { timeoutInSeconds: 0.05, maxRetries: 0 });
  await fails(client.jobs.get("1"), { code: /timeout|api_error/ });
});

test("timeout: a deadline over all attempts", async ({ scripted }) => {
  const { client, calls } = scripted(later(60));
  const started = Date.now();
  await fails(client.jobs.get("1", { deadlineInSeconds: 0.15, maxRetries: 50 }));
  ok(Date.now() - started < 2000, "in time");
  ok(calls.length < 10, `few requests, made ${calls.length}`);
});

test("abort: before the call", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(() => json({}));
  const controller = new AbortController();
  const reason = new Error("changed my mind");
  controller.abort(reason);
  const error = await fails(client.jobs.get("1", sdk.withAbortSignal(controller.signal)), { code: "aborted", operation: "jobs.get" });
  ok(error.cause === reason, "the reason as the cause");
  equal(calls.length, 0, "requests");
});

// The first call waits for the core, and later ones do not.
test("error: a call that was made before fails as the first does", async ({ sdk }) => {
  const body = (pull) => new Response(new ReadableStream({ pull }), { headers: { "content-type": "application/json" } });
  const stuck = (_url, { signal }) => body(() => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))));
  const ways = {
    "throws at once": () => { throw new TypeError("at once"); },
    "throws no Error": async () => { throw "a text"; },
    "rejects with nothing": () => Promise.reject(),
    "is no Response": async () => ({ status: 200 }),
    "gives nothing": () => undefined,
    "is no promise": () => json({ good: 1 }),
    never,
    "never hears": () => new Promise(() => {}),
    "a body without end": stuck,
    "a body that breaks": async () => body(() => { throw new TypeError("broken"); }),
    "a body that was read": async () => { const read = json({}); await read.text(); return read; },
    "text is no function": async () => ({ status: 200, headers: new Headers() }),
    "text is no text": async () => ({ status: 200, headers: new Headers(), text: async () => 5 }),
    html: async () => new Response("<html>"),
    "no content": async () => new Response(null, { status: 204 }),
    400: () => apiError(400, "no", "bad"),
    401: () => apiError(401, "no"),
    404: () => apiError(404, "no"),
    429: () => apiError(429, "slow", "too_many_requests", { "retry-after-ms": "1" }),
    503: () => apiError(503, "later", undefined, { "retry-after-ms": "1" }),
    redirect: async () => new Response(null, { status: 302, headers: { location: "https://evil.example/" } }),
  };
  const told = ({ name, code, message, attempts, statusCode, cause, timeoutMs }) => ({ name, code, message, attempts, statusCode, cause: cause?.message ?? cause, timeoutMs });
  const compare = async ([how, answer]) => {
    const outcome = async (warm, abort) => {
      let step = () => json({ warm: true });
      const calls = [];
      const fetch = (url, init) => (calls.push(`${init.method} ${url}`), step(url, init));
      const client = new sdk.ManagementClient({ domain: DOMAIN, token: "t", fetch, maxRetries: 1, timeoutInSeconds: 0.2 });
      if (warm) for (const id of ["first", "second"]) await client.jobs.get(id);
      step = answer;
      calls.length = 0;
      const controller = new AbortController();
      if (abort === "before") controller.abort(new Error("enough"));
      const call = client.jobs.get("1", abort && { abortSignal: controller.signal });
      if (abort === "at once") controller.abort(new Error("enough"));
      if (abort === "later") setTimeout(() => controller.abort(new Error("enough")), 20);
      const end = await Promise.race([call.then((data) => [{ data }], (error) => [told(error)]), sleep(5000).then(() => ["hangs"])]);
      // Whether a request was under way when it was aborted at once is another matter.
      return [...end, abort === "at once" || calls];
    };
    const one = async (abort) => {
      const [cold, warm] = await Promise.all([outcome(false, abort), outcome(true, abort)]);
      equal(warm, cold, `${how}, aborted ${abort ?? "not"}`);
      ok(cold[0] !== "hangs", `an end: ${how}, aborted ${abort ?? "not"}`);
    };
    // What ends by itself may end before that, or be tried again.
    const waits = ["never", "never hears", "a body without end"].includes(how);
    await Promise.all([undefined, "before", ...(waits ? ["at once", "later"] : [])].map(one));
  };
  await Promise.all(Object.entries(ways).map(compare));
});

test("abort: during the request", async ({ sdk, scripted }) => {
  let heard = false;
  const step = (url, init) => {
    init.signal?.addEventListener("abort", () => { heard = true; });
    return never(url, init);
  };
  const { client } = scripted(step);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  const started = Date.now();
  await fails(client.jobs.get("1", sdk.withAbortSignal(controller.signal)), { code: "aborted" });
  ok(Date.now() - started < 1000, "at once");
  await sleep(5);
  ok(heard, "the fetch to be aborted");
});

test("abort: during the wait between attempts", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(later(3000));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  const started = Date.now();
  await fails(client.jobs.get("1", sdk.withAbortSignal(controller.signal)), { code: "aborted" });
  ok(Date.now() - started < 1500, "at once");
  equal(calls.length, 1, "requests");
});

test("abort: during the body", async ({ sdk, client, fault }) => {
  const auth0 = client();
  await auth0.users.list({ per_page: 1 });
  await fault({ match: { method: "GET", path: "/api/v2/users" }, times: 9, body_delay_ms: 3000 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 150);
  const started = Date.now();
  await fails(auth0.users.list({}, sdk.withAbortSignal(controller.signal)), { code: "aborted" });
  ok(Date.now() - started < 2000, "at once");
});

test("abort: one waiting for a token leaves the others their token", async ({ sdk, client, fault }) => {
  await fault({ match: { path: "/oauth/token" }, times: 1, delay_ms: 200 });
  const auth0 = client();
  const controller = new AbortController();
  const first = auth0.users.list({}, sdk.withAbortSignal(controller.signal));
  const second = auth0.users.list();
  setTimeout(() => controller.abort(), 50);
  await fails(first, { code: "aborted" });
  ok(Array.isArray((await second).data), "the other call's page");
});

// Requests are kept for calls that differ in little, with the token in them.
test("token: one that was refused is sent by no other call", async ({ sdk }) => {
  const seen = [];
  let bought = 0;
  const own = async (url, init) => {
    if (url.endsWith("/oauth/token")) return json({ access_token: `t${++bought}`, expires_in: 86400 });
    seen.push(init.headers.authorization);
    return init.headers.authorization === "Bearer t1" && seen.length > 2 ? json({}, 401) : json({});
  };
  const auth0 = new sdk.ManagementClient({ domain: DOMAIN, clientId: "id", clientSecret: "secret", fetch: own });
  for (const id of ["1", "2"]) await auth0[id === "1" ? "jobs" : "users"].get(id);
  for (const id of ["3", "4"]) await auth0[id === "3" ? "jobs" : "users"].get(id);
  equal(seen, ["Bearer t1", "Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]);
});

test("token: calls that begin while one that was refused is replaced wait for the next", async ({ sdk }) => {
  const seen = [];
  let bought = 0;
  let give;
  const own = (url, init) => {
    if (url.endsWith("/oauth/token")) {
      const token = json({ access_token: `t${++bought}`, expires_in: 86400 });
      return bought === 1 ? token : new Promise((resolve) => { give = () => resolve(token); });
    }
    seen.push(init.headers.authorization);
    return Promise.resolve(seen.length > 1 && init.headers.authorization === "Bearer t1" ? json({}, 401) : json({}));
  };
  const auth0 = new sdk.ManagementClient({ domain: DOMAIN, clientId: "id", clientSecret: "secret", fetch: async (url, init) => own(url, init) });
  await auth0.jobs.get("1");
  const first = auth0.jobs.get("2");
  for (let looked = 0; !give && looked < 500; looked++) await sleep(2);
  ok(give, "asks for the next");
  // One whose request was made before, and one that is new.
  const others = [auth0.jobs.get("3"), auth0.users.get("4")];
  await sleep(30);
  equal(seen, ["Bearer t1", "Bearer t1"], "sent before the next token came");
  give();
  await Promise.all([first, ...others]);
  equal([seen.slice(2), bought], [["Bearer t2", "Bearer t2", "Bearer t2"], 2], "with the next token");
});

test("abort: one that asks for the token of several leaves it to the next", async ({ sdk }) => {
  const asked = [];
  const own = async (url, init) => {
    if (!String(url).endsWith("/oauth/token")) return json({ ok: init.headers.authorization });
    return asked.push(url) === 1 ? never(url, init) : json({ access_token: "t2", token_type: "Bearer", expires_in: 60 });
  };
  const auth0 = new sdk.ManagementClient({ domain: DOMAIN, clientId: "id", clientSecret: "secret", fetch: own });
  const controller = new AbortController();
  const first = fails(auth0.jobs.get("1", sdk.withAbortSignal(controller.signal)), { code: "aborted" });
  const others = Promise.all(["2", "3"].map((id) => auth0.jobs.get(id)));
  await sleep(30);
  equal(asked.length, 1, "requests for a token, while the first is under way");
  controller.abort();
  await first;
  equal(await others, [{ ok: "Bearer t2" }, { ok: "Bearer t2" }]);
  equal(asked.length, 2, "requests for a token");
});

test("abort: during an error's body", async ({ sdk, scripted }) => {
  let canceled = false;
  const stuck = () => new Response(new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode('{"a":')), cancel: () => { canceled = true; } }), { status: 500 });
  const { client, calls } = scripted(stuck);
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 30);
  const error = await fails(client.jobs.get("1", sdk.withAbortSignal(controller.signal)), { code: "aborted", operation: "jobs.get" });
  ok(error.cause === reason, "the reason as the cause");
  equal(calls.length, 1, "requests");
  ok(canceled, "a body that is let go");
});

// Neither a timer nor a listener may outlive the call, however it ends.
test("abort: a call leaves no listener at the signal, and no timer", async ({ sdk, scripted }) => {
  const broken = () => new Response(new ReadableStream({ pull: (body) => body.error(new Error("cut")) }));
  const ends = {
    "a success": [() => json({})],
    "a success without a body": [() => new Response(null, { status: 204 })],
    "an error": [() => apiError(404, "no")],
    "two attempts": [() => apiError(503, "busy", undefined, { "retry-after-ms": "5" }), () => json({})],
    "a body that is no JSON": [() => new Response("<html>")],
    "a body that breaks off": [broken, broken, broken],
    "a fetch that throws": [() => { throw new Error("no network"); }],
    "no answer": [never],
    "an answer that is none": [() => 7],
  };
  const kept = [globalThis.setTimeout, globalThis.clearTimeout];
  const running = new Map();
  let [begun, longest] = [0, 0];
  const started = [];
  globalThis.setTimeout = (fire, milliseconds, ...rest) => {
    const timer = kept[0](() => (running.delete(timer), fire(...rest)), milliseconds);
    running.set(timer, milliseconds);
    longest = Math.max(longest, milliseconds);
    return timer;
  };
  globalThis.clearTimeout = (timer) => (running.delete(timer), kept[1](timer));
  try {
    for (const token of ["t", () => "t"]) {
      for (const [name, steps] of Object.entries(ends)) {
        const { client } = scripted(steps, { token });
        const { signal } = new AbortController();
        const listeners = new Set();
        const { addEventListener, removeEventListener } = AbortSignal.prototype;
        signal.addEventListener = (type, listener, options) => (begun++, listeners.add(listener), addEventListener.call(signal, type, listener, options));
        signal.removeEventListener = (type, listener) => (listeners.delete(listener), removeEventListener.call(signal, type, listener));
        await client.jobs.get("1", { ...sdk.withAbortSignal(signal), timeoutInSeconds: name === "no answer" ? 0.03 : 77, maxRetries: name === "two attempts" ? 1 : 0 }).catch((error) => started.push(error.code));
        equal(listeners.size, 0, `listeners after ${name}`);
        equal([...running.values()].filter((milliseconds) => milliseconds !== 0), [], `timers after ${name}`);
      }
    }
  } finally {
    [globalThis.setTimeout, globalThis.clearTimeout] = kept;
  }
  ok(begun >= 18, `a listener for each call, counted ${begun}`);
  equal(longest, 77000, "the longest timer");
  equal(started.length, 12, `failures: ${started}`);
});

// --- fetch, uploads, streams ---

test("fetch: one of the caller's own is used for everything", async ({ sdk, sandbox }) => {
  const urls = [];
  const own = (url, init) => {
    urls.push(new URL(url).pathname);
    return fetch(url, init);
  };
  const auth0 = new sdk.ManagementClient({ domain: sandbox.url, clientId: sandbox.clientId, clientSecret: sandbox.clientSecret, audience: sandbox.audience, fetch: own });
  await auth0.users.list({ per_page: 1 });
  equal(urls, ["/oauth/token", "/api/v2/users"]);
});

test("fetch: redirects are never left to it", async ({ sdk }) => {
  const seen = [];
  const own = async (url, init) => {
    seen.push(init.redirect);
    return json(url.endsWith("/oauth/token") ? { access_token: "t", expires_in: 60 } : {}, ...(seen.length === 3 ? [503, { "retry-after-ms": "1" }] : []));
  };
  const auth0 = new sdk.ManagementClient({ domain: DOMAIN, clientId: "id", clientSecret: "secret", fetch: own });
  await auth0.jobs.get("1");
  await auth0.jobs.get("2");
  await auth0.fetch("/jobs/3");
  equal(seen, Array(5).fill("manual"));
});

test("fetch: the global one at the time of the call", async ({ sdk }) => {
  const auth0 = new sdk.ManagementClient({ domain: DOMAIN, token: "t" });
  const real = globalThis.fetch;
  const script = scripted(() => json({ replaced: true }));
  globalThis.fetch = script.fetch;
  try {
    equal(await auth0.jobs.get("1"), { replaced: true });
  } finally {
    globalThis.fetch = real;
  }
});

const readForm = async (form) => {
  const parts = {};
  for (const [name, value] of form) parts[name] = typeof value === "string" ? value : { text: await value.text(), type: value.type.split(";")[0], name: value.name };
  return parts;
};

test("upload: everything that is bytes", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({ id: "job_1" }));
  const bytes = new TextEncoder().encode("[]");
  const stream = () => new Blob([bytes]).stream();
  async function* chunks() {
    yield bytes.slice(0, 1);
    yield bytes.slice(1);
  }
  const files = [
    [new Blob([bytes], { type: "application/json" }), "application/json", "blob"],
    [new File([bytes], "users.json", { type: "application/json" }), "application/json", "users.json"],
    [bytes, "application/octet-stream", "blob"],
    [bytes.buffer, "application/octet-stream", "blob"],
    [new DataView(bytes.buffer), "application/octet-stream", "blob"],
    [stream(), "application/octet-stream", "blob"],
    [chunks(), "application/octet-stream", "blob"],
    [{ data: bytes, filename: "mine.json", contentType: "application/json" }, "application/json", "mine.json"],
    [{ data: stream(), filename: "mine.json" }, "application/octet-stream", "mine.json"],
  ];
  for (const [users, type, name] of files) {
    await client.jobs.usersImports.create({ users, connection_id: "con_1", upsert: true, external_id: undefined });
    const { body, headers, method } = calls.at(-1);
    equal(method, "POST");
    ok(body instanceof FormData, "FormData");
    ok(headers["content-type"] === undefined || headers["content-type"].startsWith("multipart/form-data"), "no other content type");
    equal(await readForm(body), { users: { text: "[]", type, name }, connection_id: "con_1", upsert: "true" });
  }
});

test("upload: what is no file is refused", async ({ scripted }) => {
  const { client, calls } = scripted(() => json({}));
  for (const request of [{ users: "[]", connection_id: "c" }, { connection_id: "c" }, undefined, { users: { a: 1 } }, { users: new Blob([]), connection_id: ["c"] }]) {
    await fails(client.jobs.usersImports.create(request), { code: "invalid_argument", operation: "jobs.usersImports.create" });
  }
  equal(calls.length, 0, "requests");
});

test("upload: to the tenant, and again after a 503", async ({ client, fault, count }) => {
  const auth0 = client();
  await fault({ match: { path: "/api/v2/jobs/users-imports" }, times: 1, status: 503, headers: { "Retry-After-Ms": "20" }, body: "{}" });
  const connection = await auth0.connections.create({ name: "import-target", strategy: "auth0" });
  const job = await auth0.jobs.usersImports.create({ users: new Blob(["[]"], { type: "application/json" }), connection_id: connection.id });
  ok(job.id, "a job");
  equal(await count("POST", "/api/v2/jobs/users-imports"), 2, "requests");
});

// A connection that brings the pieces, and then breaks, ends, or hangs until it is cancelled.
const connection = (pieces, then = "end") => {
  const state = { cancelled: false };
  const queue = [pieces].flat().map((piece) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece));
  const body = new ReadableStream(
    {
      async pull(controller) {
        // Not at once, so that a loop over connections leaves room for timers.
        await sleep(1);
        if (queue.length) controller.enqueue(queue.shift());
        else if (then === "end") controller.close();
        else if (then === "break") controller.error(new TypeError("terminated"));
        else await new Promise(() => {});
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return Object.assign(state, { answer: () => new Response(body, { headers: { "content-type": "text/event-stream" } }) });
};

const take = async (iterable, count) => {
  const all = [];
  for await (const item of iterable) if (all.push(item) === count) break;
  return all;
};

test("stream: any line end, and any border between pieces", async ({ scripted }) => {
  const lines = ["\ufeff: hello", "id: 1", "event: user.created", 'data: {"a":', "data: 1}", "", 'data:{"type":"own","é":2}', "", "retry: 5", "", "event: lost", "", 'data: {"last":3}'];
  const wanted = [{ a: 1, type: "user.created" }, { type: "own", "é": 2 }, { last: 3 }];
  for (const end of ["\n", "\r", "\r\n"]) {
    const bytes = new TextEncoder().encode(lines.join(end));
    for (const size of [1, 2, 3, 7, 1000]) {
      const pieces = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
      const { client, calls } = scripted(() => new Response(new Blob(pieces).stream().pipeThrough(new TransformStream()), { headers: { "content-type": "text/event-stream" } }));
      const cut = () => new ReadableStream({ start(controller) { for (const piece of pieces) controller.enqueue(piece); controller.close(); } });
      const other = scripted(() => new Response(cut()));
      for (const each of [client, other.client]) {
        const { data, rawResponse } = await each.events.subscribe().withRawResponse();
        equal(rawResponse.status, 200);
        equal(await take(data, 3), wanted, `${show(end)} in pieces of ${size}`);
      }
      includes(calls[0].headers.accept, "text/event-stream");
    }
  }
});

test("stream: an event is given when its blank line is there, not later", async ({ scripted }) => {
  for (const end of ["\n", "\r", "\r\n"]) {
    const { client } = scripted(() => connection(`data: {"a":1}${end}${end}`, "hang").answer());
    equal(await take(await client.events.subscribe(), 1), [{ a: 1 }], show(end));
  }
});

test("stream: goes on behind the last event", async ({ scripted }) => {
  const steps = [
    () => connection(['retry: 5\n\ndata: {"n":1,"offset":"o1"}\n\n', 'data: {"half":'], "break").answer(),
    () => connection('id: i2\ndata: {"n":2}\n\ndata: {"n":3,"error":{"offset":"o3"}}').answer(),
    () => connection([], "end").answer(),
    () => connection('data: {"n":4}\n\n', "hang").answer(),
  ];
  const { client, calls } = scripted(steps);
  const stream = await client.events.subscribe({ from_timestamp: "2026-01-01", event_type: ["user.created", "user.deleted"] });
  equal((await take(stream, 4)).map(({ n }) => n), [1, 2, 3, 4]);
  equal(stream.offset, "o3");
  const asked = calls.map((call) => [...new URL(call.url).searchParams].map((pair) => pair.join("=")).sort().join("&"));
  const types = "event_type=user.created&event_type=user.deleted";
  equal(asked, [`${types}&from_timestamp=2026-01-01`, `${types}&from=o1`, `${types}&from=o3`, `${types}&from=o3`]);
});

test("stream: without an event it is opened where it began", async ({ scripted }) => {
  const { client, calls } = scripted([() => connection("retry: 1\n\n", "break").answer(), () => connection('data: {"n":1}\n\n', "hang").answer()]);
  equal(await take(await client.events.subscribe({ from: "start" }), 1), [{ n: 1 }]);
  equal(calls.map((call) => new URL(call.url).searchParams.get("from")), ["start", "start"]);
});

test("stream: five connections in a row that bring nothing are the end", async ({ sdk, scripted }) => {
  for (const then of ["end", "break"]) {
    const { client, calls } = scripted(() => connection("retry: 1\n\n: nothing\n\n", then).answer());
    const error = await fails(collect(await client.events.subscribe()), { code: "network_error", operation: "events.subscribe" });
    equal(calls.length, 5, "requests");
    ok(error instanceof sdk.ManagementError, "a ManagementError");
    if (then === "break") equal(error.cause?.message, "terminated", "the cause");
  }
});

test("stream: a refusal is the end", async ({ scripted }) => {
  const { client, calls } = scripted([() => connection('retry: 1\n\ndata: {"n":1,"offset":"o1"}\n\n').answer(), () => apiError(410, "too old", "offset_expired")]);
  const seen = [];
  await fails(
    (async () => {
      for await (const item of await client.events.subscribe()) seen.push(item.n);
    })(),
    { statusCode: 410, code: "offset_expired", name: "GoneError" },
  );
  equal([seen, calls.length], [[1], 2]);
});

test("stream: an event that is not JSON is an error, and the next loop goes on behind it", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(() => connection('data: {"n":1}\n\ndata: {"broken\n\ndata: {"n":2}\n\n', "hang").answer());
  const stream = await client.events.subscribe();
  const error = await fails(collect(stream), { code: "invalid_response", operation: "events.subscribe", body: '{"broken' });
  ok(error instanceof sdk.ManagementError && error.cause instanceof SyntaxError, "a ManagementError with a cause");
  equal(await take(stream, 1), [{ n: 2 }]);
  equal(calls.length, 1, "requests");
});

test("stream: an event without an end is given up", async ({ scripted }) => {
  const piece = `data: ${"x".repeat(2 ** 20)}`;
  const { client } = scripted(() => connection(Array(18).fill(piece), "hang").answer());
  await fails(collect(await client.events.subscribe()), { code: "invalid_response", message: /16 MiB/ });
});

test("stream: leaving the loop closes the connection", async ({ scripted }) => {
  const open = connection('data: {"n":1}\n\n', "hang");
  const { client, calls } = scripted(open.answer);
  equal(await take(await client.events.subscribe(), 1), [{ n: 1 }]);
  ok(open.cancelled, "a cancelled body");
  equal(calls.length, 1, "requests");
});

test("stream: aborted while it waits for an event, and between connections", async ({ scripted }) => {
  const hang = (_url, init) => new Response(new ReadableStream({ start(controller) { init.signal.addEventListener("abort", () => controller.error(init.signal.reason)); } }));
  for (const step of [hang, () => connection("retry: 60000\n\n", "end").answer()]) {
    const { client, calls } = scripted(step);
    const controller = new AbortController();
    const reason = new Error("enough");
    const stream = await client.events.subscribe({}, { abortSignal: controller.signal });
    setTimeout(() => controller.abort(reason), 30);
    const error = await fails(collect(stream), { code: "aborted", operation: "events.subscribe" });
    ok(error.cause === reason, "the reason as the cause");
    equal(calls.length, 1, "requests");
  }
});

test("helpers: parts of request options", async ({ sdk }) => {
  const { signal } = new AbortController();
  equal({ ...sdk.withTimeout(5), ...sdk.withRetries(1), ...sdk.withHeaders({ a: "b" }) }, { timeoutInSeconds: 5, maxRetries: 1, headers: { a: "b" } });
  ok(sdk.withAbortSignal(signal).abortSignal === signal, "the signal");
  equal(sdk.CustomDomainHeader("d"), { headers: { "Auth0-Custom-Domain": "d" } });
});

// --- bad input ---

// Every failure is an Error of this package with a code, a message that names the call, and what led to it.
const failsWell = async (sdk, promise, code, cause) => {
  const error = await fails(promise, { code, operation: "jobs.get" });
  ok(error instanceof sdk.ManagementError, `a ManagementError, got ${error.name}: ${error.message}`);
  includes(error.message, "jobs.get", "message");
  if (cause !== undefined) ok(error.cause === cause, `the cause, got ${show(error.cause)}`);
  return error;
};

test("bad input: a fetch that throws what is no Error", async ({ sdk, scripted }) => {
  const nothing = Symbol("nothing");
  for (const thrown of ["text", 5, null, undefined, { strange: true }, nothing, Object.create(null), () => {}]) {
    for (const step of [() => { throw thrown; }, () => Promise.reject(thrown)]) {
      const error = await failsWell(sdk, scripted(step, { maxRetries: 0 }).client.jobs.get("1"), "network_error");
      if (thrown !== undefined && thrown !== null) ok(error.cause === thrown, "the cause");
    }
  }
});

test("bad input: a fetch that throws before it gives a promise", async ({ sdk }) => {
  let asked = 0;
  const throws = () => {
    asked++;
    throw new RangeError("at once");
  };
  const client = new sdk.ManagementClient({ domain: DOMAIN, token: "t", fetch: throws, maxRetries: 0 });
  for (let call = 1; call < 3; call++) {
    const error = await failsWell(sdk, client.jobs.get("1"), "network_error");
    equal([error.cause?.message, asked], ["at once", call], "what it threw, asked once a call");
  }
});

test("bad input: a fetch that answers with what is no Response", async ({ sdk, scripted }) => {
  for (const answer of [undefined, null, "text", 5, {}, { headers: {} }, [], { status: 200, headers: new Headers() }, { status: 200, headers: new Headers(), text: async () => 5 }]) {
    await failsWell(sdk, scripted(() => answer, { maxRetries: 0 }).client.jobs.get("1"), /^(network_error|invalid_response)$/);
  }
});

test("bad input: a body that is given twice", async ({ sdk, scripted }) => {
  const once = json({ a: 1 });
  const { client } = scripted(() => once, { maxRetries: 0 });
  equal(await client.jobs.get("1"), { a: 1 });
  const error = await failsWell(sdk, client.jobs.get("1"), /^(network_error|invalid_response)$/);
  ok(error.cause instanceof TypeError, "the cause");
  const broken = apiError(500, "x");
  const other = scripted(() => broken, { maxRetries: 0 }).client;
  await failsWell(sdk, other.jobs.get("1"), "api_error");
  await failsWell(sdk, other.jobs.get("1"), /^(api_error|network_error)$/);
});

test("bad input: a body that cannot be read", async ({ sdk, scripted }) => {
  for (const thrown of [new TypeError("terminated"), "text", undefined]) {
    const body = () => new ReadableStream({ pull(controller) { controller.error(thrown); } });
    // Browsers say in words of their own what broke.
    const error = await failsWell(sdk, scripted(() => new Response(body()), { maxRetries: 0 }).client.jobs.get("1"), "network_error");
    ok(thrown === undefined || error.cause !== undefined, "a cause");
    await failsWell(sdk, scripted(() => new Response(body(), { status: 404 }), { maxRetries: 0 }).client.jobs.get("1"), /^(api_error|network_error)$/);
  }
});

test("text: an answer is read as the platform reads it, in whatever pieces it comes", async ({ sdk, scripted }) => {
  const encode = (text) => [...new TextEncoder().encode(text)];
  const quoted = (bytes) => [0x22, ...bytes, 0x22];
  const bodies = {
    "letters of ASCII": quoted(encode("plain".repeat(1000))),
    umlauts: quoted(encode("äöü ß ÿ".repeat(500))),
    "beyond Latin-1": quoted(encode("Łódź 東京 Ω".repeat(300))),
    "beyond the first plane": quoted(encode("a😀b𝄞".repeat(200))),
    "a byte order mark": [0xef, 0xbb, 0xbf, ...quoted(encode("x"))],
    "a byte order mark, and more than ASCII": [0xef, 0xbb, 0xbf, ...quoted(encode("é"))],
    "a byte order mark inside": quoted([0xef, 0xbb, 0xbf]),
    "a byte that is none of UTF-8's": quoted([0x61, 0xff, 0x62]),
    "a sequence that ends too early": quoted([0xe2, 0x82]),
    "half a surrogate pair": quoted([0xed, 0xa0, 0x80]),
    "a letter written too long": quoted([0xc0, 0xaf]),
    "Latin-1": quoted([0xe4, 0xf6]),
    "a NUL, which JSON does not take": quoted([0]),
    nothing: [],
  };
  for (const [name, bytes] of Object.entries(bodies)) {
    const whole = Uint8Array.from(bytes);
    for (const size of [1, 7, 1000, Infinity]) {
      const start = (controller) => {
        for (let at = 0; at < whole.length; at += size) controller.enqueue(whole.slice(at, at + size));
        controller.close();
      };
      const answer = () => new Response(new ReadableStream({ start }), { headers: { "content-type": "application/json" } });
      const wanted = await answer().text();
      let data;
      try {
        data = wanted ? JSON.parse(wanted) : undefined;
      } catch {
        data = { refused: wanted };
      }
      const got = await scripted(answer).client.jobs.get("1").catch((error) => ({ refused: error.body }));
      equal(JSON.stringify(got), JSON.stringify(data), `${name}, in pieces of ${size}`);
    }
  }
});

test("text: an answer whose text() is somebody's own, or that was read before", async ({ sdk, scripted }) => {
  const own = () => Object.defineProperty(json({ a: 1 }), "text", { value: async () => '{"a":2}' });
  equal(await scripted(own).client.jobs.get("1"), { a: 2 }, "its own text");
  class Kind extends Response {
    async text() {
      return (await super.text()).replace("1", "3");
    }
  }
  equal(await scripted(() => new Kind('{"a":1}')).client.jobs.get("1"), { a: 3 }, "that of its class");
  const read = async () => {
    const response = json({ a: 1 });
    await response.text();
    return response;
  };
  await failsWell(sdk, scripted(read).client.jobs.get("1", { maxRetries: 0 }), "network_error");
  const held = () => {
    const response = json({ a: 1 });
    response.body.getReader();
    return response;
  };
  await failsWell(sdk, scripted(held).client.jobs.get("1", { maxRetries: 0 }), "network_error");
  const open = async () => {
    const response = json({ a: 1 });
    const reader = response.body.getReader();
    while (!(await reader.read()).done);
    reader.releaseLock();
    return response;
  };
  await failsWell(sdk, scripted(open).client.jobs.get("1", { maxRetries: 0 }), "network_error");
});

test("text: where there is no Response but that of the caller's fetch", async ({ scripted }) => {
  const [answer, own] = [json({ a: 1 }), globalThis.Response];
  try {
    globalThis.Response = undefined;
    equal(await scripted(() => answer).client.jobs.get("1"), { a: 1 });
  } finally {
    globalThis.Response = own;
  }
});

test("bad input: an answer in a broken charset", async ({ sdk, scripted }) => {
  const answer = (bytes, type = "application/json", status = 200) => () => new Response(new Uint8Array(bytes), { status, headers: { "content-type": type } });
  const text = [...new TextEncoder().encode('{"a":"')];
  const end = [...new TextEncoder().encode('"}')];
  equal(await scripted(answer([...text, 0xff, 0xfe, ...end])).client.jobs.get("1"), { a: "\ufffd\ufffd" }, "bytes that are no UTF-8");
  equal(await scripted(answer([0xef, 0xbb, 0xbf, ...text, ...end])).client.jobs.get("1"), { a: "" }, "a byte order mark");
  equal(await scripted(answer([...text, ...end], "application/json; charset=klingon")).client.jobs.get("1"), { a: "" }, "a charset that nobody knows");
  const utf16 = [0xff, 0xfe, ...[...'{"a":1}'].flatMap((char) => [char.charCodeAt(0), 0])];
  await failsWell(sdk, scripted(answer(utf16)).client.jobs.get("1"), "invalid_response");
  const error = await failsWell(sdk, scripted(answer([0xff, 0x80, ...text], "text/html", 404)).client.jobs.get("1"), "api_error");
  equal([error.statusCode, error.body], [404, '\ufffd\ufffd{"a":"']);
});

test("bad input: a proxy's page, with any status", async ({ sdk, scripted }) => {
  const html = '<!DOCTYPE html><html><body><h1>Sign in to the network</h1></body></html>';
  for (const [status, code] of [[200, "invalid_response"], [201, "invalid_response"], [403, "api_error"], [407, "api_error"], [502, "api_error"], [511, "api_error"]]) {
    const { client } = scripted(() => new Response(html, { status, headers: { "content-type": "text/html" } }), { maxRetries: 0 });
    const error = await failsWell(sdk, client.jobs.get("1"), code);
    equal([error.statusCode, error.body], [status, html]);
    ok(error.message.length < 400, "a short message");
  }
});

test("bad input: redirects", async ({ sdk, scripted }) => {
  for (const headers of [{ location: "https://evil.example.com/" }, {}, { location: "::::" }]) {
    const { client, calls } = scripted(() => new Response(null, { status: 302, headers }), { maxRetries: 0 });
    await failsWell(sdk, client.jobs.get("1"), /./);
    equal(calls.length, 1, "requests");
  }
  const { client, calls } = scripted(() => new Response(null, { status: 302, headers: { location: "/api/v2/jobs/1" } }), { maxRetries: 0 });
  await failsWell(sdk, client.jobs.get("1"), /./);
  ok(calls.length < 25, `an end of a circle, made ${calls.length}`);
});

test("bad input: Response.error()", async ({ sdk, scripted }) => {
  await failsWell(sdk, scripted(() => Response.error(), { maxRetries: 0 }).client.jobs.get("1"), /^(network_error|api_error)$/);
});

test("bad input: signals", async ({ sdk, scripted }) => {
  for (const reason of [new Error("changed"), "text", 0, null]) {
    const { client, calls } = scripted(() => json({}));
    const controller = new AbortController();
    controller.abort(reason);
    const error = await failsWell(sdk, client.jobs.get("1", { abortSignal: controller.signal }), "aborted");
    ok(error.cause === reason || reason === null, "the reason as the cause");
    equal(calls.length, 0, "requests");
  }
  await failsWell(sdk, scripted(never).client.jobs.get("1", { abortSignal: AbortSignal.timeout(20) }), "aborted");
  for (const abortSignal of ["signal", 5, {}, { aborted: true }, new AbortController()]) {
    await failsWell(sdk, scripted(() => json({})).client.jobs.get("1", { abortSignal }), "invalid_argument");
  }
});

test("bad input: ids", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(() => json({}));
  for (const id of [undefined, null, {}, [], true, Symbol("id"), 1n, () => {}, Number.NaN, "", ".", "..", "half \ud800"]) {
    await failsWell(sdk, client.jobs.get(id), "invalid_argument");
  }
  equal(calls.length, 0, "requests");
  await client.jobs.get(12);
  includes(calls[0].url, "/jobs/12");
});

test("bad input: bodies", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(() => json({}));
  const cyclic = { list: [] };
  cyclic.list.push({ cyclic });
  const cause = new Error("from inside");
  const bodies = [cyclic, { big: [1n] }, { toJSON() { throw cause; } }, { get name() { throw cause; } }, new Proxy({}, { ownKeys() { throw cause; } }), { toJSON: () => undefined }];
  for (const body of bodies) {
    const error = await fails(client.users.create(body), { code: "invalid_argument", operation: "users.create" });
    ok(error instanceof sdk.ManagementError, "a ManagementError");
    includes(error.message, "users.create");
    if (error.cause !== undefined) ok(error.cause === cause || error.cause instanceof TypeError, "the cause");
  }
  let deep = {};
  for (let level = 0; level < 100_000; level++) deep = { deep };
  // Some engines write JSON of any depth.
  const deepest = await client.users.create(deep).catch((error) => error.code);
  ok(deepest === "invalid_argument" || calls.pop()?.body.length > 100_000, `a refusal or a body, got ${show(deepest)}`);
  equal(calls.length, 0, "requests");
  await client.users.create(Object.assign(Object.create(null), { a: 1, b: undefined, c: () => {}, d: Symbol("d"), e: Number.NaN }));
  equal(calls[0].body, '{"a":1,"e":null}', "what JSON makes of it");
});

test("bad input: query parameters", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(() => json([]));
  const cyclic = {};
  cyclic.self = cyclic;
  const cause = new Error("from inside");
  for (const q of [cyclic, () => {}, Symbol("q"), new Date(Number.NaN), "half \udc00", { get a() { throw cause; } }]) {
    for (const call of [() => client.users.list({ q }), () => client.users.list({}, { queryParams: { q } })]) {
      const error = await fails(call(), { code: "invalid_argument", operation: "users.list" });
      ok(error instanceof sdk.ManagementError, "a ManagementError");
    }
  }
  for (const queryParams of [[], "a=b", 5, () => {}]) await fails(client.users.list({}, { queryParams }), { code: "invalid_argument" });
  equal(calls.length, 0, "requests");
  await client.users.list({ q: 10n });
  includes(calls[0].url, "q=10");
});

test("bad input: headers", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(() => json({}));
  const cause = new Error("vault is closed");
  const wrong = ["a: b", 5, { a: 5 }, { a: {} }, { a: () => 5 }, { "": "x" }, { "a b": "x" }, { a: "\u0000" }, { a: "x\r\ny" }, { a: "\u20ac" }, [["a"], 5], { a: () => { throw cause; } }];
  for (const headers of wrong) {
    const error = await failsWell(sdk, client.jobs.get("1", { headers }), "invalid_argument");
    if (error.cause !== undefined && String(headers.a).includes("throw")) ok(error.cause === cause, "the cause");
  }
  equal(calls.length, 0, "requests");
  for (const headers of ["a: b", { a: 5 }]) await fails((async () => new sdk.ManagementClient({ domain: DOMAIN, token: "t", headers }).jobs.get("1"))(), { code: "invalid_config" });
});

test("bad input: numbers", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(() => json({}));
  const wrong = [{ maxRetries: "3" }, { maxRetries: 1.5 }, { maxRetries: -1 }, { maxRetries: Number.POSITIVE_INFINITY }, { maxRetries: Number.NaN }];
  for (const name of ["timeoutInSeconds", "deadlineInSeconds"]) for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "5", {}, true]) wrong.push({ [name]: value });
  for (const options of wrong) {
    await failsWell(sdk, client.jobs.get("1", options), "invalid_argument");
    await fails((async () => new sdk.ManagementClient({ domain: DOMAIN, token: "t", ...options }).jobs.get("1"))(), { code: "invalid_config" });
  }
  equal(calls.length, 0, "requests");
});

test("bad input: domains", async ({ sdk }) => {
  const { fetch, calls } = scripted(() => json({}));
  for (const domain of [5, {}, [], true, " ", "a b", "user:pass@tenant.example.com", "tenant.example.com/x", "tenant.example.com?x", "tenant.example.com#x", "ftp://tenant.example.com", "http://tenant.example.com", "https://", "javascript:alert(1)", "a\nb"]) {
    const error = await fails((async () => new sdk.ManagementClient({ domain, token: "t", fetch }).jobs.get("1"))(), { code: "invalid_config" });
    ok(error instanceof sdk.ManagementError, "a ManagementError");
    ok(!error.message.includes("pass@"), "no password in the message");
  }
  equal(calls.length, 0, "requests");
  for (const domain of ["tenant.example.com", "https://tenant.example.com", "https://tenant.example.com/"]) {
    await new sdk.ManagementClient({ domain, token: "t", fetch }).jobs.get("1");
    equal(calls.at(-1).url, `${API}/jobs/1`);
  }
});

test("bad input: tokens", async ({ sdk, scripted }) => {
  for (const thrown of ["text", undefined, null, { strange: true }]) {
    for (const token of [() => { throw thrown; }, () => Promise.reject(thrown)]) await failsWell(sdk, scripted(() => json({}), { token }).client.jobs.get("1"), "auth_error");
  }
  for (const token of [() => undefined, () => null, () => 5, () => ({}), () => "", () => "line\nbreak"]) {
    const { client, calls } = scripted(() => json({}), { token });
    await failsWell(sdk, client.jobs.get("1"), /^(auth_error|invalid_config|invalid_argument)$/);
    equal(calls.length, 0, "requests");
  }
  for (const token of [5, {}, true, "line\nbreak"]) await fails((async () => scripted(() => json({}), { token }).client.jobs.get("1"))(), { code: /^(invalid_config|auth_error|invalid_argument)$/ });
});

test("bad input: answers of the token endpoint", async ({ sdk }) => {
  const answers = [() => json({}), () => json([]), () => json(null), () => json("token"), () => json({ access_token: "" }), () => new Response("<html></html>"), () => new Response(null, { status: 204 }), () => new Response("", { status: 500 }), () => { throw "text"; }];
  for (const answer of answers) {
    const { fetch } = scripted(answer);
    const auth0 = new sdk.ManagementClient({ domain: DOMAIN, clientId: "id", clientSecret: "very-secret", fetch, maxRetries: 0 });
    const error = await fails(auth0.jobs.get("1"), { code: /^(auth_error|invalid_response|api_error|network_error)$/ });
    ok(error instanceof sdk.ManagementError && !show(error.message).includes("very-secret"), "a ManagementError without the secret");
  }
});

test("bad input: files", async ({ sdk, scripted }) => {
  const { client, calls } = scripted(() => json({}));
  const cause = new Error("disk is gone");
  async function* broken() {
    yield new Uint8Array(1);
    throw cause;
  }
  async function* strange() {
    yield { not: "bytes" };
  }
  const locked = new Blob(["x"]).stream();
  locked.getReader();
  for (const users of [broken(), new ReadableStream({ pull(controller) { controller.error(cause); } }), strange(), locked, { data: "text" }, { data: null }, { path: "users.json" }, 5, true]) {
    const error = await fails(client.jobs.usersImports.create({ users, connection_id: "c" }), { code: "invalid_argument", operation: "jobs.usersImports.create" });
    ok(error instanceof sdk.ManagementError, "a ManagementError");
    includes(error.message, "users", "message");
  }
  equal(calls.length, 0, "requests");
});

test("bad input: an answer that would change prototypes", async ({ scripted }) => {
  const { client } = scripted(() => new Response('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'));
  const data = await client.jobs.get("1");
  equal({}.polluted, undefined);
  ok(Object.hasOwn(data, "__proto__"), "data as it came");
  const error = await fails(scripted(() => new Response('{"__proto__":{"statusCode":1},"message":"m"}', { status: 404 })).client.jobs.get("1"), { statusCode: 404 });
  equal({}.statusCode, undefined);
  ok(error.message.includes("m"), "a message");
});

test("bad input: values that options must not have", async ({ sdk }) => {
  const wrong = [{ clientId: 5, clientSecret: "s" }, { clientId: "i", clientSecret: {} }, { token: "t", audience: 5 }, { token: "t", baseUrl: 5 }, { token: "t", baseUrl: "not a url" }, { token: "t", baseUrl: "ftp://x" }, { token: "t", withCustomDomainHeader: 5 }, { token: "t", fetch: {} }, { token: "t", clientInfo: "me" }, { clientId: "half \ud800", clientSecret: "s" }];
  for (const options of wrong) {
    const { fetch } = scripted(() => json({}));
    const error = await fails((async () => new sdk.ManagementClient({ domain: DOMAIN, fetch, ...options }).jobs.get("1"))(), { code: "invalid_config" }).catch((error) => {
      throw new Error(`${show(options)}: ${error.message}`);
    });
    ok(error instanceof sdk.ManagementError, "a ManagementError");
  }
});

test("bad input: a fetch whose answer comes after the time is over", async ({ sdk, scripted }) => {
  let cancelled = 0;
  const late = async () => {
    await sleep(60);
    return new Response(new ReadableStream({ cancel() { cancelled++; } }));
  };
  const { client } = scripted(late, { timeoutInSeconds: 0.02, maxRetries: 0 });
  await failsWell(sdk, client.jobs.get("1"), "timeout");
  await sleep(80);
});

// --- helpers ---

test("helpers: the names of the auth0 package", async ({ sdk }) => {
  const names = ["CustomDomainHeader", "HttpResponseHeadersUtils", "Management", "ManagementClient", "ManagementEnvironment", "ManagementError", "ManagementTimeoutError", "RequiredError", "TimeoutError", "TokenProvider", "createManagementAuth", "logging", "withAbortSignal", "withHeaders", "withRetries", "withTimeout"];
  equal(names.filter((name) => sdk[name] === undefined), [], "names that are missing");
  includes(sdk.ManagementEnvironment.Default, "/api/v2");
  const required = new sdk.RequiredError("id", "the id is missing");
  equal([required.name, required.field, required.message, required instanceof Error], ["RequiredError", "id", "the id is missing", true]);
  equal([new sdk.TimeoutError().name, new sdk.TimeoutError() instanceof Error], ["TimeoutError", true]);
});

test("helpers: quota headers", async ({ sdk }) => {
  const { HttpResponseHeadersUtils: utils } = sdk;
  const headers = new Headers({ "Auth0-Client-Quota-Limit": "b=per_hour;q=10;r=5;t=300,b=per_day;q=100;r=50;t=3000" });
  equal(utils.getClientQuotaLimit(headers), { perHour: { quota: 10, remaining: 5, resetAfter: 300 }, perDay: { quota: 100, remaining: 50, resetAfter: 3000 } });
  equal(utils.getOrganizationQuotaLimit(headers), null, "an absent one");
  equal(utils.getOrganizationQuotaLimit({ "auth0-organization-quota-limit": " b=per_day ; q=7 ; nonsense" }), { perDay: { quota: 7, remaining: 0, resetAfter: 0 } });
  equal(utils.getClientQuotaLimit({}), null);
});

// --- tokens without a client ---

const tokenScript = (expiresIn = 86400) => scripted((url, _init, index) => (url.endsWith("/oauth/token") ? json({ access_token: `t${index}`, token_type: "Bearer", expires_in: expiresIn }) : json([])));

test("auth: a TokenProvider gives one token for many calls", async ({ sdk }) => {
  const { fetch, calls } = tokenScript();
  const provider = new sdk.TokenProvider({ domain: DOMAIN, clientId: "id", clientSecret: "secret", audience: "https://api.example.com", fetch });
  equal(await Promise.all(Array.from({ length: 5 }, () => provider.getAccessToken())), Array(5).fill("t0"));
  equal(await provider.getAccessToken(), "t0");
  equal(calls.length, 1, "requests");
  includes(calls[0].body, "audience=https%3A%2F%2Fapi.example.com");
  ok(!show(provider).includes("secret"), "no secret in it");
});

test("auth: a TokenProvider asks again when the token has expired", async ({ sdk }) => {
  const { fetch, calls } = tokenScript(1);
  const provider = new sdk.TokenProvider({ domain: DOMAIN, clientId: "id", clientSecret: "secret", fetch });
  equal([await provider.getAccessToken(), await provider.getAccessToken()], ["t0", "t1"]);
  equal(calls.length, 2, "requests");
});

test("auth: a TokenProvider that is refused", async ({ sdk, client, sandbox }) => {
  const provider = new sdk.TokenProvider({ domain: sandbox.url, clientId: sandbox.clientId, clientSecret: "wrong", audience: sandbox.audience });
  const error = await fails(provider.getAccessToken(), { statusCode: 401, code: "access_denied" });
  ok(error instanceof sdk.ManagementError && !show(error.message).includes("wrong"), "a ManagementError without the secret");
  const good = new sdk.TokenProvider({ domain: sandbox.url, clientId: sandbox.clientId, clientSecret: sandbox.clientSecret, audience: sandbox.audience });
  ok((await client({ token: await good.getAccessToken(), clientId: undefined, clientSecret: undefined }).users.list()).data, "a token that is good");
  await fails(new sdk.TokenProvider({ domain: DOMAIN, clientId: "id", clientSecret: "s", fetch: never, timeoutInSeconds: 0.05, maxRetries: 0 }).getAccessToken(), { code: "timeout" });
});

test("auth: clients of single groups share a token", async ({ sdk }) => {
  const { fetch, calls } = tokenScript();
  const auth = sdk.createManagementAuth({ domain: DOMAIN, clientId: "id", clientSecret: "secret", fetch, withCustomDomainHeader: "login.example.com", headers: { "x-a": "1" } });
  equal(auth.baseUrl, API);
  const { users, roles } = new sdk.ManagementClient({ domain: DOMAIN, token: "unused" });
  const [Users, Roles] = [users.constructor, roles.constructor];
  const [one, two] = [new Users(auth.clientOptions), new Roles({ ...auth.clientOptions, maxRetries: 0, headers: { "x-a": "2" } })];
  await Promise.all([one.list(), two.list(), auth.getToken()]);
  await one.create({});
  equal(calls.filter((call) => call.url.endsWith("/oauth/token")).length, 1, "token requests");
  const sent = calls.filter((call) => !call.url.endsWith("/oauth/token"));
  equal(sent.map((call) => call.headers.authorization), Array(3).fill("Bearer t0"));
  equal(sent.map((call) => [new URL(call.url).pathname, call.headers["x-a"], call.headers["auth0-custom-domain"] ?? "none"]).sort(), [["/api/v2/roles", "2", "none"], ["/api/v2/users", "1", "login.example.com"], ["/api/v2/users", "1", "none"]]);
  const printed = `${show(auth)} ${Object.values(auth.clientOptions).map(String)}`;
  ok(!printed.includes("secret"), "no secret in the options");
});

test("auth: the entry point of a group", async ({ sdk, users }) => {
  if (!users) return;
  const { fetch, calls } = tokenScript();
  const auth = sdk.createManagementAuth({ domain: DOMAIN, clientId: "id", clientSecret: "secret", fetch });
  const [group, nested] = [new users.UsersClient(auth.clientOptions), new users.roles.RolesClient(auth.clientOptions)];
  await Promise.all([group.list(), nested.list("auth0|1"), group.roles.list("auth0|2")]);
  equal(calls.map((call) => new URL(call.url).pathname).sort(), ["/api/v2/users", "/api/v2/users/auth0%7C1/roles", "/api/v2/users/auth0%7C2/roles", "/oauth/token"]);
  ok(new sdk.ManagementClient({ domain: DOMAIN, token: "t" }).users instanceof users.UsersClient, "the class that a client has");
  equal(users.UsersClient.name, "UsersClient");
});

test("auth: a token that is refused is replaced for all of them", async ({ sdk, sandbox, revokeTokens, tokenRequests }) => {
  const auth = sdk.createManagementAuth({ domain: sandbox.url, clientId: sandbox.clientId, clientSecret: sandbox.clientSecret, audience: sandbox.audience });
  const Users = new sdk.ManagementClient({ domain: DOMAIN, token: "unused" }).users.constructor;
  await new Users(auth.clientOptions).list();
  await revokeTokens();
  await new Users(auth.clientOptions).list();
  equal(await tokenRequests(), 2, "token requests");
});

test("auth: fixed tokens and callbacks", async ({ sdk }) => {
  const auth = (token) => sdk.createManagementAuth({ domain: DOMAIN, token });
  equal(await Promise.all([auth("a"), auth(() => "b"), auth(Promise.resolve("c"))].map(({ getToken }) => getToken())), ["a", "b", "c"]);
  const cause = new Error("closed");
  const error = await fails(auth(() => { throw cause; }).getToken(), { code: "auth_error" });
  ok(error.cause === cause, "the cause");
  try {
    sdk.createManagementAuth({});
    throw new Error("accepted nothing");
  } catch (error) {
    equal(error.code, "invalid_config");
  }
});

// --- logging ---

const logBook = () => {
  const lines = [];
  const logger = Object.fromEntries(["debug", "info", "warn", "error"].map((level) => [level, (...values) => lines.push([level, ...values])]));
  return { lines, logger };
};

test("logging: requests and answers, without secrets", async ({ sdk, scripted }) => {
  const { lines, logger } = logBook();
  const { client } = scripted([() => apiError(503, "later", undefined, { "retry-after-ms": "1", "set-cookie": "sid" }), () => json({ id: "body-of-the-answer" })], { logging: { level: "debug", logger, silent: false }, headers: { "X-Api-Key": "key-secret", "x-plain": "seen" } });
  await client.users.create({ password: "body-secret" }, { queryParams: { access_token: "query-secret", "api%key": "odd", q: "seen" } });
  equal(lines.map(([level, message]) => [level, message]), [["debug", "Making HTTP request"], ["error", "HTTP request failed with error status"], ["debug", "Making HTTP request"], ["debug", "HTTP request succeeded"]]);
  const text = JSON.stringify(lines);
  for (const secret of ["key-secret", "body-secret", "query-secret", "fixed-token", "body-of-the-answer"]) ok(!text.includes(secret), `no ${secret} in ${text}`);
  equal([lines[0][2].method, lines[0][2].hasBody, lines[0][2].headers["x-plain"], lines[1][2].statusCode], ["POST", true, "seen", 503]);
  includes(lines[0][2].url, "/api/v2/users?access_token=[REDACTED]");
  includes(lines[0][2].url, "q=seen");
  equal(sdk.logging.LogLevel, { Debug: "debug", Info: "info", Warn: "warn", Error: "error" });
});

test("logging: the level, silence and broken loggers", async ({ scripted }) => {
  const { lines, logger } = logBook();
  const call = (config) => scripted([() => json({}), () => apiError(404, "no")], { logging: config });
  const twice = async ({ client }) => {
    await client.jobs.get("1");
    await fails(client.jobs.get("2"), { statusCode: 404 });
  };
  await twice(call({ logger, silent: false }));
  equal(lines.map(([level]) => level), ["error"], "the level is info when not given");
  await twice(call({ logger, level: "debug" }));
  equal(lines.length, 1, "silent when not said otherwise");
  await twice(call({ level: "debug", silent: false, logger: { debug() { throw new Error("disk full"); } } }));
});

test("logging: failures without an answer, and the console", async ({ sdk, scripted }) => {
  const { lines, logger } = logBook();
  const options = { logging: { logger, silent: false }, maxRetries: 0 };
  await fails(scripted(() => { throw new TypeError("no route"); }, options).client.jobs.get("1"), { code: "network_error" });
  await fails(scripted(never, { ...options, timeoutInSeconds: 0.02 }).client.jobs.get("1"), { code: "timeout" });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 10);
  await fails(scripted(never, options).client.jobs.get("1", { abortSignal: controller.signal }), { code: "aborted" });
  equal(lines.map(([, message]) => message), ["HTTP request failed with error", "HTTP request timed out", "HTTP request was aborted"]);
  const real = console.warn;
  const seen = [];
  console.warn = (...values) => seen.push(values);
  try {
    new sdk.logging.ConsoleLogger().warn("to the console", 1);
  } finally {
    console.warn = real;
  }
  equal(seen, [["to the console", 1]]);
});

test("logging: options that are none", async ({ sdk }) => {
  for (const logging of ["debug", { level: "loud", silent: false }, { level: 3 }]) {
    await fails((async () => new sdk.ManagementClient({ domain: DOMAIN, token: "t", logging }).jobs.get("1"))(), { code: "invalid_config", message: /logging/ });
  }
});

// --- running ---

const LIMIT = 30_000;

// The timers that are running, by what was asked for. A timer that outlives its call keeps a process from ending.
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;
const timers = new Map();
const watchTimers = () => {
  globalThis.setTimeout = (fire, milliseconds, ...values) => {
    const timer = startTimer(() => {
      timers.delete(timer);
      fire(...values);
    }, milliseconds);
    timers.set(timer, milliseconds);
    return timer;
  };
  globalThis.clearTimeout = (timer) => {
    timers.delete(timer);
    stopTimer(timer);
  };
};

export const names = cases.map(({ name }) => name);

authCases({ test, ok, equal, includes, fails, json, scripted });
sharedCases({ test, ok, equal, includes }, caseFiles);
keysCases({ test, ok, equal, includes, fails });
keysEdges({ test, ok, equal, includes });
oidcCases({ test, ok, equal, includes, fails });

export const run = async (environment, report = () => {}) => {
  const unhandled = [];
  const note = (event) => {
    unhandled.push(event?.reason ?? event);
    event?.preventDefault?.();
  };
  globalThis.addEventListener?.("unhandledrejection", note);
  globalThis.process?.on?.("unhandledRejection", note);
  const context = makeContext({ ...environment, unhandled });
  watchTimers();
  const results = [];
  for (const { name, body, alone } of cases) {
    if (environment.only && ![environment.only].flat().some((part) => name.includes(part))) continue;
    const started = Date.now();
    unhandled.length = 0;
    let timer;
    const late = new Promise((_, reject) => {
      timer = startTimer(() => reject(new Error(`took more than ${LIMIT / 1000} s`)), LIMIT);
    });
    let error;
    try {
      if (environment.sandbox && !alone) await context.reset();
      await Promise.race([body(context), late]);
      const left = [...timers.values()].filter((milliseconds) => milliseconds >= 30_000);
      timers.clear();
      equal(left, [], "timers that are still running");
    } catch (thrown) {
      error = String(thrown?.stack ?? thrown).includes(thrown?.message) ? String(thrown.stack) : `${thrown?.message ?? thrown}\n${thrown?.stack ?? ""}`;
    } finally {
      stopTimer(timer);
    }
    const result = { name, ok: error === undefined, error, milliseconds: Date.now() - started };
    results.push(result);
    report(result);
  }
  globalThis.removeEventListener?.("unhandledrejection", note);
  globalThis.process?.off?.("unhandledRejection", note);
  return results;
};
