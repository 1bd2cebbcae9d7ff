// What the cases share: the page, on its server and alone on a static host; a browser; and what is looked at everywhere.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const screenshots = join(root, "target/www-screenshots");
// Those of a run of all cases are kept when a part runs after it.
if (!process.argv.includes("--match")) rmSync(screenshots, { recursive: true, force: true });
mkdirSync(screenshots, { recursive: true });
export const { SANDBOX_URL: sandbox, CHROMIUM: executablePath, FIREFOX: firefoxPath } = process.env;
if (!sandbox || !executablePath || !firefoxPath) throw new Error("SANDBOX_URL, CHROMIUM and FIREFOX have to be set");

export const serve = async (environment = process.env) => {
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

export const control = async (path, body) => {
  const response = await fetch(`${sandbox}/__sandbox/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status}`);
};

const { server, origin: served } = await serve();
export const origin = served;
// Alone, on a static host and in a folder of it: no tenant beside it.
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml", ".wasm": "application/wasm" };
const host = createServer((request, response) => {
  const path = new URL(request.url, "http://x").pathname.replace(/^\/some\/folder\//, "/").replace(/\/$/, "/index.html");
  const file = join(root, "target/www", path);
  if (!existsSync(file)) return response.writeHead(404).end();
  return response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain", "cache-control": "max-age=600" }).end(readFileSync(file));
});
await new Promise((done) => host.listen(0, "127.0.0.1", done));
export const alone = { origin: `http://127.0.0.1:${host.address().port}`, server: { kill: () => host.close() } };

export const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

// Texts of messages that the case expects: a browser writes every refused request to the console.
export const open = async ({ at = origin, theme = "light", width = 1280, height = 800, expected = [] } = {}) => {
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
export const shot = async (page, name, whole = false) => {
  const size = page.viewportSize();
  if (whole) {
    const height = await page.evaluate(() => Math.max(...[".place", ".page", "#app"].map((name) => document.querySelector(name)?.scrollHeight ?? 0)) + 60);
    await page.setViewportSize({ width: size.width, height: Math.min(Math.max(height, size.height), 4000) });
  }
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
  await page.setViewportSize(size);
};

export const audit = async (page) => {
  // Not through a script element: the page's policy allows none.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 120)} ${failureSummary}`).slice(0, 3).join(" | ")}`),
    [],
    "axe",
  );
};

export const fitsWidth = async (page) => {
  const [scroll, client] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(scroll <= client, `the page is ${scroll} wide in a window of ${client}`);
};

export const connected = (page) => page.locator(".tenant.granted").waitFor();
export const go = (page, id) => page.goto(new URL(`#/explorer/${id}`, page.url()).href);
export const told = (page, text) => page.locator(".card p[role=status]").filter({ hasText: text }).waitFor();
export const send = (page) => page.getByRole("button", { name: /^Send/ }).click();
export const status = (page) => page.getByTestId("status").innerText();
export const timeline = (page) => page.locator(".answer .timeline .name").allInnerTexts();

export const login = async (page, answered) => {
  await page.getByLabel(/email|username/i).first().fill("user-000007@example.com");
  const password = page.getByLabel("Password");
  if (!(await password.count())) await page.getByRole("button", { name: /continue|next/i }).first().click();
  await page.getByLabel("Password").fill("Sandbox-1");
  await page.getByRole("button", { name: /continue|log in/i }).first().click();
  await answered();
};

export const end = async () => {
  await browser.close();
  server.kill();
  alone.server.kill();
};
