// Uses every panel of the playground as a person would, in Chromium, looks into Firefox, and keeps screenshots in target/www-screenshots.
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… CHROMIUM=… FIREFOX=… node www/test.mjs [--match text]
//
// The sandbox has 2,500 users; target/samples.json is what the example `samples` of api/ prints. The page is the one that www/build.mjs
// made; www/serve.mjs serves it here on a free port. Prints `N passed, N failed` and exits with 1 when a case fails, when the page wrote
// an error to the console, or when axe finds anything.
import process from "node:process";
import { parseArgs } from "node:util";
import alone from "./test/alone.mjs";
import bulk from "./test/bulk.mjs";
import explorer from "./test/explorer.mjs";
import login from "./test/login.mjs";
import { browser, end, shot } from "./test/page.mjs";
import places from "./test/places.mjs";
import schema from "./test/schema.mjs";
import server from "./test/server.mjs";

const { values } = parseArgs({ options: { match: { type: "string", default: "" } } });
const cases = [explorer, login, alone, bulk, places, schema, server].flatMap((group) => Object.entries(group));

// A browser that hangs must not hang the tests.
const LIMIT_MS = 600_000;
setTimeout(() => {
  console.log(`www: not done after ${LIMIT_MS / 1000} s`);
  process.exit(1);
}, LIMIT_MS).unref();

let [passed, failed] = [0, 0];
for (const [name, run] of cases) {
  if (!name.includes(values.match)) continue;
  const started = performance.now();
  try {
    await run();
    passed++;
    console.log(`ok   ${name} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}\n${String(error?.stack ?? error).split("\n").slice(0, 14).join("\n")}`);
    for (const context of browser.contexts()) {
      for (const page of context.pages()) await shot(page, `failed-${failed}`, true).catch(() => {});
      await context.close().catch(() => {});
    }
  }
}
await end();
console.log(`www: ${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
