// Calls all operations of the packed npm package with generated arguments, the least and the full ones, and has each request judged:
// by what the description says (method, path, query, headers, body), by the sandbox, and by Prism.
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… node tests/js/conformance.mjs SAMPLES.json
//
// SAMPLES.json is what `cargo run -p auth0-api-description --example samples` prints. The sandbox must have been started with
// --sample-refused. The package is the one that tests/js/run.mjs installed into target/js-tests. Prism's document is prepared from the
// folder `shared` beside the checkout. Exits with 1 when a request is refused or is not what it should be, or when none was made.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const shared = join(root, "../shared");
const wanted = (path, why) => {
  if (!existsSync(path)) throw new Error(`${path} is missing: ${why}`);
  return path;
};
const { ManagementClient } = await import(pathToFileURL(wanted(join(root, "target/js-tests/node_modules/auth0-sdk/index.js"), "run tests/js/run.mjs first")).href);
const samples = JSON.parse(readFileSync(process.argv[2], "utf8"));
const operations = new Set(samples.map((sample) => sample.operation));
assert.equal(operations.size, 491);

const failures = [];
let passed = 0;
const check = async (judge, sample, work) => {
  try {
    await work();
    passed += 1;
  } catch (error) {
    failures.push(`${judge}: ${sample.operation} (${sample.size}): ${error.message}\n    ${JSON.stringify(error.body ?? "")?.slice(0, 500)}\n    ${JSON.stringify(sample).slice(0, 500)}`);
  }
};

// The method and its arguments, as a user would write them.
const call = (client, { operation, path, query, body, bodyKind, takesRequest }) => {
  const names = operation.split(".");
  const name = names.pop();
  const group = names.reduce((parent, child) => parent[child], client);
  let request = body;
  if (bodyKind === "multipart") request = { ...body, users: new Blob([body.users]) };
  else if (Object.keys(query).length) request = { ...query, ...body };
  return group[name](...path, ...(request === undefined ? [] : [request]));
};

// --- what is sent ---
for (const sample of samples) {
  await check("request", sample, async () => {
    const sent = [];
    const fetch = async (url, init) => {
      sent.push({ url: new URL(url), init });
      const [status] = sample.expect.statuses;
      return new Response(status === 204 ? null : "[]", { status, headers: { "content-type": "application/json" } });
    };
    const client = new ManagementClient({ domain: "tenant.example.com", token: "t", fetch, withCustomDomainHeader: "login.example.com" });
    await call(client, sample);
    assert.equal(sent.length, 1);
    const [{ url, init }] = sent;
    const { expect } = sample;
    assert.equal(init.method, expect.method);
    assert.equal(url.origin + url.pathname, `https://tenant.example.com${expect.path}`);
    const pairs = [...url.searchParams].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    assert.deepEqual(pairs, expect.query);
    const headers = new Headers(init.headers);
    assert.equal(headers.get("authorization"), "Bearer t");
    assert.ok(headers.get("auth0-client"));
    assert.equal(headers.get("auth0-custom-domain"), expect.customDomain ? "login.example.com" : null);
    if (sample.bodyKind === "multipart") {
      assert.equal(headers.get("content-type"), null, "fetch names the boundary");
      const fields = Object.fromEntries([...init.body].filter(([name]) => name !== "users"));
      const { users, ...others } = sample.body;
      assert.deepEqual(fields, Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)])));
      assert.equal(await init.body.get("users").text(), users);
    } else if (sample.bodyKind) {
      assert.equal(headers.get("content-type"), "application/json");
      assert.deepEqual(JSON.parse(init.body), sample.body);
    } else {
      assert.equal(init.body, undefined);
      assert.equal(headers.get("content-type"), null);
    }
  });
}

// --- the sandbox ---
const { SANDBOX_URL: domain, SANDBOX_CLIENT_ID: clientId, SANDBOX_CLIENT_SECRET: clientSecret } = process.env;
const sandbox = new ManagementClient({ domain, clientId, clientSecret, audience: `${domain}/api/v2/` });
for (const sample of samples) {
  await check("sandbox", sample, async () => {
    const { rawResponse } = await call(sandbox, sample).withRawResponse();
    assert.ok(sample.expect.statuses.includes(rawResponse.status), `status ${rawResponse.status}`);
  });
}

