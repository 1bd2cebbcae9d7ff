// What it costs a Worker to start: workerd until it has loaded the module, and then its first guarded request, with the keys fetched. Fresh
// processes, one of each Worker after the other, again and again; and what each bundle weighs.
//
//   node workers.mjs '{"project":"target/bench/workers","runs":15}'
//
// The project has the packed tarball, `jose` and `auth0`. Nothing is judged: this machine may be busy.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const given = JSON.parse(process.argv[2]);
const { runs } = given;
const project = resolve(given.project);
const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
const require = createRequire(join(project, "package.json"));
const { exportJWK, generateKeyPair, SignJWT } = await import(pathToFileURL(require.resolve("jose")));
const AUDIENCE = "https://api.example.com/";

// The issuer: its discovery document and its keys.
const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
const key = { ...(await exportJWK(publicKey)), kid: "k", alg: "RS256", use: "sig" };
const issuer = createServer((request, response) => {
  const origin = `http://${request.headers.host}`;
  const document = request.url.endsWith("jwks.json") ? { keys: [key] } : { issuer: `${origin}/`, jwks_uri: `${origin}/.well-known/jwks.json` };
  response.setHeader("content-type", "application/json").end(JSON.stringify(document));
});
await new Promise((done) => issuer.listen(0, "127.0.0.1", done));
const origin = `http://127.0.0.1:${issuer.address().port}`;
const token = await new SignJWT({ scope: "read:things" }).setProtectedHeader({ alg: "RS256", kid: "k", typ: "JWT" }).setIssuer(`${origin}/`).setAudience(AUDIENCE)
  .setSubject("auth0|1").setIssuedAt().setExpirationTime("1h").sign(privateKey);

// The others are told where the keys are.
const TOLD = `, jwksUrl: "${origin}/.well-known/jwks.json"`;
const ours = (from, more, options = TOLD) => `${from}
const guard = new RequestGuard(new TokenVerifier({ domain: "${origin}", audience: "${AUDIENCE}"${options} }), { scopes: ["read:things"] });
export default { async fetch(request) { const { claims, response } = await guard.check(request); return response ?? ${more} } };`;
const joses = (lead, more) => `import { createRemoteJWKSet, jwtVerify } from "jose";
${lead}
const keys = createRemoteJWKSet(new URL("${origin}/.well-known/jwks.json"));
export default { async fetch(request) {
  try {
    const { payload } = await jwtVerify(/^Bearer (.+)$/i.exec(request.headers.get("authorization"))[1], keys, { issuer: "${origin}/", audience: "${AUDIENCE}" });
    if (!payload.scope.split(" ").includes("read:things")) return new Response("", { status: 403 });
    return ${more};
  } catch { return new Response("", { status: 401 }); }
} };`;
const said = "new Response(SUB)";
const clients = `const auth0 = new ManagementClient({ domain: "tenant.us.auth0.com", token: "t" });
const login = new AuthenticationClient({ domain: "tenant.us.auth0.com", clientId: "c", clientSecret: "s" });`;
const SOURCES = {
  "nothing (an empty Worker)": `export default { async fetch() { return new Response("auth0|1"); } };`,
  "`auth0-sdk/verify`": ours(`import { RequestGuard, TokenVerifier } from "auth0-sdk/verify";`, said.replace("SUB", "claims.sub")),
  "`auth0-sdk/verify`, the keys found by discovery": ours(`import { RequestGuard, TokenVerifier } from "auth0-sdk/verify";`, said.replace("SUB", "claims.sub"), ""),
  "`auth0-sdk`: verification, Authentication and Management API": ours(
    `import { AuthenticationClient, ManagementClient, RequestGuard, TokenVerifier } from "auth0-sdk"; ${clients}`,
    said.replace("SUB", "auth0.users && login.oauth && claims.sub"),
  ),
  "`jose`": joses("", said.replace("SUB", "payload.sub")),
  // It has no client of the Authentication API any more.
  "`jose` and `auth0@7.1.0`: verification, Management API": joses(
    `import { ManagementClient } from "auth0"; const auth0 = new ManagementClient({ domain: "tenant.us.auth0.com", token: "t" });`,
    said.replace("SUB", "auth0.users && payload.sub"),
  ),
};

