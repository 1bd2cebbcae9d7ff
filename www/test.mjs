// Uses every panel of the playground as a person would, in Chromium, looks into Firefox, and keeps screenshots in target/www-screenshots.
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… CHROMIUM=… FIREFOX=… node www/test.mjs [--match text]
//
// The sandbox has 2,500 users; target/samples.json is what the example `samples` of api/ prints. The page is the one that www/build.mjs made; www/serve.mjs serves it here on a free port. Prints
// `N passed, N failed` and exits with 1 when a case fails, when the page wrote an error to the console, or when axe finds something
// serious.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({ options: { match: { type: "string", default: "" } } });
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const screenshots = join(root, "target/www-screenshots");
rmSync(screenshots, { recursive: true, force: true });
mkdirSync(screenshots, { recursive: true });
const { SANDBOX_URL: sandbox, CHROMIUM: executablePath } = process.env;
if (!sandbox || !executablePath || !process.env.FIREFOX) throw new Error("SANDBOX_URL, CHROMIUM and FIREFOX have to be set");

const serve = async (environment = process.env) => {
  const server = spawn(process.execPath, [join(root, "www/serve.mjs"), "--port", "0"], { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => server.kill());
  const origin = await new Promise((resolve, reject) => {
    createInterface({ input: server.stdout }).on("line", (line) => {
      const url = /^Playground: (.*)\/$/.exec(line)?.[1];
      if (url) resolve(url);
    });
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { server, origin };
};

const control = async (path, body) => {
  const response = await fetch(`${sandbox}/__sandbox/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status}`);
};

const schema = async () => {
  const outfile = join(root, "target/www-build/schema.mjs");
  await build({ entryPoints: [join(root, "www/src/schema.ts")], bundle: true, format: "esm", outfile });
  return import(pathToFileURL(outfile).href);
};

const { server, origin } = await serve();
// Alone, on a static host and in a folder of it: no tenant beside it.
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml", ".wasm": "application/wasm" };
const host = createServer((request, response) => {
  const path = new URL(request.url, "http://x").pathname.replace(/^\/some\/folder\//, "/").replace(/\/$/, "/index.html");
  const file = join(root, "target/www", path);
  if (!existsSync(file)) return response.writeHead(404).end();
  return response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain", "cache-control": "max-age=600" }).end(readFileSync(file));
});
await new Promise((done) => host.listen(0, "127.0.0.1", done));
const alone = { origin: `http://127.0.0.1:${host.address().port}`, server: { kill: () => host.close() } };

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

// Texts of messages that the case expects: a browser writes every refused request to the console.
const open = async ({ at = origin, theme = "light", width = 1280, height = 800, expected = [] } = {}) => {
  const context = await browser.newContext({ colorScheme: theme, viewport: { width, height }, reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"] });
  const problems = [];
  const watch = (page) => {
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !expected.some((text) => message.text().includes(text))) problems.push(`${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => problems.push(error.message));
  };
  context.on("page", watch);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  await page.goto(`${at}/`);
  return {
    page,
    context,
    close: async () => {
      await context.close();
      assert.deepEqual(problems, [], "the console has errors");
    },
  };
};

// All of it: the window is made as high as what scrolls in it.
const shot = async (page, name, whole = false) => {
  const size = page.viewportSize();
  if (whole) {
    const height = await page.evaluate(() => Math.max(...[".place", ".page", "#app"].map((name) => document.querySelector(name)?.scrollHeight ?? 0)) + 60);
    await page.setViewportSize({ width: size.width, height: Math.min(Math.max(height, size.height), 4000) });
  }
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
  await page.setViewportSize(size);
};

const audit = async (page) => {
  // Not through a script element: the page's policy allows none.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(
    serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 120)} ${failureSummary}`).slice(0, 3).join(" | ")}`),
    [],
    "axe",
  );
};

const fitsWidth = async (page) => {
  const [scroll, client] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(scroll <= client, `the page is ${scroll} wide in a window of ${client}`);
};

const connected = (page) => page.locator(".tenant.granted").waitFor();
const go = (page, id) => page.goto(new URL(`#/explorer/${id}`, page.url()).href);
const told = (page, text) => page.locator(".card p[role=status]").filter({ hasText: text }).waitFor();
const send = (page) => page.getByRole("button", { name: /^Send/ }).click();
const status = (page) => page.getByTestId("status").innerText();
const timeline = (page) => page.locator(".answer .timeline .name").allInnerTexts();

const login = async (page, answered) => {
  await page.getByLabel(/email|username/i).first().fill("user-000007@example.com");
  const password = page.getByLabel("Password");
  if (!(await password.count())) await page.getByRole("button", { name: /continue|next/i }).first().click();
  await page.getByLabel("Password").fill("Sandbox-1");
  await page.getByRole("button", { name: /continue|log in/i }).first().click();
  await answered();
};

const cases = {
  "an operation is found, called and shown": async () => {
    const { page, close } = await open();
    await connected(page);
    await shot(page, "welcome-light");
    await audit(page);
    // By keyboard alone.
    await page.keyboard.press("/");
    await page.keyboard.type("users list email");
    await page.getByText("of 491 operations").waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "users.listUsersByEmail" }).waitFor();
    await go(page, "users.list");
    await page.getByRole("heading", { name: "users.list", exact: true }).waitFor();
    await page.getByText("The token may make this call.").waitFor();
    await page.getByLabel("per_page").fill("500");
    await page.getByText("must be at most 100").waitFor();
    assert.equal(await page.getByRole("button", { name: "Send anyway" }).count(), 1);
    await page.getByLabel("per_page").fill("3");
    await page.getByLabel("include_totals").selectOption("true");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "200");
    assert.match(await page.getByLabel("Body of the answer").innerText(), /"total": 2500/);
    assert.deepEqual(await timeline(page), ["Token: 200", "Attempt 1: 200"]);
    await page.getByText(/requests left/).first().waitFor();
    await shot(page, "explorer-light", true);
    await audit(page);
    await page.getByRole("tab", { name: /Headers/ }).click();
    await page.getByRole("rowheader", { name: "x-ratelimit-remaining" }).waitFor();
    // The ids of the answer are offered where one is asked for.
    await go(page, "users.get");
    await page.getByLabel("id", { exact: true }).waitFor();
    const offered = await page.locator("#ids-id option").evaluateAll((options) => options.map(({ value }) => value));
    assert.ok(offered[0].startsWith("auth0|"), String(offered));
    await page.getByLabel("id", { exact: true }).fill(offered[0]);
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    // The token is kept.
    assert.deepEqual(await timeline(page), ["Attempt 1: 200"]);
    await close();
  },
  "code can be copied in three languages": async () => {
    const { page, close } = await open();
    await connected(page);
    await go(page, "users.update");
    await page.getByLabel("id", { exact: true }).fill("auth0|it's");
    await page.getByLabel("Body, as JSON").fill('{ "nickname": "Jo", "picture": null }');
    const copied = async (name) => {
      await page.getByRole("tab", { name }).click();
      await page.getByRole("button", { name: `Copy the ${name} code` }).click();
      await page.getByText("Copied", { exact: true }).waitFor();
      return page.evaluate(() => navigator.clipboard.readText());
    };
    assert.match(await copied("TypeScript"), /await auth0\.users\.update\("auth0\|it's", \{ nickname: "Jo", picture: null \}\)/);
    assert.match(await copied("Rust"), /let body: UpdateUser = [\s\S]*auth0\.users\(\)\.update\("auth0\|it's", body\)\.await\?/);
    const curl = await copied("curl");
    assert.match(curl, /-X PATCH '.*\/api\/v2\/users\/auth0%7Cit's'|auth0%7Cit'\\''s/);
    await shot(page, "code-light", true);
    await close();
  },
  "a body is written from the schema and judged": async () => {
    const { page, close } = await open({ theme: "dark" });
    await connected(page);
    await go(page, "users.create");
    const body = page.getByLabel("Body, as JSON");
    await page.getByRole("button", { name: "Required members" }).click();
    await page.getByText("Fits the schema").waitFor();
    await body.fill('{ "connection": 5, "nickname": "", "colour": "red" }');
    await page.getByText("must be a string, not a number").waitFor();
    await page.getByText("is not a member that the API knows").waitFor();
    await shot(page, "body-wrong-dark");
    await audit(page);
    await body.fill('{ "connection": ');
    await page.getByText("Not JSON").waitFor();
    assert.ok(await page.getByRole("button", { name: /^Send/ }).isDisabled());
    await body.fill('{ "connection": "Username-Password-Authentication" }');
    await page.getByRole("button", { name: "Add password" }).click();
    await page.getByRole("button", { name: "Add email", exact: true }).click();
    assert.match(await body.inputValue(), /"email": "jo@example.com"/);
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "201");
    await shot(page, "body-dark", true);
    await close();
  },
  "attempts and waits are on a timeline": async () => {
    const { page, close } = await open({ theme: "dark", expected: ["503", "429", "404"] });
    await connected(page);
    await go(page, "clients.list");
    await page.getByText("Make the next call meet trouble").click();
    await page.getByRole("button", { name: "503 twice" }).click();
    await page.getByText("Two 503s are ordered").waitFor();
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.deepEqual((await timeline(page)).filter((name) => !name.startsWith("Token")), ["Attempt 1: 503", "Wait", "Attempt 2: 503", "Wait", "Attempt 3: 200"]);
    await shot(page, "timeline-dark", true);
    await audit(page);
    await go(page, "users.get");
    await page.getByLabel("id", { exact: true }).fill("auth0|nobody");
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "404");
    await page.getByRole("tab", { name: "Error" }).click();
    await page.getByRole("cell", { name: "NotFoundError", exact: true }).waitFor();
    await shot(page, "error-dark", true);
    await close();
  },
  "a call can be aborted": async () => {
    const { page, close } = await open();
    await connected(page);
    await control("faults", { match: { operation: "roles.list" }, delay_ms: 60_000 });
    await go(page, "roles.list");
    await send(page);
    await page.getByRole("button", { name: "Abort" }).click();
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "aborted");
    await close();
  },
  "missing scopes are shown": async () => {
    const { page, close } = await open({ at: alone.origin, expected: ["404"] });
    await connected(page);
    await page.locator(".tenant").click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    await shot(page, "connect-light");
    await audit(page);
    // A token that may only read users, as the tenant's operator would make one.
    const { client_id, client_secret } = await limited();
    await dialog.getByLabel("Domain").fill(sandbox);
    await dialog.getByLabel("Client ID", { exact: true }).fill(client_id);
    await dialog.getByLabel("Client secret").fill(client_secret);
    await dialog.getByRole("button", { name: "Connect" }).click();
    await page.locator(".tenant.granted").filter({ hasText: new URL(sandbox).host }).waitFor();
    await go(page, "clients.list");
    await page.getByText("The token may not make this call.").waitFor();
    await go(page, "users.list");
    await page.getByText("The token may make this call.").waitFor();
    await close();
  },
  "login by redirect, tokens, refresh, silently, logout": async () => {
    const { page, close } = await open();
    await connected(page);
    await page.getByRole("link", { name: "Login" }).click();
    await page.getByRole("button", { name: "Log in with a redirect" }).click();
    await login(page, () => page.getByTestId("user").waitFor());
    assert.ok(page.url().endsWith("/#/login"), page.url());
    await told(page, "Logged in by redirect");
    const verdict = page.getByTestId("verdict");
    await verdict.filter({ hasText: /^ ?Verified/ }).waitFor();
    await shot(page, "login-light", true);
    await audit(page);
    await page.getByRole("button", { name: "Change its subject" }).click();
    await verdict.filter({ hasText: "Not to be trusted" }).waitFor();
    assert.ok((await page.locator(".steps .bad").allInnerTexts()).some((text) => text.includes("Signature")));
    await shot(page, "login-tampered-light", true);
    await page.getByRole("button", { name: "Back to the token" }).click();
    await page.getByRole("tab", { name: "Access token" }).click();
    await verdict.filter({ hasText: "Verified" }).waitFor();
    await page.getByLabel("Expected audience").fill("https://other.example.com/");
    await verdict.filter({ hasText: "1 of" }).waitFor();
    const token = () => page.locator("#token").inputValue();
    const first = await token();
    await page.getByRole("button", { name: "Refresh with the refresh token" }).click();
    await told(page, "Refreshed with the refresh token");
    assert.notEqual(await token(), first);
    await page.getByRole("button", { name: "Ask silently again" }).click();
    await told(page, "The tenant's session answered");
    // A new page has no tokens, and gets them from the tenant's session.
    await page.reload();
    await connected(page);
    await page.getByRole("button", { name: "Log in silently" }).click();
    await page.getByTestId("user").waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("heading", { name: "Every operation" }).waitFor();
    await page.getByRole("link", { name: "Login" }).click();
    await page.getByRole("button", { name: "Log in silently" }).click();
    await page.getByText(/login.?required/i).waitFor();
    await close();
  },
  "login by popup": async () => {
    const { page, context, close } = await open({ theme: "dark" });
    await connected(page);
    await page.getByRole("link", { name: "Login" }).click();
    const opened = context.waitForEvent("page");
    await page.getByRole("button", { name: "Log in with a popup" }).click();
    await login(await opened, () => page.getByTestId("user").waitFor());
    await page.getByTestId("verdict").filter({ hasText: "Verified" }).waitFor();
    await shot(page, "login-dark", true);
    await audit(page);
    await close();
  },
  "a tenant in the page needs no network": async () => {
    const { page, context, close } = await open({ at: `${alone.origin}/some/folder`, theme: "dark", expected: ["404"] });
    await connected(page);
    await page.getByText("a tenant that lives in this page too").waitFor();
    // Its code and the details of these groups are there; from here on nothing is asked for.
    for (const id of ["organizations.list", "users.list"]) {
      await go(page, id);
      await page.getByRole("heading", { name: id, exact: true }).waitFor();
      await page.getByRole("button", { name: /^Send/ }).waitFor();
    }
    await page.getByRole("link", { name: "Login" }).click();
    await page.getByRole("button", { name: "Log in silently" }).click();
    await page.getByText(/login.?required/i).waitFor();
    await context.setOffline(true);
    await go(page, "users.list");
    await page.getByText("Make the next call meet trouble").click();
    await page.getByRole("button", { name: "503 twice" }).click();
    await page.getByText("Two 503s are ordered").waitFor();
    await page.getByLabel("include_totals").selectOption("true");
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "200");
    assert.match(await page.getByLabel("Body of the answer").innerText(), /"total": 2500/);
    assert.equal((await timeline(page)).filter((name) => name.startsWith("Attempt")).length, 3);
    await shot(page, "inpage-dark", true);
    await page.getByRole("link", { name: "Login" }).click();
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Email address or username").fill("user-000007@example.com");
    await dialog.getByLabel("Password").fill("wrong");
    await dialog.getByRole("button", { name: "Continue", exact: true }).click();
    await dialog.getByRole("alert").filter({ hasText: "Wrong email or password" }).waitFor();
    await shot(page, "inpage-login-dark");
    await audit(page);
    await dialog.getByLabel("Email address or username").fill("user-000007@example.com");
    await dialog.getByLabel("Password").fill("Sandbox-1");
    await page.keyboard.press("Enter");
    await page.getByTestId("user").waitFor();
    await page.getByTestId("verdict").filter({ hasText: "Verified" }).waitFor();
    await page.getByRole("button", { name: "Refresh with the refresh token" }).click();
    await told(page, "Refreshed with the refresh token");
    await page.getByRole("button", { name: "Ask silently again" }).click();
    await told(page, "The tenant's session answered");
    await page.setViewportSize({ width: 375, height: 740 });
    await fitsWidth(page);
    await shot(page, "inpage-session-375", true);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("Nobody is logged in").waitFor();
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await dialog.getByRole("heading", { name: "Welcome" }).waitFor();
    await fitsWidth(page);
    await shot(page, "inpage-login-375");
    await page.keyboard.press("Escape");
    await page.getByText("the login was cancelled").waitFor();
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole("link", { name: "Bulk" }).click();
    await page.getByRole("button", { name: "Walk" }).click();
    await page.getByText("walked to its end").first().waitFor();
    assert.match(await page.getByTestId("count").innerText(), /^2,500$/);
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /^Save/ }).click()]);
    assert.equal(readFileSync(await download.path(), "utf8").trim().split("\n").length, 2500);
    await context.setOffline(false);
    await close();
  },
  "all users are walked, and a walk is aborted": async () => {
    // The page behind the cap is refused.
    const { page, close } = await open({ expected: ["400"] });
    await connected(page);
    await page.getByRole("link", { name: "Bulk" }).click();
    await page.getByRole("button", { name: "Walk" }).click();
    await page.getByText("walked to its end").first().waitFor();
    assert.match(await page.getByTestId("count").innerText(), /^2,5\d\d$/);
    await shot(page, "bulk-light", true);
    await audit(page);
    // Auth0's cap: what came is kept, and the reason said.
    await page.getByLabel("List").selectOption("users");
    await page.getByRole("button", { name: "Walk" }).click();
    await page.getByText("offset paging ends at 1,000 records").first().waitFor();
    assert.equal(await page.getByTestId("count").innerText(), "1,000");
    await control("faults", { match: { operation: "organizations.members.list" }, times: 40, delay_ms: 100 });
    await page.getByLabel("List").selectOption("members");
    await page.getByRole("button", { name: "Walk" }).click();
    await page.getByRole("button", { name: "Abort" }).click();
    await page.getByText(/^Aborted after/).first().waitFor();
    await close();
    await fetch(`${sandbox}/__sandbox/faults`, { method: "DELETE" });
  },
  "users are exported": async () => {
    const { page, close } = await open({ theme: "dark" });
    await connected(page);
    await page.getByRole("link", { name: "Bulk" }).click();
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /^Save/ }).click()]);
    const text = readFileSync(await download.path(), "utf8");
    assert.ok(text.trim().split("\n").length >= 2500);
    await shot(page, "bulk-dark", true);
    await close();
  },
  "every panel works at 375 pixels": async () => {
    const { page, close } = await open({ width: 375, height: 740 });
    await connected(page);
    await fitsWidth(page);
    await page.getByRole("button", { name: "All operations" }).click();
    await page.getByLabel("Search operations").fill("organizations members list");
    await shot(page, "list-375");
    await page.getByRole("link", { name: "GET members.list" }).click();
    await page.getByRole("heading", { name: "organizations.members.list" }).waitFor();
    await fitsWidth(page);
    await go(page, "clients.create");
    await page.getByRole("button", { name: "Required members" }).click();
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "201");
    await fitsWidth(page);
    await shot(page, "explorer-375", true);
    await audit(page);
    for (const panel of ["Login", "Bulk"]) {
      await page.getByRole("link", { name: panel }).click();
      await page.getByRole("heading", { name: panel, level: 1 }).waitFor();
      if (panel === "Login") {
        await page.getByRole("button", { name: "Log in with a redirect" }).click();
        await login(page, () => page.getByTestId("user").waitFor());
        await page.getByTestId("verdict").filter({ hasText: "Verified" }).waitFor();
      }
      await fitsWidth(page);
      await shot(page, `${panel.toLowerCase()}-375`, true);
      await audit(page);
    }
    await close();
  },
  "it works in Firefox": async () => {
    const puppeteer = await import("puppeteer-core");
    const firefox = await puppeteer.launch({ browser: "firefox", executablePath: process.env.FIREFOX, headless: true });
    try {
      const page = await firefox.newPage();
      const problems = [];
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      await page.goto(`${origin}/#/explorer/users.list`);
      await page.waitForSelector(".tenant.granted");
      await page.waitForSelector(".run .primary:not(:disabled)");
      await page.click(".run .primary");
      const element = await page.waitForSelector('[data-testid="status"]');
      assert.equal(await element.evaluate(({ textContent }) => textContent), "200");
      await page.screenshot({ path: join(screenshots, "firefox.png") });
      // And with the tenant in the page.
      await page.goto(`${alone.origin}/some/folder/#/explorer/users.list`);
      await page.waitForSelector(".tenant.granted");
      await page.waitForSelector(".run .primary:not(:disabled)");
      await page.click(".run .primary");
      const inPage = await page.waitForSelector('[data-testid="status"]');
      assert.equal(await inPage.evaluate(({ textContent }) => textContent), "200");
      assert.deepEqual(problems, []);
    } finally {
      await firefox.close();
    }
  },
  "bodies are judged as the description says": async () => {
    const { check, resolve: resolved, sample } = await schema();
    const isAny = (type, types) => resolved(type, types).type === "any";
    const details = new Map();
    for (const file of readdirSync(join(root, "www/generated/groups"))) {
      const { operations, types } = JSON.parse(readFileSync(join(root, "www/generated/groups", file), "utf8"));
      for (const operation of operations) details.set(operation.id, { ...operation, types });
    }
    assert.equal(details.size, 491);
    // What the generator of the conformance tests makes is right, and has to be found right.
    const wrong = [];
    let judged = 0;
    for (const { operation, size, body } of JSON.parse(readFileSync(join(root, "target/samples.json"), "utf8"))) {
      if (body === undefined) continue;
      judged++;
      const { body: type, types } = details.get(operation);
      const issues = check(body, type, types);
      if (issues.length) wrong.push([operation, size, issues]);
      // And a value of another kind is wrong, where not any is right.
      if (!isAny(type, types)) assert.ok(check(true, type, types).length > 0, operation);
    }
    assert.ok(judged > 300, `${judged} bodies`);
    // So does what the buttons fill in.
    for (const [id, { body, types }] of details) {
      if (body === undefined) continue;
      for (const full of [false, true]) {
        const issues = check(sample(body, types, full), body, types);
        if (issues.length) wrong.push([id, full ? "all" : "required", issues]);
      }
    }
    assert.deepEqual(wrong, []);
  },
};

