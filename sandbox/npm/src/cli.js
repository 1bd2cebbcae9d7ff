#!/usr/bin/env node
// The command `auth0-sandbox`, as far as wasm goes: the same as the native one, but for --data.
import { existsSync, readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { startSandbox } from "./node.js";

const USAGE = `auth0-sandbox: a local Auth0 tenant that keeps state

  --host ADDRESS        listen on this address (127.0.0.1)
  --port N              listen on this port; 0 takes a free one (4400)
  --users N             start with N users (0)
  --seed FILE           put what this JSON or YAML file says into the tenant; demo: 2,500 users
  --rate-limit N/S      answer 429 to more than N requests in S seconds
  --token-lifetime S    access tokens are good for S seconds (86400)
  --issuer URL          the issuer that tokens name (http://ADDRESS:PORT/)
  --sample-refused      answer a sample where the state would refuse a valid request
  --allow-remote        allow an address that other machines reach
  --json                print the configuration as one line of JSON
  --help                print this

This is the sandbox as WebAssembly, in one thread: its state is gone with the process. The native program keeps state in a file
(--data) and holds millions of users: cargo install --path sandbox, in the repository.
`;

const fail = (text, code = 1) => {
  console.error(`auth0-sandbox: ${text.replace(/^auth0-sandbox: /, "")}`);
  process.exit(code);
};

const number = (name, text, most = Number.MAX_SAFE_INTEGER) => {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text) || Number(text) > most) fail(`--${name} ${text}: not a number in range`, 2);
  return Number(text);
};

const text = { type: "string" };
const flag = { type: "boolean" };
let values;
try {
  ({ values } = parseArgs({ options: { host: text, port: text, users: text, seed: text, data: text, "rate-limit": text, "token-lifetime": text, issuer: text, "sample-refused": flag, "allow-remote": flag, json: flag, help: { ...flag, short: "h" } } }));
} catch (error) {
  fail(`${error.message}\n\n${USAGE}`, 2);
}
if (values.help) {
  console.log(USAGE.trimEnd());
  process.exit(0);
}
if (values.data !== undefined) fail("--data: WebAssembly has no files; the native program keeps state (cargo install --path sandbox, in the repository)", 2);

const options = { host: values.host, port: number("port", values.port, 65535) ?? 4400, users: number("users", values.users), tokenLifetime: number("token-lifetime", values["token-lifetime"]), issuer: values.issuer, sampleRefused: values["sample-refused"], allowRemote: values["allow-remote"] };
if (values["rate-limit"] !== undefined) {
  const [requests, seconds, more] = values["rate-limit"].split("/");
  if (seconds === undefined || more !== undefined) fail(`--rate-limit ${values["rate-limit"]}: write N/S, as 10/1`, 2);
  options.rateLimit = { requests: number("rate-limit", requests), seconds: number("rate-limit", seconds) };
}
const { seed } = values;
if (seed === "demo" && !existsSync(seed)) options.seed = seed;
else if (seed !== undefined) {
  try {
    if (statSync(seed).isDirectory()) throw new Error("a folder is for the native program; here it takes the export's tenant.yaml");
    options.seed = readFileSync(seed, "utf8");
    options.seedName = seed;
  } catch (error) {
    fail(`${seed}: ${error.message}`);
  }
}

let sandbox;
try {
  sandbox = await startSandbox(options);
} catch (error) {
  fail(error.message);
}
const { domain, baseUrl, audience, clientId, clientSecret, port } = sandbox;
if (values.json) {
  const { fetch, ...rest } = sandbox;
  const plain = Object.fromEntries(Object.entries(rest).filter(([, value]) => typeof value !== "function"));
  const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  console.log(JSON.stringify(Object.fromEntries(Object.entries(plain).map(([name, value]) => [snake(name), value]))));
} else {
  console.log(`The sandbox is listening. Paste this where your program is configured (Ctrl-C stops the sandbox):\n
AUTH0_DOMAIN=${domain}\nAUTH0_BASE_URL=${baseUrl}\nAUTH0_AUDIENCE=${audience}\nAUTH0_CLIENT_ID=${clientId}\nAUTH0_CLIENT_SECRET=${clientSecret}`);
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => sandbox.close().then(() => process.exit(0)));
