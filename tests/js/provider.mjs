// oidc-provider for the suite: behind a server of our own, which lets pages of other origins ask and stands in for a user's browser,
// and, for clients with certificates, by itself over https. The server stands outside of this repository: the package in
// node_modules, the script that gives it Auth0's paths in the folder `shared` beside the checkout.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
const script = join(root, "../shared/counterparts/oidc-provider.mjs");

const start = async (settings) => {
  if (!existsSync(script)) throw new Error(`${script} is missing: the folder \`shared\` with the counterparts belongs beside the checkout`);
  const child = spawn(process.execPath, [script], { env: { ...process.env, MODULES: root, PORT: "0", ...settings }, stdio: ["ignore", "pipe", "pipe"] });
  process.on("exit", () => child.kill());
  // It warns of what it is set up for; what it cannot do is an error of its own.
  createInterface({ input: child.stderr }).on("line", (line) => line.includes("WARNING") || console.error(line));
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`oidc-provider ended with ${code}`)));
  });
  return { child, port: JSON.parse(line).port };
};

const bodyOf = async (incoming) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
};

// A browser without a session: follows the redirects to the callback, and gives its URL, or the form that is posted to it.
const browse = async (origin, first) => {
  const cookies = new Map();
  let url = first;
  for (let hops = 0; hops < 10; hops++) {
    const answer = await fetch(url, { redirect: "manual", headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") } });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      cookies.set(name, value);
    }
    const location = answer.headers.get("location");
    const text = await answer.text();
    if (!location && text.includes('method="post"')) {
      const inputs = [...text.matchAll(/<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)];
      return { form: String(new URLSearchParams(inputs.map(([, name, value]) => [name, value.replace(/&amp;/g, "&")]))) };
    }
    if (!location) return { status: answer.status, text };
    url = String(new URL(location, origin));
    if (!url.startsWith(origin)) return { url };
  }
  throw new Error(`${first} leads in a circle`);
};

// Starts one behind a server of ours, whose origin is the issuer.
const behindFront = async (settings = {}) => {
  let upstream;
  const server = createServer(async (incoming, outgoing) => {
    const cors = { "access-control-allow-origin": "*", "access-control-allow-methods": "*", "access-control-expose-headers": "*", "access-control-allow-headers": incoming.headers["access-control-request-headers"] ?? "*" };
    try {
      if (incoming.method === "OPTIONS") return outgoing.writeHead(204, cors).end();
      const body = await bodyOf(incoming);
      if (incoming.url === "/__browse") {
        const found = await browse(origin, String(body));
        return outgoing.writeHead(200, { ...cors, "content-type": "application/json" }).end(JSON.stringify(found));
      }
      // To the provider a page is one of its own, which a browser would not say `Origin` of.
      const { origin: _, ...headers } = incoming.headers;
      const onward = request({ host: "127.0.0.1", port: upstream.port, path: incoming.url, method: incoming.method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode, { ...answer.headers, ...cors });
        answer.pipe(outgoing);
      });
      onward.on("error", () => outgoing.destroy());
      onward.end(body);
    } catch (error) {
      outgoing.writeHead(500, cors).end(String(error.stack));
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${server.address().port}`;
  upstream = await start({ ISSUER: `${origin}/`, ...settings });
  // A file is run by itself too, and then ends.
  server.unref();
  return { origin, facts: await (await fetch(`${origin}/__control/clients`)).json() };
};

// Certificates of an authority made for the test: PEM.
const certificates = async () => {
  // It is written with decorators.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const { crypto } = globalThis;
  x509.cryptoProvider.set(crypto);
  const times = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 86_400_000) };
  const pair = () => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const pem = async ({ privateKey }) => x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY");
  let serial = 1;
  const authority = async (name) => {
    const keys = await pair();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...times, serialNumber: `0${serial++}`, name: `CN=${name}`, keys, signingAlgorithm: algorithm, extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    }, crypto);
    const issue = async (subject, usage, extensions = []) => {
      const own = await pair();
      const made = await x509.X509CertificateGenerator.create({
        ...times, serialNumber: `0${serial++}`, subject: `CN=${subject}`, issuer: certificate.subject, publicKey: own.publicKey, signingKey: keys.privateKey, signingAlgorithm: algorithm,
        extensions: [new x509.ExtendedKeyUsageExtension([usage]), ...extensions],
      }, crypto);
      return { cert: made.toString("pem"), key: await pem(own) };
    };
    return { ca: certificate.toString("pem"), issue };
  };
  const [ours, another] = [await authority("ours"), await authority("another")];
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  return {
    ca: ours.ca,
    server: await ours.issue("127.0.0.1", serverAuth, [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])]),
    client: await ours.issue("mtls-client", clientAuth),
    somebody: await ours.issue("somebody-else", clientAuth),
    foreign: await another.issue("mtls-client", clientAuth),
  };
};

// Starts all that oidc-cases.mjs asks: what the suite's environment has as `oidc`.
export const startProviders = async () => {
  const folder = mkdtempSync(join(tmpdir(), "auth0-sdk-oidc-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const { server, ...tls } = await certificates();
  const file = (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const [plain, nonces, secure] = await Promise.all([
    behindFront(),
    behindFront({ DPOP_NONCE: "1" }),
    start({ TLS_KEY: file("key.pem", server.key), TLS_CERT: file("cert.pem", server.cert), TLS_CA: file("ca.pem", tls.ca) }),
  ]);
  const only = ({ origin, facts }) => ({
    url: origin,
    secrets: Object.fromEntries(facts.clients.map(({ client_id, client_secret }) => [client_id, client_secret])),
    basic: facts.clients.filter((client) => client.token_endpoint_auth_method === "client_secret_basic").map((client) => client.client_id),
    keys: Object.fromEntries(Object.entries(facts.keys).map(([name, { jwk, pem }]) => [name, { jwk, pem }])),
  });
  return { ...only(plain), nonces: only(nonces), tls: { ...tls, url: `https://127.0.0.1:${secure.port}` } };
};
