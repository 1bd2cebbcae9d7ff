// The packed tarball of `auth0-sandbox`, as somebody would install it, with the packed `auth0-sdk` as its first client:
// `node sandbox/npm/test.mjs`, after `cargo xtask npm` and `cargo xtask npm sandbox`.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const project = join(root, "target/sandbox-npm");
rmSync(project, { recursive: true, force: true });
mkdirSync(project, { recursive: true });
writeFileSync(join(project, "package.json"), '{ "name": "uses-auth0-sandbox", "private": true, "type": "module" }\n');
const tarballs = ["auth0-sdk", "auth0-sandbox"].map((name) => join(root, `target/npm/${name}.tgz`));
execFileSync("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", ...tarballs], { cwd: project, stdio: ["ignore", "ignore", "inherit"] });

const { resolve } = createRequire(join(project, "package.json"));
const load = (name) => import(pathToFileURL(join(project, "node_modules", name)).href);
const { createSandbox, startSandbox } = await load("auth0-sandbox/node.js");
const page = await load("auth0-sandbox/index.js");
const { ManagementClient, AuthenticationClient } = await load("auth0-sdk/index.js");
assert.ok(resolve("auth0-sandbox/auth0_sandbox.wasm"));
const bin = join(project, "node_modules/.bin/auth0-sandbox");

const managed = ({ domain, clientId, clientSecret, fetch }) => new ManagementClient({ domain, clientId, clientSecret, fetch });

test("a tenant without a port keeps state", async () => {
  const sandbox = await createSandbox({ users: 120 });
  assert.equal(sandbox.domain, "sandbox.test");
  const auth0 = managed(sandbox);
  const ids = [];
  for await (const { user_id: id } of await auth0.users.list({ per_page: 50 })) ids.push(id);
  assert.equal(ids.length, 120);
  const made = await auth0.users.create({ connection: "Username-Password-Authentication", email: "jo@example.com", password: "Secret-12", user_metadata: { a: 1 } });
  await auth0.users.update(made.user_id, { user_metadata: { a: null, b: 2 } });
  assert.deepEqual((await auth0.users.get(made.user_id)).user_metadata, { b: 2 });
  await assert.rejects(auth0.users.create({ connection: "Username-Password-Authentication", email: "jo@example.com", password: "Secret-12" }), ({ statusCode }) => statusCode === 409);
  await sandbox.snapshot("one");
  await auth0.users.delete(made.user_id);
  await assert.rejects(auth0.users.get(made.user_id), ({ statusCode }) => statusCode === 404);
  await sandbox.restore("one");
  assert.equal((await auth0.users.get(made.user_id)).email, "jo@example.com");
  const asked = await sandbox.requests({ operation: "users.update" });
  assert.deepEqual(asked.map(({ status, body }) => [status, body]), [[200, { user_metadata: { a: null, b: 2 } }]]);
  // Two tenants are two.
  const other = await createSandbox();
  await assert.rejects(managed(other).users.get(made.user_id), ({ statusCode }) => statusCode === 404);
  await other.close();
  await sandbox.close();
  await assert.rejects(sandbox.fetch("/"), /closed/);
});

test("what is wrong is said", async () => {
  await assert.rejects(createSandbox({ user: 1 }), /no option user/);
  await assert.rejects(createSandbox({ users: -1 }), /users|invalid value/);
  await assert.rejects(createSandbox({ origin: "nowhere" }), /origin/);
  await assert.rejects(createSandbox({ tokenLifetime: 0 }), /lifetime/);
  await assert.rejects(createSandbox({ rateLimit: { requests: 0, seconds: 1 } }), /rate limit/);
  await assert.rejects(createSandbox({ seed: "users:\n  - email: a@example.com\n    roles: [nobody]\n", seedName: "my.yaml" }), /my\.yaml:2: .*nobody/);
  await assert.rejects(startSandbox({ host: "0.0.0.0" }), /loopback/);
  await assert.rejects(page.startSandbox(), /createSandbox/);
  const sandbox = await createSandbox();
  await assert.rejects(sandbox.fault({ status: 99 }), /99/);
  await assert.rejects(sandbox.fetch("https://elsewhere.example/"), ({ cause }) => /elsewhere/.test(cause.message));
  await sandbox.close();
});

