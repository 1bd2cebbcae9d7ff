// What comes of each fault of tests/faults.json, in Node and in workerd, against the sandbox; `cargo nextest run faults` does the same
// natively. What must come of it stands in that file, and docs/faults.md is made from it:
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… SANDBOX_AUDIENCE=… node tests/workers/faults.mjs [--write]
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundle, control, finish, install, management, root, sandbox, test, tokenFor, withWorkers } from "./lib.mjs";
import { page } from "./faults-page.mjs";

const file = join(root, "tests/faults.json");
const rows = JSON.parse(readFileSync(file, "utf8"));
const project = install();
for (const name of ["faults-run.mjs", "faults-worker.mjs"]) copyFileSync(join(root, "tests/workers", name), join(project, name));
const { perform } = await import(pathToFileURL(join(project, "faults-run.mjs")));
const environment = { domain: sandbox.url, audience: sandbox.audience, clientId: sandbox.clientId, clientSecret: sandbox.clientSecret };
const [{ user_id: id }] = await management("users");
const revoke = () => control("revoke-tokens", {});

/** Orders the faults, makes the call, and looks at what the tenant saw and kept. */
const outcome = async (row, operation, call) => {
  await control("faults", undefined, "DELETE");
  const target = { operation, id, nickname: randomUUID(), email: `${randomUUID()}@example.com` };
  for (const { on, ...order } of row.orders) await control("faults", { match: { operation: on === "api" ? `users.${operation}` : "oauth.token" }, ...order });
  await control("requests", undefined, "DELETE");
  const { result, reported } = await call(row, target);
  const asked = async (name) => (await control(`requests?operation=${name}`)).length;
  const found = { result, requests: await asked(`users.${operation}`), tokens: await asked("oauth.token") };
  if (reported) found.reported = true;
  await control("faults", undefined, "DELETE");
  // By another token: all of the client's may have been revoked.
  const headers = { authorization: `Bearer ${await tokenFor(sandbox.audience)}` };
  const read = async (path) => (await fetch(`${sandbox.url}/api/v2/${path}`, { headers })).json();
  if (operation === "update") found.done = Number((await read(`users/${encodeURIComponent(id)}`)).nickname === target.nickname);
  if (operation === "create") found.done = (await read(`users-by-email?email=${target.email}`)).length;
  return found;
};

const found = { node: {}, workerd: {} };
const all = async (runtime, call) => {
  for (const row of rows) {
    for (const operation of row.operations) {
      const key = `${row.fault}: ${row.what}: ${operation}`;
      found[runtime][key] = await outcome(row, operation, call);
    }
  }
};
await all("node", (row, target) => perform(environment, row, target, revoke));
const worker = await bundle(join(project, "faults-worker.mjs"), { name: "faults" });
// workerd tells of each name that it cannot resolve.
const handleRuntimeStdio = (...streams) => streams.forEach((stream) => stream.resume());
await withWorkers({ ...worker, bindings: environment, handleRuntimeStdio }, (flare) =>
  all("workerd", async (row, target) => (await flare.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify({ row, target }) })).json()),
);

if (process.argv.includes("--write")) {
  // What Node does is what is expected everywhere, and where workerd differs that stands beside it.
  for (const row of rows) {
    row.expected = Object.fromEntries(row.operations.map((operation) => [operation, found.node[`${row.fault}: ${row.what}: ${operation}`]]));
    const other = row.operations.map((operation) => [operation, found.workerd[`${row.fault}: ${row.what}: ${operation}`]]);
    const differs = other.filter(([operation, value]) => JSON.stringify(value) !== JSON.stringify(row.expected[operation]));
    if (differs.length) row.workerd = Object.fromEntries(differs);
    else delete row.workerd;
  }
  writeFileSync(file, `${JSON.stringify(rows, undefined, 2)}\n`);
  writeFileSync(join(root, "docs/faults.md"), page(rows));
}
for (const runtime of ["node", "workerd"]) {
  for (const row of rows) {
    await test(`${runtime}: ${row.fault}: ${row.what}`, () => {
      for (const operation of row.operations) {
        assert.deepEqual(found[runtime][`${row.fault}: ${row.what}: ${operation}`], row[runtime]?.[operation] ?? row.expected[operation], operation);
      }
    });
  }
}
await test("docs/faults.md says what the table says", () => assert.equal(readFileSync(join(root, "docs/faults.md"), "utf8"), page(rows)));

finish();
