// Drives auth0-sdk/browser as a person would, in a real browser: against the login pages of the sandbox, which is another origin,
// and against oidc-provider, which has real crypto and real refusals.
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… CHROMIUM=/usr/bin/chromium node tests/js/login.mjs
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer, request as forward } from "node:http";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = resolve(here, "../..");
const sdk = join(root, "target/npm/package");
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html", ".map": "application/json" };
const { FIREFOX = "/usr/bin/firefox-esr", SANDBOX_URL, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_AUDIENCE = `${SANDBOX_URL}/api/v2/`, CHROMIUM = "/usr/bin/chromium" } = process.env;
if (!SANDBOX_URL) throw new Error("SANDBOX_URL is not set: `cargo xtask test login` starts the sandbox");

const equal = (found, wanted, what) => {
  const [a, b] = [found, wanted].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${what}: got ${a}, expected ${b}`);
};
const ok = (value, what) => {
  if (!value) throw new Error(what);
};

// The page's server. What is no file of it goes to `upstream`, where there is one: the provider takes no request of another origin.
const serve = async () => {
  const state = { config: {}, upstream: undefined };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://x");
    const send = (type, body) => response.writeHead(200, { "content-type": type }).end(body);
    if (pathname === "/" || pathname === "/callback") {
      const html = readFileSync(join(here, "login/page.html"), "utf8");
      return send("text/html", html.replace("<script", '<script type="importmap">{"imports":{"auth0-sdk/browser":"/sdk/browser.js"}}</script><script'));
    }
    if (pathname === "/config.json") return send("application/json", JSON.stringify(state.config));
    const file = join(sdk, pathname.slice(5));
    if (pathname.startsWith("/sdk/") && existsSync(file)) return send(TYPES[extname(file)] ?? "text/plain", readFileSync(file));
    if (!state.upstream) return response.writeHead(404).end();
    const { hostname, port } = new URL(state.upstream);
    // To the provider the page is one of its own, which a browser would not say `Origin` of.
    const { origin, ...headers } = request.headers;
    const onward = forward({ hostname, port, path: request.url, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { origin: `http://127.0.0.1:${server.address().port}`, state, close: () => server.close() };
};

