// The main job through the npm package: a token, a user created, changed and deleted, lists walked to their end, a rate
// limit waited out, errors that say what is wrong.
//
// `cargo xtask demo` starts a local tenant and runs this against it. By hand, beside an installed package:
//
//   node demo.mjs                              only reads, from the tenant that AUTH0_DOMAIN, AUTH0_CLIENT_ID and
//                                              AUTH0_CLIENT_SECRET name (and AUTH0_AUDIENCE, where the domain is a custom one)
//   node demo.mjs http://127.0.0.1:4400 2500   everything, against an `auth0-sandbox` with 2,500 users whose client id
//                                              and secret are in the environment
import { ManagementClient } from "auth0-sdk";
import process from "node:process";

// What a run without a sandbox reads of each list, at most.
const FEW = 100;

const run = async ([sandbox, users, ...rest]) => {
  if (rest.length > 0 || (sandbox && !(Number(users) >= 0))) throw new Error("usage: node demo.mjs [SANDBOX_ORIGIN USERS]");
  const auth0 = new ManagementClient({
    domain: sandbox ?? variable("AUTH0_DOMAIN"),
    clientId: variable("AUTH0_CLIENT_ID"),
    clientSecret: variable("AUTH0_CLIENT_SECRET"),
    audience: sandbox ? undefined : process.env.AUTH0_AUDIENCE || undefined,
  });
  await (sandbox ? everything(auth0, sandbox, Number(users)) : look(auth0));
};

// What only reads, and not much of it: for a tenant that somebody works with.
const look = async (auth0) => {
  await firstCalls(auth0);
  for (const noun of ["users", "connections"]) {
    const done = start();
    let count = 0;
    for await (const _ of await auth0[noun].list()) if (++count === FEW) break;
    done("list", `${noun}.list: ${count === FEW ? "the first" : "all"} ${count} ${noun}`);
  }
  await raw(() => auth0.users.list({ per_page: 1 }));
  await wrongId(auth0);
  await missing(auth0, "auth0|000000000000000000000000");
};

const everything = async (auth0, sandbox, users) => {
  const total = await firstCalls(auth0);
  check(total === users, `the sandbox says that it has ${total} users, and not ${users}`);

  let done = start();
  const email = `demo-${process.pid}@example.com`;
  const created = await auth0.users.create({
    connection: "Username-Password-Authentication",
    email,
    password: "Only-4-the-demo!",
    nickname: "Johanna",
    given_name: "Johanna",
  });
  const id = created.user_id;
  done("create", `${id}, given name "${created.given_name}"`);

  // Three things that a change can say: a value sets, null removes, and what is absent stays.
  done = start();
  await auth0.users.update(id, { nickname: "Jo", given_name: null });
  const user = await auth0.users.get(id);
  check(user.nickname === "Jo" && !("given_name" in user) && user.email === email, `the update did something else: ${JSON.stringify(user)}`);
  done("update", 'nickname "Jo", given_name null: the nickname is new, the given name is gone');

  await usersByOffset(auth0);
  await membersByCursor(auth0, users);
  await raw(() => auth0.users.get(id));
  await waitOut(() => auth0.users.get(id), sandbox);
  await wrongId(auth0);

  done = start();
  await auth0.users.delete(id);
  done("delete", id);
  await missing(auth0, id);
};

// The first call loads the core and gets the token, the others use them. Says how many users there are.
const firstCalls = async (auth0) => {
  const call = async () => (await auth0.users.list({ per_page: 1, include_totals: true })).response.total;
  const first = performance.now();
  const total = await call();
  const second = performance.now();
  await call();
  check(Number.isInteger(total), "users.list gave no total");
  line("token", `got by the first call (${shown(second - first)}, loading the wasm included), kept for the next (${shown(performance.now() - second)})`);
  line("", `the tenant has ${thousands(total)} users`);
  return total;
};

// Auth0 gives the first 1,000 records of a list by offset, whatever the total. What was read until then is not lost, and
// the error says what to do instead.
const usersByOffset = async (auth0) => {
  const done = start();
  let count = 0;
  const error = await rejection(async () => {
    for await (const _ of await auth0.users.list({ per_page: 100 })) count++;
  });
  check(error, `users.list ended after ${count} users and said nothing`);
  if (count !== 1000 || !error.message.includes("offset paging ends at 1,000 records")) throw error;
  done("by offset", `users.list: ${thousands(count)} users, then Auth0's cap:`);
  quote(error);
};

