// The job of benches/bulk.rs with the npm package auth0, as its users write it: so many at once, its retries as they are by default.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { SANDBOX_URL, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_AUDIENCE, BULK_IDS, BULK_WORKERS, BULK_MODULES } = process.env;
const { ManagementClient } = createRequire(pathToFileURL(join(BULK_MODULES, "package.json")).href)("auth0");

// The client knows no http: its requests are sent there all the same.
const real = globalThis.fetch;
let requests = 0;
let refused = 0;
globalThis.fetch = async (url, init) => {
  const response = await real(String(url.url ?? url).replace(/^https:\/\/127\.0\.0\.1/, "http://127.0.0.1"), init);
  requests++;
  refused += response.status === 429;
  return response;
};
const auth0 = new ManagementClient({
  domain: SANDBOX_URL.replace("http://", ""),
  clientId: SANDBOX_CLIENT_ID,
  clientSecret: SANDBOX_CLIENT_SECRET,
  audience: SANDBOX_AUDIENCE,
  fetch: globalThis.fetch,
});
const ids = readFileSync(BULK_IDS, "utf8").split("\n");
const start = performance.now();
let next = 0;
let done = 0;
const errors = [];
const worker = async () => {
  while (next < ids.length) {
    try {
      await auth0.users.update(ids[next++], { user_metadata: { seen: true } });
      done++;
    } catch (error) {
      errors.push(String(error.statusCode ?? error.message));
    }
  }
};
await Promise.all(Array.from({ length: Number(BULK_WORKERS) }, worker));
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ done, failed: errors.length, requests, refused, seconds, firstError: errors[0] }));
