// A million calls against the server of benches/soak.rs, which fails on purpose, and what stays in memory.
//
//   node --expose-gc soak.mjs '{"origin":"http://127.0.0.1:1","project":"target/bench/soak","calls":1000000}'
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const { origin, project, calls } = JSON.parse(process.argv[2]);
const require = createRequire(join(resolve(project), "package.json"));
const { ManagementClient } = require("auth0-sdk");
const { forEach } = require("auth0-sdk/bulk");

let retries = 0;
const client = new ManagementClient({ domain: origin, clientId: "the-client", clientSecret: "the-secret", timeoutInSeconds: 0.2, onRetry: () => void retries++ });
const outcomes = {};
// What the engine would free anyway is no growth.
const memory = () => {
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss: Math.round(rss / 1024), heap: Math.round((heapUsed + external) / 1024) };
};
let items = 0;
let early;
let peak = 0;
const numbers = (function* () {
  for (let number = 0; number < calls; number++) yield number;
})();
const begun = performance.now();
const report = await forEach(
  numbers,
  async () => {
    let outcome = "ok";
    try {
      await client.users.get("auth0|1");
    } catch (error) {
      outcome = `${error.code ?? error.name}${error.statusCode ? ` ${error.statusCode}` : ""}`;
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    items++;
    if (items === 10_000) early = memory();
    if (items % 1000 === 0) peak = Math.max(peak, process.memoryUsage.rss() / 1024);
  },
  { concurrency: 64 },
);
const end = memory();
console.log(
  JSON.stringify({
    items: report.done, seconds: Math.round((performance.now() - begun) / 100) / 10, outcomes, retries,
    rss_kb_after_10000: early?.rss ?? 0, rss_kb_at_end: end.rss, rss_kb_peak: Math.round(peak), heap_kb_after_10000: early?.heap ?? 0, heap_kb_at_end: end.heap,
  }),
);
process.exit(0);
