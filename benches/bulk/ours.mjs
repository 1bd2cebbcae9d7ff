// The job of benches/bulk.rs with the npm package auth0-sdk. BULK_MODULES is where it is installed.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { SANDBOX_URL, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_AUDIENCE, BULK_IDS, BULK_WORKERS, BULK_MODULES } = process.env;
const load = createRequire(pathToFileURL(join(BULK_MODULES, "package.json")).href);
const { ManagementClient } = load("auth0-sdk");
const { createLimiter, forEach } = load("auth0-sdk/bulk");

let requests = 0;
let refused = 0;
const counted = async (url, init) => {
  const response = await fetch(url, init);
  requests++;
  refused += response.status === 429;
  return response;
};
const auth0 = new ManagementClient({
  domain: SANDBOX_URL,
  clientId: SANDBOX_CLIENT_ID,
  clientSecret: SANDBOX_CLIENT_SECRET,
  audience: SANDBOX_AUDIENCE,
  fetch: createLimiter().fetch({ priority: "bulk", fetch: counted }),
});
const ids = readFileSync(BULK_IDS, "utf8").split("\n");
const start = performance.now();
const report = await forEach(ids, (id) => auth0.users.update(id, { user_metadata: { seen: true } }), { concurrency: Number(BULK_WORKERS) });
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ done: report.done, failed: report.failed, requests, refused, seconds, firstError: report.failures[0]?.error.message }));