test("faults happen without a port", async () => {
  const sandbox = await createSandbox();
  await sandbox.fault({ status: 503, times: 2, match: { path: "/api/v2/roles" } });
  assert.ok((await managed(sandbox).roles.list()).data.length);
  assert.deepEqual((await sandbox.requests({ path: "/api/v2/roles" })).map(({ status }) => status), [503, 503, 200]);
  await sandbox.fault({ reset: true });
  await assert.rejects(sandbox.fetch("/"), ({ cause }) => cause.code === "ECONNRESET");
  await sandbox.fault({ truncate: 5 });
  await assert.rejects(sandbox.fetch("/").then((response) => response.text()), ({ cause }) => cause.code === "ECONNRESET");
  await sandbox.fault({ body_delay_ms: 20 });
  assert.equal((await (await sandbox.fetch("/")).json()).name, "auth0-sandbox");
  await sandbox.fault({ delay_ms: 60_000 });
  await assert.rejects(sandbox.fetch("/", { signal: AbortSignal.timeout(10) }), { name: "TimeoutError" });
  await sandbox.close();
});

test("somebody logs in, and the tokens are real", async () => {
  const sandbox = await createSandbox({ seed: { users: [{ email: "ann@example.com", password: "Secret-12" }] } });
  const visitor = sandbox.visitor();
  const callback = "http://localhost:3000/callback";
  const query = new URLSearchParams({ client_id: sandbox.webClientId, response_type: "code", redirect_uri: callback, scope: "openid email", state: "s" });
  let shown = await visitor.open(`/authorize?${query}`);
  // Fills the form of a page, as a person would.
  const submit = (fields) => {
    const form = /<form[^>]*>/.exec(shown.html)[0];
    const hidden = [...shown.html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, value.replaceAll("&amp;", "&")]);
    const action = /action="([^"]*)"/.exec(form)?.[1]?.replaceAll("&amp;", "&");
    return visitor.open(new URL(action ?? shown.url, shown.url), { method: "POST", body: Object.fromEntries([...hidden, ...Object.entries(fields)]) });
  };
  for (let step = 0; step < 4 && !shown.left; step++) {
    assert.equal(shown.status, 200, shown.html);
    shown = await submit({ username: "ann@example.com", password: "Secret-12", action: "default" });
  }
  assert.ok(shown.left && shown.url.startsWith(callback), JSON.stringify(shown));
  const code = new URL(shown.url).searchParams.get("code");
  const auth0 = new AuthenticationClient({ domain: sandbox.domain, clientId: sandbox.webClientId, clientSecret: sandbox.webClientSecret, fetch: sandbox.fetch });
  const { data } = await auth0.oauth.authorizationCodeGrant({ code, redirect_uri: callback });
  const [header, claims] = data.id_token.split(".").map((part) => Buffer.from(part, "base64url"));
  assert.equal(JSON.parse(claims).email, "ann@example.com");
  // Checked by the platform, against the published key; a key that is rotated in stands beside it.
  const check = async (token) => {
    const [first, second, third] = token.split(".");
    const { kid } = JSON.parse(Buffer.from(first, "base64url"));
    const { keys } = await (await sandbox.fetch("/.well-known/jwks.json")).json();
    const jwk = keys.find((key) => key.kid === kid);
    const key = await crypto.subtle.importKey("jwk", jwk, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["verify"]);
    return [kid, keys.length, await crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, Buffer.from(third, "base64url"), Buffer.from(`${first}.${second}`))];
  };
  const { kid } = JSON.parse(header);
  assert.deepEqual(await check(data.id_token), [kid, 1, true]);
  await sandbox.rotateKeys();
  assert.deepEqual(await check(data.id_token), [kid, 2, true]);
  await sandbox.close();
});