// A client of the tenant that may read users and nothing else.
const limited = async () => {
  const post = async (path, body, token) => {
    const response = await fetch(sandbox + path, { method: "POST", headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) }, body: JSON.stringify(body) });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response.json();
  };
  const audience = `${sandbox}/api/v2/`;
  const { SANDBOX_CLIENT_ID: client_id, SANDBOX_CLIENT_SECRET: client_secret } = process.env;
  const { access_token } = await post("/oauth/token", { grant_type: "client_credentials", client_id, client_secret, audience });
  const client = await post("/api/v2/clients", { name: "May read users", app_type: "non_interactive", grant_types: ["client_credentials"] }, access_token);
  await post("/api/v2/client-grants", { client_id: client.client_id, audience, scope: ["read:users"] }, access_token);
  return client;
};

// A browser that hangs must not hang the tests.
const LIMIT_MS = 300_000;
setTimeout(() => {
  console.log(`www: not done after ${LIMIT_MS / 1000} s`);
  process.exit(1);
}, LIMIT_MS).unref();

let [passed, failed] = [0, 0];
for (const [name, run] of Object.entries(cases)) {
  if (!name.includes(values.match)) continue;
  const started = performance.now();
  try {
    await run();
    passed++;
    console.log(`ok   ${name} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}\n${String(error?.stack ?? error).split("\n").slice(0, 14).join("\n")}`);
    for (const context of browser.contexts()) {
      for (const page of context.pages()) await shot(page, `failed-${failed}`, true).catch(() => {});
      await context.close().catch(() => {});
    }
  }
}
await browser.close();
server.kill();
alone.server.kill();
console.log(`www: ${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