const management = async () => {
  const form = new URLSearchParams({ grant_type: "client_credentials", client_id: SANDBOX_CLIENT_ID, client_secret: SANDBOX_CLIENT_SECRET, audience: SANDBOX_AUDIENCE });
  const { access_token } = await (await fetch(`${SANDBOX_URL}/oauth/token`, { method: "POST", body: form })).json();
  return async (method, path, body) => {
    const headers = { authorization: `Bearer ${access_token}`, "content-type": "application/json" };
    const answer = await fetch(`${SANDBOX_URL}/api/v2/${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
};

const tests = [];
const test = (name, run) => tests.push([name, run]);

// --- the sandbox ---

const PASSWORD = "Correct-horse-7-battery";
const EMAIL = "ada@example.com";
const API = "https://things.example.com/";

const login = async (page, { email = EMAIL, password = PASSWORD } = {}) => {
  await page.fill("input[name=username]", email);
  await page.fill("input[name=password]", password);
  await page.click("button[value=default]");
  // Consent, where it is asked for.
  const accept = page.locator("button[value=accept]");
  await Promise.race([accept.waitFor({ timeout: 30_000 }).then(() => accept.click()), page.waitForURL(/callback|title=/, { timeout: 30_000 }), page.waitForEvent("close", { timeout: 30_000 })]).catch(() => {});
};

const ready = (page) => page.waitForFunction(() => document.title === "ready", undefined, { timeout: 60_000 });

const redirectLogin = async (page, origin, fill = login, params = {}) => {
  await page.goto(origin);
  await ready(page);
  await page.evaluate((authorizationParams) => void auth.loginWithRedirect({ authorizationParams, appState: { back: "/here" } }), params);
  await page.waitForURL((url) => !String(url).startsWith(`${origin}/?`) && String(url) !== `${origin}/`);
  if (fill) await fill(page);
  await page.waitForURL(/\/callback/);
  await ready(page);
  return page.evaluate(() => result);
};

const token = (page, options) => page.evaluate((options) => told(auth.getAccessToken(options)), options);

for (const persist of [true, false]) {
  test(`sandbox: login with redirect, ${persist ? "kept over a reload" : "in memory"}`, async ({ page, site, sandbox }) => {
    site.state.config = { ...sandbox.config, persist };
    const { value, error } = await redirectLogin(page, site.origin);
    ok(value, `no session: ${error?.message}`);
    equal(value.appState, { back: "/here" }, "what the page wanted to know again");
    equal(value.user.email, EMAIL, "the user");
    equal(new URL(page.url()).search, "", "the page's URL");
    ok(!page.url().includes("code"), "no code is left in the URL");
    const first = await token(page);
    ok(first.value, `no access token: ${first.error?.message}`);
    equal((await token(page)).value, first.value, "the token at hand");
    const second = await token(page, { cacheMode: "off" });
    ok(second.value && second.value !== first.value, `a new token: ${second.error?.message}`);
    equal((await token(page)).value, second.value, "the new one is the one at hand");
    await page.reload();
    await ready(page);
    equal(await page.evaluate(() => auth.isAuthenticated()), persist, "a session after a reload");
    const later = await token(page);
    equal(later.value ?? later.error.code, persist ? second.value : "login_required", "a token after a reload");
    equal(await page.evaluate(() => lost), [], "no session was lost");
  });
}

test("sandbox: login with popup", async ({ page, site, sandbox }) => {
  site.state.config = sandbox.config;
  await page.goto(site.origin);
  await ready(page);
  const opened = page.waitForEvent("popup");
  await page.click("#popup");
  const popup = await opened;
  await popup.waitForURL(/\/u\/login/);
  await login(popup);
  const { value, error } = await page.evaluate(() => popup);
  ok(value, `no session: ${error?.message}`);
  equal([value.user.email, value.appState], [EMAIL, "from-popup"], "the user and the state");
  ok((await token(page)).value, "an access token");
  ok(popup.isClosed(), "the window is closed");
});

test("sandbox: a popup that is closed", async ({ page, site, sandbox }) => {
  site.state.config = sandbox.config;
  await page.goto(site.origin);
  await ready(page);
  const opened = page.waitForEvent("popup");
  await page.click("#popup");
  const popup = await opened;
  await popup.waitForURL(/\/u\/login/);
  await popup.close();
  equal((await page.evaluate(() => popup)).error?.code, "popup_closed", "the error");
  equal(await page.evaluate(() => auth.isAuthenticated()), false, "a session");
});

test("sandbox: two tabs refresh at once, with rotation", async ({ context, page, site, sandbox }) => {
  site.state.config = { ...sandbox.config, persist: true };
  await redirectLogin(page, site.origin);
  const other = await context.newPage();
  await other.goto(site.origin);
  await ready(other);
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all([page, other, page, other].map((tab) => token(tab, { cacheMode: "off" })));
    for (const { value, error } of answers) ok(value, `round ${round}: ${error?.message}`);
  }
  equal(await page.evaluate(() => lost), [], "no session was lost");
  equal((await token(page)).value, (await token(other)).value, "both tabs have the same token");
});

test("sandbox: a token for another API", async ({ page, site, sandbox }) => {
  site.state.config = { ...sandbox.config, persist: true };
  await redirectLogin(page, site.origin);
  const plain = await token(page);
  const asked = await token(page, { audience: API, scope: "read:things" });
  // The tenant decides; whatever it says, the session goes on and the first token is still at hand.
  ok(asked.value ? asked.value !== plain.value : asked.error.error, `an answer: ${JSON.stringify(asked)}`);
  equal((await token(page)).value, plain.value, "the first token");
});

test("sandbox: a session that is lost is told once, in every tab", async ({ context, page, site, sandbox }) => {
  site.state.config = { ...sandbox.config, persist: true };
  const { value } = await redirectLogin(page, site.origin);
  const other = await context.newPage();
  await other.goto(site.origin);
  await ready(other);
  await other.evaluate(() => auth.getUser());
  const grants = await sandbox.api("GET", `users/${encodeURIComponent(value.user.sub)}/refresh-tokens`);
  ok((grants.tokens ?? grants).length, "a refresh token at the tenant");
  await sandbox.api("DELETE", `users/${encodeURIComponent(value.user.sub)}/refresh-tokens`);
  const answers = await page.evaluate(() => Promise.all([1, 2, 3].map(() => told(auth.getAccessToken({ cacheMode: "off" })))));
  equal(answers.map(({ error }) => error?.error), ["invalid_grant", "invalid_grant", "invalid_grant"], "the errors");
  equal(await page.evaluate(() => lost), ["invalid_grant"], "told in this tab");
  await other.waitForFunction(() => lost.length > 0, undefined, { timeout: 30_000 });
  equal(await other.evaluate(() => lost), ["invalid_grant"], "told in the other tab");
  equal((await token(page)).error?.code, "login_required", "afterwards");
});

test("sandbox: logout ends the session here, in other tabs, and at the tenant", async ({ context, page, site, sandbox }) => {
  site.state.config = { ...sandbox.config, persist: true };
  await redirectLogin(page, site.origin);
  const other = await context.newPage();
  await other.goto(site.origin);
  await ready(other);
  await other.evaluate(() => auth.getUser());
  await page.evaluate((returnTo) => void auth.logout({ returnTo }), `${site.origin}/`);
  await page.waitForURL(`${site.origin}/`);
  await ready(page);
  equal(await page.evaluate(() => auth.isAuthenticated()), false, "a session");
  await other.waitForFunction(() => lost.length > 0, undefined, { timeout: 30_000 });
  equal(await other.evaluate(() => lost), ["logout"], "told in the other tab");
  await page.evaluate(() => void auth.loginWithRedirect());
  await page.waitForURL(/\/u\/login/);
});

test("sandbox: an answer is good once, and only for who asked", async ({ page, site, sandbox }) => {
  site.state.config = { ...sandbox.config, persist: true };
  await page.goto(site.origin);
  await ready(page);
  for (const answer of ["?code=stolen&state=unknown", "?error=access_denied&state=unknown"]) {
    await page.goto(`${site.origin}/callback${answer}`);
    await ready(page);
    equal((await page.evaluate(() => result)).error?.code, "missing_transaction", answer);
  }
  await page.evaluate(async (origin) => {
    let url;
    await auth.loginWithRedirect({ openUrl: (asked) => (url = asked) });
    window.answered = `${origin}/callback?code=made-up&state=${new URL(url).searchParams.get("state")}`;
  }, site.origin);
  const [first, again] = await page.evaluate(async () => [await told(auth.handleRedirectCallback(answered)), await told(auth.handleRedirectCallback(answered))]);
  equal([first.error?.error, again.error?.code], ["invalid_grant", "missing_transaction"], "a made-up code, and the same again");
  equal(await page.evaluate(() => auth.isAuthenticated()), false, "a session");
});

test("sandbox: a refused login", async ({ page, site, sandbox }) => {
  site.state.config = { ...sandbox.config, persist: true };
  await page.goto(site.origin);
  await ready(page);
  await page.evaluate(() => void auth.loginWithRedirect({ authorizationParams: { prompt: "none" } }));
  await page.waitForURL(/\/callback/);
  await ready(page);
  equal((await page.evaluate(() => result)).error?.error, "login_required", "the error");
});

test("a secret, a missing id and a store that is none are refused", async ({ page, site, sandbox }) => {
  site.state.config = sandbox.config;
  await page.goto(site.origin);
  await ready(page);
  const codes = await page.evaluate(async () => {
    const { createBrowserAuth } = await import("auth0-sdk/browser");
    const good = { domain: "t.auth0.com", clientId: "id" };
    const all = [undefined, {}, { domain: "t.auth0.com" }, { ...good, clientSecret: "s" }, { ...good, store: {} }];
    return all.map((options) => {
      try {
        return void createBrowserAuth(options);
      } catch (error) {
        return error.code;
      }
    });
  });
  equal(codes, Array(5).fill("invalid_config"), "the codes");
});

// --- oidc-provider, which logs in whoever `login_hint` names ---

const op = (name, run) =>
  test(`oidc-provider: ${name}`, async (things) => {
    const { site, provider } = things;
    site.state.upstream = provider.url;
    site.state.config = { domain: provider.issuer, clientId: "native", redirectUri: `${site.origin}/callback`, scope: "openid profile email offline_access", persist: true };
    try {
      await run(things);
    } finally {
      site.state.upstream = undefined;
    }
  });

const hint = { login_hint: "jane", prompt: "consent" };

op("redirect, refresh with rotation from two tabs, logout", async ({ context, page, site }) => {
  const { value, error } = await redirectLogin(page, site.origin, null, hint);
  ok(value, `no session: ${error?.message}`);
  equal(value.user.sub, "jane", "the user");
  const other = await context.newPage();
  await other.goto(site.origin);
  await ready(other);
  const answers = await Promise.all([page, other].map((tab) => token(tab, { cacheMode: "off" })));
  for (const { value, error } of answers) ok(value, `no token: ${error?.message}`);
  await page.evaluate(() => auth.logout({ openUrl: false }));
  equal(await other.evaluate(() => auth.isAuthenticated()), false, "a session in the other tab");
});

op("popup", async ({ page, site }) => {
  await page.goto(site.origin);
  await ready(page);
  await page.evaluate((params) => (window.popupParams = params), hint);
  await page.click("#popup");
  const { value, error } = await page.evaluate(() => popup);
  ok(value, `no session: ${error?.message}`);
  equal(value.user.sub, "jane", "the user");
});

op("a denied login", async ({ page, site }) => {
  const { error } = await redirectLogin(page, site.origin, null, { login_hint: "deny", prompt: "consent" });
  equal(error?.error, "access_denied", "the error");
});

// --- running ---

const startProvider = async (issuer) => {
  const ready = join(root, "target/browser-op.json");
  rmSync(ready, { force: true });
  const child = spawn(process.execPath, [join(root, "../shared/counterparts/oidc-provider.mjs")], { cwd: root, env: { ...process.env, PORT: "0", READY_FILE: ready, ISSUER: issuer }, stdio: "ignore" });
  for (let waited = 0; !existsSync(ready); waited += 100) {
    if (waited > 30_000 || child.exitCode !== null) throw new Error("oidc-provider did not start");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { port, url } = JSON.parse(readFileSync(ready, "utf8"));
  return { issuer: issuer.replace(/\/$/, ""), url: url ?? `http://127.0.0.1:${port}`, stop: () => child.kill() };
};

const site = await serve();
const api = await management();
const client = await api("POST", "clients", {
  name: "page",
  app_type: "spa",
  callbacks: [`${site.origin}/callback`],
  allowed_logout_urls: [`${site.origin}/`],
  web_origins: [site.origin],
  grant_types: ["authorization_code", "refresh_token"],
  token_endpoint_auth_method: "none",
  refresh_token: { rotation_type: "rotating", expiration_type: "expiring", leeway: 0 },
});
const [connection] = await api("GET", "connections?strategy=auth0");
const connectionId = connection?.id ?? (await api("POST", "connections", { name: "Username-Password-Authentication", strategy: "auth0", enabled_clients: [client.client_id] })).id;
if (connection) await api("PATCH", `connections/${connectionId}`, { enabled_clients: [...(connection.enabled_clients ?? []), client.client_id] });
await api("POST", "users", { connection: connection?.name ?? "Username-Password-Authentication", email: EMAIL, password: PASSWORD, email_verified: true });
await api("POST", "resource-servers", { identifier: API, name: "browser test things", scopes: [{ value: "read:things" }], allow_offline_access: true });
const sandbox = { api, config: { domain: SANDBOX_URL, clientId: client.client_id, redirectUri: `${site.origin}/callback` } };

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"] });
const provider = await startProvider(`${site.origin}/`);
let failed = 0;
let passed = 0;
const only = process.argv[2];
for (const [name, run] of tests.filter(([name]) => !only || name.includes(only))) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const noise = [];
  page.on("pageerror", (error) => noise.push(String(error)));
  try {
    await run({ context, page, site, sandbox, provider });
    equal(noise, [], "uncaught errors of the page");
    passed++;
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n    ${error.stack}\n    at ${page.url()}${noise.length ? `\n    ${noise.join("\n    ")}` : ""}`);
  }
  await context.close();
}
await browser.close();

// Firefox, which Playwright cannot drive as it comes from Debian: the same page, once through.
if (!only) {
  const name = "Firefox: login with redirect, kept over a reload, and refreshed";
  site.state.config = { ...sandbox.config, persist: true };
  const { default: puppeteer } = await import("puppeteer-core");
  const firefox = await puppeteer.launch({ browser: "firefox", executablePath: FIREFOX, headless: true });
  try {
    const page = await firefox.newPage();
    const isReady = () => page.waitForFunction(() => document.title === "ready", { timeout: 60_000 });
    await page.goto(site.origin);
    await isReady();
    await page.evaluate(() => void auth.loginWithRedirect());
    await page.waitForSelector("input[name=password]");
    await page.type("input[name=username]", EMAIL);
    await page.type("input[name=password]", PASSWORD);
    await page.click("button[value=default]");
    await page.waitForFunction(() => location.pathname === "/callback" || document.querySelector("button[value=accept]"), { timeout: 60_000 });
    if (await page.$("button[value=accept]")) await page.click("button[value=accept]");
    await page.waitForFunction(() => location.pathname === "/callback", { timeout: 60_000 });
    await isReady();
    const { value, error } = await page.evaluate(() => result);
    equal(value?.user?.email ?? error?.message, EMAIL, "the user");
    const first = await page.evaluate(() => told(auth.getAccessToken()));
    await page.reload();
    await isReady();
    equal((await page.evaluate(() => told(auth.getAccessToken()))).value, first.value, "the token after a reload");
    const next = await page.evaluate(() => told(auth.getAccessToken({ cacheMode: "off" })));
    ok(next.value && next.value !== first.value, `a new token: ${next.error?.message}`);
    passed++;
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n    ${error.stack}`);
  }
  await firefox.close();
}
provider.stop();
site.close();
console.log(`login:\n${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