// By cursor there is no such end. Every user of the sandbox is a member of the organization "acme".
const membersByCursor = async (auth0, users) => {
  const done = start();
  const { id } = await auth0.organizations.getByName("acme");
  const bar = progress(users);
  const ids = new Set();
  let [requests, count] = [0, 0];
  const first = await auth0.organizations.members.list(id, { take: 100 });
  for await (const page of first.pages()) {
    requests++;
    count += page.data.length;
    for (const member of page.data) ids.add(member.user_id);
    bar.show(count);
  }
  bar.clear();
  check(count === users && ids.size === users && !ids.has(undefined), `${users} members were expected, ${count} came, ${ids.size} of them different`);
  done("by cursor", `organizations.members.list: ${thousands(count)} users, each seen once, ${requests} pages`);
};

// Status and headers, for those who want them.
const raw = async (call) => {
  const done = start();
  const { rawResponse } = await call().withRawResponse();
  const header = (name) => rawResponse.headers.get(name);
  const remaining = header("x-ratelimit-remaining");
  const limit = remaining ? `${thousands(remaining)} of ${thousands(header("x-ratelimit-limit"))} requests left` : "no rate-limit headers";
  done("raw", `status ${rawResponse.status}, ${limit}, request id ${header("x-auth0-requestid") ?? header("cf-ray") ?? "not given"}`);
};

// Has the sandbox answer 429 once. The client waits as long as it is told to, and tries again.
const waitOut = async (call, sandbox) => {
  const faults = `${sandbox.replace(/\/$/, "")}/__sandbox/faults`;
  const fault = { match: { operation: "users.get" }, times: 1, status: 429, headers: { "retry-after": "1" } };
  const ordered = await fetch(faults, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(fault) });
  check(ordered.status === 204, `the sandbox took no fault: status ${ordered.status}`);

  const done = start();
  const before = performance.now();
  const { rawResponse } = await call().withRawResponse();
  const left = await (await fetch(faults)).json();
  check(left.length === 0 && performance.now() - before >= 1000, "the 429 was not waited out");
  done("429", `"Retry-After: 1", waited out, then status ${rawResponse.status}`);
};

// An id that would change the path is refused; nothing is sent.
const wrongId = async (auth0) => {
  const error = await rejection(() => auth0.users.get(".."));
  check(error?.code === "invalid_argument", `users.get("..") was not refused: ${error}`);
  line("bad id", 'users.get(".."):');
  quote(error);
};

const missing = async (auth0, id) => {
  const error = await rejection(() => auth0.users.get(id));
  check(error, `there is a user ${id}`);
  if (error.statusCode !== 404) throw error;
  line("no user", `users.get(${JSON.stringify(id)}):`);
  quote(error);
};

// --- the report ---

const line = (label, text) => console.log(`  ${label.padEnd(10)}${text}`);
const quote = (error) => line("", `> ${error.name}: ${error.message}`);
const shown = (ms) => (ms < 1000 ? `${Math.floor(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);
const thousands = (number) => Number(number).toLocaleString("en-US");

const start = () => {
  const before = performance.now();
  return (label, text) => line(label, `${text} (${shown(performance.now() - before)})`);
};

const check = (holds, otherwise) => {
  if (!holds) throw new Error(otherwise);
};

// What a call fails with; undefined when it does not.
const rejection = async (call) => {
  try {
    await call();
  } catch (error) {
    return error;
  }
};

const variable = (name) => {
  if (!process.env[name]) throw new Error(`${name} is not set`);
  return process.env[name];
};

// A bar on a terminal; elsewhere a line per 500 items.
const progress = (total) => {
  const terminal = process.stdout.isTTY;
  let told = 0;
  return {
    show(count) {
      const text = `${thousands(count)} of ${thousands(total)}`;
      if (terminal) {
        const full = Math.floor((30 * Math.min(count, total)) / Math.max(total, 1));
        process.stdout.write(`\r${" ".repeat(12)}[${"#".repeat(full)}${".".repeat(30 - full)}] ${text} `);
      } else if (Math.floor(count / 500) > told) {
        told = Math.floor(count / 500);
        line("", text);
      }
    },
    clear() {
      if (terminal) process.stdout.write("\r\x1b[2K");
    },
  };
};

try {
  await run(process.argv.slice(2));
} catch (error) {
  console.error(`  the demo stopped: ${error?.message ?? error}`);
  process.exitCode = 1;
}