test("a tenant listens", async () => {
  const sandbox = await startSandbox({ users: 3 });
  const auth0 = new ManagementClient({ domain: sandbox.origin, clientId: sandbox.clientId, clientSecret: sandbox.clientSecret });
  assert.equal((await auth0.users.list()).data.length, 3);
  // The same tenant, without the way through the socket.
  assert.equal((await managed({ ...sandbox, domain: sandbox.origin }).users.list()).data.length, 3);
  await assert.rejects(startSandbox({ port: sandbox.port }), ({ message, code }) => code === "EADDRINUSE" && message.includes(String(sandbox.port)));
  await sandbox.fault({ reset: true });
  await assert.rejects(fetch(sandbox.origin));
  await sandbox.fault({ truncate: 5 });
  await assert.rejects(fetch(sandbox.origin).then((response) => response.text()));
  await sandbox.fault({ body_delay_ms: 20, headers: { "x-slow": "1" } });
  const slow = await fetch(sandbox.origin);
  assert.equal(slow.headers.get("x-slow"), "1");
  assert.ok(await slow.json());
  const created = await fetch(`${sandbox.baseUrl}/jobs/users-imports`, { method: "POST" });
  assert.equal(created.status, 401);
  await sandbox.close();
  await assert.rejects(fetch(sandbox.origin));
  // The port is free again.
  await (await startSandbox({ port: sandbox.port })).close();
});

const command = async (...parameters) => {
  const child = spawn(process.execPath, [bin, ...parameters], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise((done, reject) => {
    createInterface({ input: child.stdout }).once("line", done);
    child.once("exit", (code) => reject(new Error(`it ended with ${code}`)));
  });
  const stop = () =>
    new Promise((done) => {
      child.removeAllListeners("exit");
      child.once("exit", done);
      child.kill("SIGTERM");
    });
  return { line, stop };
};

test("the command listens, and ends when it is told to", async () => {
  const { line, stop } = await command("--port", "0", "--seed", "demo", "--json");
  const { base_url: url, client_id: clientId, client_secret: clientSecret, origin } = JSON.parse(line);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/api\/v2$/);
  const auth0 = new ManagementClient({ domain: origin, clientId, clientSecret });
  assert.equal((await auth0.users.list({ include_totals: true, per_page: 1 })).response.total, 2500);
  assert.equal(await stop(), 0);
});

test("the command says what is wrong", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => blocker.once("listening", done));
  const seed = join(project, "bad.yaml");
  writeFileSync(seed, "roles:\n  - name: a\n\n  - name: [1]\n");
  for (const [parameters, status, word] of [
    [["--prot", "1"], 2, "--prot"],
    [["--port", "70000"], 2, "--port 70000"],
    [["--rate-limit", "10"], 2, "10/1"],
    [["--data", "x"], 2, "native"],
    [["--host", "0.0.0.0"], 1, "loopback"],
    [["--port", String(blocker.address().port)], 1, "in use"],
    [["--port", "0", "--seed", "/no/such.yaml"], 1, "/no/such.yaml"],
    [["--port", "0", "--seed", seed], 1, "bad.yaml:4"],
  ]) {
    const { status: ended, stderr } = spawnSync(process.execPath, [bin, ...parameters], { encoding: "utf8", timeout: 20_000 });
    assert.equal(ended, status, `${parameters}: ${stderr}`);
    assert.ok(stderr.includes(word), `${parameters}: ${stderr}`);
  }
  blocker.close();
});

test("the declarations compile, and say what is there", async () => {
  const file = join(project, "use.ts");
  writeFileSync(
    file,
    `import { createSandbox, startSandbox, type Entry } from "auth0-sandbox";
const sandbox = await startSandbox({ port: 0, users: 1, seed: { users: [] }, rateLimit: { requests: 10, seconds: 1 } });
const entries: Entry[] = await sandbox.requests({ operation: "users.list" });
await sandbox.fault({ status: 503, match: { method: "GET" } });
const port: number = sandbox.port;
const fetcher: typeof fetch = (await createSandbox({ seed: "demo" })).fetch;
// @ts-expect-error there is no such option
await createSandbox({ user: 1 });
export { entries, port, fetcher };
`,
  );
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom", "--typeRoots", join(root, "node_modules/@types"), "--types", "node", file], { encoding: "utf8", cwd: project });
  assert.equal(status, 0, stdout);
  // No member is there that is not declared, nor the other way round.
  const text = readFileSync(join(project, "node_modules/auth0-sandbox/index.d.ts"), "utf8");
  const body = /export interface Sandbox \{([\s\S]*?)\n\}/.exec(text)[1];
  const declared = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, name]) => name);
  const sandbox = await createSandbox();
  assert.deepEqual(Object.keys(sandbox).sort(), declared.sort());
  await sandbox.close();
});
