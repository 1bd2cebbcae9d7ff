// Compares, for every operation that the npm package `auth0` has, the request that our packed tarball makes with the one that it
// makes for the same call: method, URL, query pairs, body, content type. Both are called with the generated arguments, the least and
// the full ones. What differs must be in peer-differences.json, with its reason, and what is listed there must differ.
//
//   node tests/js/peer.mjs SAMPLES.json
//
// SAMPLES.json is what `cargo run -p auth0-api-description --example samples` prints. The package is the one that tests/js/run.mjs
// installed into target/js-tests. Prints `N passed, N failed` and exits with 1 when something differs that is not listed, or is listed
// and does not differ.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const own = join(root, "target/js-tests/node_modules/auth0-sdk/index.js");
if (!existsSync(own)) throw new Error(`${own} is missing: run tests/js/run.mjs first`);
const require = createRequire(import.meta.url);
const { version } = JSON.parse(readFileSync(join(require.resolve("auth0"), "../../../package.json"), "utf8"));
assert.equal(version, "6.1.0");
const samples = JSON.parse(readFileSync(process.argv[2], "utf8"));

// The peer's package deletes the option `fetch` and takes the global one: both do here.
let seen;
globalThis.fetch = async (url, init = {}) => {
  seen.push({ url: new URL(url), init });
  return new Response(init.method === "DELETE" ? null : "[]", { status: init.method === "DELETE" ? 204 : 200, headers: { "content-type": "application/json" } });
};

const options = { domain: "tenant.example.com", token: "t", maxRetries: 0, withCustomDomainHeader: "login.example.com" };
const packages = {
  ours: new (await import(pathToFileURL(own).href)).ManagementClient({ ...options }),
  theirs: new (await import("auth0")).ManagementClient({ ...options }),
};

const methodOf = (client, operation) => {
  const names = operation.split(".");
  const name = names.pop();
  const group = names.reduce((parent, child) => parent?.[child], client);
  return typeof group?.[name] === "function" ? (...args) => group[name](...args) : undefined;
};

const bodyOf = async (body) => {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") return body;
  assert.ok(body instanceof FormData, "a body is a text or a form");
  const parts = [];
  for (const [name, value] of body) parts.push(typeof value === "string" ? `${name}=${value}` : `${name}: ${value.name}, ${value.type}, ${await value.text()}`);
  return `form: ${parts.join("; ")}`;
};

// The one request that a call makes, as facts to compare.
const request = async (client, { operation, path, query, body, bodyKind }) => {
  seen = [];
  const given = bodyKind === "multipart" ? { ...body, users: new Blob([body.users]) } : Object.keys(query).length ? { ...query, ...body } : body;
  await methodOf(client, operation)(...path, ...(given === undefined ? [] : [structuredClone(given)]));
  assert.equal(seen.length, 1, "one request");
  const [{ url, init }] = seen;
  const headers = new Headers(init.headers);
  return {
    method: init.method ?? "GET",
    url: url.origin + url.pathname,
    query: [...url.searchParams].map((pair) => pair.join("=")).sort(),
    body: await bodyOf(init.body),
    "content-type": headers.get("content-type"),
    authorization: headers.get("authorization"),
    "auth0-custom-domain": headers.get("auth0-custom-domain"),
  };
};

// One text for each fact that differs.
const differences = (ours, theirs) =>
  Object.keys(ours).flatMap((fact) => {
    if (fact !== "query") return ours[fact] === theirs[fact] ? [] : [`${fact}: ${JSON.stringify(ours[fact])}, theirs ${JSON.stringify(theirs[fact])}`];
    const without = (all, others) => all.filter((pair) => !others.includes(pair));
    const [more, less] = [without(ours.query, theirs.query), without(theirs.query, ours.query)];
    return more.length || less.length || ours.query.length !== theirs.query.length ? [`query: ${[...more.map((pair) => `+${pair}`), ...less.map((pair) => `-${pair}`)].join(" ")}`] : [];
  });

const found = new Map();
const operations = new Set();
const failures = [];
let compared = 0;
for (const sample of samples) {
  const { operation, size } = sample;
  if (!methodOf(packages.theirs, operation)) continue;
  operations.add(operation);
  compared++;
  try {
    const [ours, theirs] = [await request(packages.ours, sample), await request(packages.theirs, sample)];
    for (const difference of differences(ours, theirs)) {
      if (!found.has(difference)) found.set(difference, []);
      found.get(difference).push(`${operation} (${size})`);
    }
  } catch (error) {
    failures.push(`${operation} (${size}): ${error.stack}`);
  }
}
// That so many are there shows that none was lost by a name.
assert.equal(operations.size, 428, "operations of the peer");

const listed = new Map();
for (const { reason, differences } of JSON.parse(readFileSync(new URL("peer-differences.json", import.meta.url), "utf8")).classes) {
  assert.ok(reason, "a reason");
  for (const [difference, calls] of Object.entries(differences)) {
    assert.ok(!listed.has(difference), `${difference} stands twice`);
    listed.set(difference, calls);
  }
}
for (const [difference, calls] of found) {
  for (const call of calls) if (!listed.get(difference)?.includes(call)) failures.push(`not listed: ${call}: ${difference}`);
}
for (const [difference, calls] of listed) {
  for (const call of calls) if (!found.get(difference)?.includes(call)) failures.push(`listed, and not there: ${call}: ${difference}`);
}
if (process.argv.includes("--print")) console.log(JSON.stringify(Object.fromEntries(found), undefined, 2));
for (const failure of failures.slice(0, 60)) console.log(failure);
console.log(`peer: ${operations.size} operations, ${compared} calls of both packages, ${[...listed.values()].flat().length} of them with a listed difference`);
console.log(`${compared - failures.length} passed, ${failures.length} failed`);
process.exit(failures.length || !compared ? 1 : 0);
