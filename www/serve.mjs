// Serves the playground that build.mjs made: `node www/serve.mjs [--port 3000] [--open]`. The page is connected to the sandbox of
// SANDBOX_URL, SANDBOX_CLIENT_ID and SANDBOX_CLIENT_SECRET, or to the tenant of AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET
// (AUTH0_AUDIENCE where the domain is a custom one), which is not changed and whose secret stays here: the page is given a token.
// Without either the page asks for a tenant. Listens on 127.0.0.1 alone. Prints `Playground: URL` when it listens; Ctrl-C ends it.
import { spawn } from "node:child_process";
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, resolve, sep } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const root = resolve(fileURLToPath(new URL(".", import.meta.url)), "..");
const folder = join(root, "target/www");
const { values } = parseArgs({ options: { port: { type: "string" }, open: { type: "boolean", default: false } } });
const wanted = values.port === undefined ? undefined : Number(values.port);
// What somebody can mend is said without a trace.
const end = (message) => {
  console.error(message);
  process.exit(1);
};
if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 0 && wanted < 65536)) end(`--port ${values.port} is no port`);
if (!existsSync(join(folder, "index.html"))) end(`${folder} is missing: run \`node www/build.mjs\` first`);

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml", ".wasm": "application/wasm", ".map": "application/json" };

const { SANDBOX_URL, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, AUTH0_DOMAIN, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET, AUTH0_AUDIENCE } = process.env;
const sdk = () => import(pathToFileURL(join(root, "target/www-build/node_modules/auth0-sdk/index.js")).href);
let config;

const server = createServer((request, response) => {
  const answer = (status, type, body) => response.writeHead(status, { "content-type": type, "cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" }).end(body);
  // Another site's name that leads here must not read the secret (DNS rebinding).
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  if (host !== "127.0.0.1" && host !== "localhost") return answer(403, "text/plain", "This page is for this machine only.\n");
  if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "text/plain", "Only GET.\n");
  const { pathname } = new URL(request.url, "http://127.0.0.1");
  if (pathname === "/config.json") return config ? answer(200, TYPES[".json"], JSON.stringify(config)) : answer(404, "text/plain", "No tenant.\n");
  const name = pathname === "/" ? "/index.html" : pathname;
  const file = normalize(join(folder, name));
  if (!file.startsWith(folder + sep) || !existsSync(file) || !statSync(file).isFile()) return answer(404, "text/plain", "Not found.\n");
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "cache-control": "no-cache", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
  if (request.method === "HEAD") response.end();
  else createReadStream(file).pipe(response);
});

const listen = (port) =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve(server.address().port);
    });
  });

// The port that is in the seed's callbacks, or another one when it is taken and nobody insisted.
const port = await listen(wanted ?? 3000).catch((error) => {
  if (error.code !== "EADDRINUSE") return end(`port ${wanted ?? 3000}: ${error.message}`);
  if (wanted !== undefined) return end(`Port ${wanted} is in use: give another one, or 0 for any.`);
  console.log("Port 3000 is in use; another one is taken.");
  return listen(0);
});
const origin = `http://127.0.0.1:${port}`;

if (SANDBOX_URL) {
  const { ManagementClient } = await sdk();
  const auth0 = new ManagementClient({ domain: SANDBOX_URL, clientId: SANDBOX_CLIENT_ID, clientSecret: SANDBOX_CLIENT_SECRET });
  const { data } = await auth0.clients.list({ app_type: "spa" });
  const [app] = data;
  if (!app) throw new Error("the tenant has no single-page application");
  // The page's address has to be one that a login may come back to.
  const added = (list, url) => (list?.includes(url) ? list : [...(list ?? []), url]);
  await auth0.clients.update(app.client_id, {
    callbacks: added(app.callbacks, `${origin}/`),
    allowed_logout_urls: added(app.allowed_logout_urls, `${origin}/`),
    web_origins: added(app.web_origins, origin),
    grant_types: ["authorization_code", "implicit", "refresh_token"],
  });
  // The sample API of the sandbox's seed.
  const apis = await auth0.resourceServers.list();
  const api = apis.data.find(({ is_system: system }) => !system);
  config = { domain: SANDBOX_URL, clientId: SANDBOX_CLIENT_ID, clientSecret: SANDBOX_CLIENT_SECRET, loginClientId: app.client_id, loginAudience: api?.identifier, sandbox: true };
} else if (AUTH0_DOMAIN) {
  const { TokenProvider } = await sdk();
  const provider = new TokenProvider({ domain: AUTH0_DOMAIN, clientId: AUTH0_CLIENT_ID, clientSecret: AUTH0_CLIENT_SECRET, audience: AUTH0_AUDIENCE || undefined });
  const token = await provider.getAccessToken().catch((error) => end(`No token of ${AUTH0_DOMAIN}: ${error.message}`));
  config = { domain: AUTH0_DOMAIN, token, sandbox: false };
}
console.log(`Playground: ${origin}/`);
if (values.open) {
  const [program, ...before] = { darwin: ["open"], win32: ["cmd", "/c", "start", ""] }[process.platform] ?? ["xdg-open"];
  const browser = spawn(program, [...before, `${origin}/`], { stdio: "ignore", detached: true });
  const failed = () => console.log("No browser could be opened: open the address by hand.");
  browser.on("error", failed);
  browser.on("exit", (code) => code && failed());
  browser.unref();
}