// --- Prism ---
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const folder = join(root, "target/prism");
mkdirSync(folder, { recursive: true });
const document = join(folder, "management.json");
const source = wanted(join(shared, "api/management.json"), "the folder `shared` belongs beside the checkout");
execFileSync("python3", [join(shared, "counterparts/prism-prep.py"), source, document, "--prefix", "/api/v2"], { stdio: "ignore" });
const port = await freePort();
const prism = spawn(process.execPath, [join(root, "node_modules/@stoplight/prism-cli/dist/index.js"), "mock", "-h", "127.0.0.1", "-p", String(port), "--errors", document], { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => prism.kill());
await new Promise((resolve, reject) => {
  createInterface({ input: prism.stdout }).on("line", (line) => line.includes("Prism is listening on") && resolve());
  prism.on("exit", (code) => reject(new Error(`Prism ended with ${code}`)));
});
const groupOf = (operation) => [operation["x-operation-group"]].flat().join(".");
const published = new Set(
  Object.values(JSON.parse(readFileSync(source, "utf8")).paths).flatMap((methods) => Object.values(methods).map((operation) => `${groupOf(operation)}.${operation["x-operation-name"]}`)),
);
// Members that are newer than the published document, or mend it: Prism refuses what that does not know.
const additions = JSON.parse(readFileSync(join(shared, "api/management-additions.json"), "utf8"));
const newer = new Set([...Object.values(additions["x-added-properties"]), ...Object.values(additions["x-added-body-properties"])].flatMap(Object.keys));
for (const { changes } of JSON.parse(readFileSync(join(root, "xtask/corrections.json"), "utf8")).patches) {
  for (const { at } of changes) if (/\/properties\/[^/]+$/.test(at)) newer.add(at.split("/").pop());
}
// Takes out what Prism says it does not know, where that is one of them; undefined when there is no such thing. What else Prism says of
// the same body may be about another variant of a union, and is said again if it is not.
const older = (body, validation) => {
  const copy = structuredClone(body);
  let found = false;
  for (const { code, location, message } of validation) {
    if (code !== "additionalProperties") continue;
    const place = location.slice(1).reduce((value, name) => value?.[name], copy);
    for (const name of Object.keys(place ?? {}).filter((name) => newer.has(name) && message.includes(`'${name}'`))) {
      delete place[name];
      found = true;
    }
  }
  return found ? copy : undefined;
};
const judged = new ManagementClient({ domain: `http://127.0.0.1:${port}`, token: "t", maxRetries: 0 });
const judgedOperations = new Set();
for (const sample of samples.filter(({ operation }) => published.has(operation))) {
  // A stream of events cannot be sampled, only its request can be judged: Prism answers 406.
  await check("Prism", sample, async () => {
    judgedOperations.add(sample.operation);
    let { body } = sample;
    // Prism names what it does not know in one object at a time.
    for (;;) {
      try {
        await call(judged, { ...sample, body });
        return;
      } catch (error) {
        if (sample.operation === "events.subscribe" && error.statusCode === 406) return;
        body = error.statusCode === 422 && older(body, error.body.validation);
        if (!body) throw error;
      }
    }
  });
}
assert.equal(judgedOperations.size, 452);
// A judge that lets everything pass is none.
for (const [what, wrong] of [["a body", () => judged.users.create({ connection: 5 })], ["a query", () => judged.users.list({ per_page: 1_000_000 })]]) {
  await check("Prism", { operation: what, size: "wrong" }, () => assert.rejects(wrong(), { statusCode: 422 }));
}

for (const failure of failures.slice(0, 40)) console.log(failure);
console.log(`conformance: ${operations.size} operations, ${judgedOperations.size} of them before Prism`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length || !passed ? 1 : 0);