const bundles = [];
for (const [index, [name, source]] of Object.entries(SOURCES).entries()) {
  const folder = join(project, `worker-${index}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(project, `worker-${index}.mjs`), source);
  // As wrangler does it, minified.
  await build({
    entryPoints: [{ in: join(project, `worker-${index}.mjs`), out: "index" }],
    bundle: true, minify: true, format: "esm", target: "es2022", conditions: ["workerd", "worker", "browser"], loader: { ".wasm": "copy" },
    assetNames: "[name]", outdir: folder, external: ["node:*", "cloudflare:*"], logLevel: "error",
  });
  const files = readdirSync(folder).map((file) => readFileSync(join(folder, file)));
  const sum = (measure) => files.reduce((total, bytes) => total + measure(bytes).length, 0);
  const modules = readdirSync(folder).sort((one) => (one === "index.js" ? -1 : 1)).map((file) => `(name = "${file}", ${file.endsWith(".wasm") ? "wasm" : "esModule"} = embed "${file}")`);
  const node = files.some((bytes) => /from"node:|import"node:/.test(bytes.toString("latin1")));
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "internet", network = (allow = ["public", "private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const main :Workerd.Worker = (modules = [${modules.join(", ")}], compatibilityDate = "2026-04-01", compatibilityFlags = [${node ? '"nodejs_compat"' : ""}]);
`,
  );
  bundles.push({ name, folder, node, raw: sum((bytes) => bytes), gzip: sum((bytes) => gzipSync(bytes, { level: 9 })), brotli: sum((bytes) => brotliCompressSync(bytes)), loaded: [], answered: [], again: [] });
}

const workerd = createRequire(createRequire(join(root, "package.json")).resolve("workerd/package.json")).resolve(`@cloudflare/workerd-${process.platform}-${process.arch === "x64" ? "64" : process.arch}/bin/workerd`);
const now = () => Number(process.hrtime.bigint()) / 1e6;
const start = async ({ name, folder, loaded, answered, again }, keep) => {
  const begun = now();
  const child = spawn(workerd, ["serve", join(folder, "config.capnp"), "--control-fd=3"], { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  try {
    let port;
    for await (const line of createInterface(child.stdio[3])) {
      ({ port } = JSON.parse(line));
      if (port) break;
    }
    const up = now();
    const ask = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${token}` } });
      const text = await response.text();
      if (text !== "auth0|1") throw new Error(`${name}: ${response.status} ${text}`);
    };
    await ask();
    const first = now();
    await ask();
    if (keep) {
      loaded.push(up - begun);
      answered.push(first - up);
      again.push(now() - first);
    }
  } finally {
    child.kill();
    await new Promise((done) => child.once("exit", done));
  }
};
for (let run = -1; run < runs; run++) for (const bundle of bundles) await start(bundle, run >= 0);
issuer.close();

// The quarter that is fastest ends here: what a busy machine adds goes one way.
const quarter = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 4)];
const [empty] = bundles;
const net = (values, of) => quarter(values) - quarter(of);
const tenth = (value) => Math.round(value * 10) / 10;
const results = bundles.map((bundle) => ({
  name: bundle.name, nodejsCompat: bundle.node, raw: bundle.raw, gzip: bundle.gzip, brotli: bundle.brotli,
  ...(bundle === empty
    ? { loadedMs: tenth(quarter(bundle.loaded)), answeredMs: tenth(quarter(bundle.answered)), againMs: tenth(quarter(bundle.again)) }
    : { loadedMs: tenth(net(bundle.loaded, empty.loaded)), answeredMs: tenth(net(bundle.answered, empty.answered)), againMs: tenth(net(bundle.again, empty.again)) }),
}));
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
console.error(`\nworkerd, ${runs} fresh processes of each, the first quartile; but for the first, over the empty Worker's.\n`);
console.error("| a Worker with | raw | gzip | brotli | started, module loaded | first guarded request | the next one | `nodejs_compat` |\n| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const { name, raw, gzip, brotli, loadedMs, answeredMs, againMs, nodejsCompat } of results) {
  const sign = name.startsWith("nothing") ? "" : "+";
  const shown = (value) => `${value < 0 ? "" : sign}${value} ms`;
  console.error(`| ${name} | ${[raw, gzip, brotli].map(kilobytes).join(" | ")} | ${[loadedMs, answeredMs, againMs].map(shown).join(" | ")} | ${nodejsCompat ? "needed" : "off"} |`);
}
console.log(JSON.stringify({ runs, results }));
