// What a call costs in Node over fetch + JSON.parse, and beside the auth0 package: users.list, a page of 50 users.
//
//   node --expose-gc calls.mjs '{"origin":"http://127.0.0.1:1","project":"target/bench/js","rounds":15,"calls":200}'
//
// All contenders run in one process and in turn; the order changes from round to round, and what one has left for the
// garbage collector is collected before the next begins. The server is another process. The ratio is the median of the
// ratios within a round, which a machine that grows busy in between does not bend.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { origin, project, rounds, calls } = JSON.parse(process.argv[2]);
const find = createRequire(pathToFileURL(join(project, "package.json")).href).resolve;
const load = (name) => import(pathToFileURL(find(name)).href);
const TOKEN = "the-token-of-the-benchmark";

// The auth0 package always calls https://{domain}/api/v2 with the global fetch: that is led to the server.
const HOST = "bench.example";
const realFetch = globalThis.fetch;
const led = `https://${HOST}`;
globalThis.fetch = (url, init) => realFetch(typeof url === "string" && url.startsWith(led) ? origin + url.slice(led.length) : url, init);

const contenders = {};
const headers = { accept: "application/json", authorization: `Bearer ${TOKEN}`, "auth0-client": "eyJuYW1lIjoiYXV0aDAtc2RrIiwidmVyc2lvbiI6IjAuMS4wIn0" };
const url = `${origin}/api/v2/users?page=0&per_page=50&include_totals=true`;
contenders["fetch + JSON.parse"] = async () => JSON.parse(await (await realFetch(url, { headers })).text()).users;
// What a request by hand has to do as well before it is as safe: end after a time.
contenders["fetch with a timeout + JSON.parse"] = async () => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), 60_000);
  try {
    return JSON.parse(await (await realFetch(url, { headers, redirect: "manual", signal: controller.signal })).text()).users;
  } finally {
    clearTimeout(timer);
  }
};
{
  const { ManagementClient } = await load("auth0-sdk");
  const client = new ManagementClient({ domain: origin, token: TOKEN, fetch: realFetch });
  contenders["auth0-sdk"] = async () => (await client.users.list()).data;
}
for (const [alias, name] of [["auth0-6", "auth0@6.1.0"], ["auth0-7", "auth0@7.1.0"]]) {
  const { ManagementClient } = createRequire(join(project, "package.json"))(alias);
  const client = new ManagementClient({ domain: HOST, token: TOKEN });
  contenders[name] = async () => (await client.users.list({ page: 0, per_page: 50, include_totals: true })).data;
}

const timed = async (call, inFlight, count) => {
  globalThis.gc?.();
  const cpu = process.cpuUsage();
  const begun = process.hrtime.bigint();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let made = 0; made < count / inFlight; made++) {
        const users = await call();
        if (users.length !== 50) throw new Error(`this is not a page of 50 users, but ${users.length}`);
      }
    }),
  );
  const wall = Number(process.hrtime.bigint() - begun) / 1000 / count;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / count };
};

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const tenth = (value) => Math.round(value * 10) / 10;

const names = Object.keys(contenders);
const results = [];
for (const inFlight of [1, 50]) {
  for (const name of names) await timed(contenders[name], inFlight, 400);
  const taken = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < names.length; index++) {
      const name = names[(index + round) % names.length];
      taken[name].push(await timed(contenders[name], inFlight, calls));
    }
  }
  const base = taken[names[0]];
  for (const name of names) {
    const of = (key) => median(taken[name].map((run) => run[key]));
    const ratio = (key) => Math.round(median(taken[name].map((run, round) => run[key] / base[round][key])) * 1000) / 1000;
    results.push({ name, inFlight, wallUs: tenth(of("wall")), cpuUs: tenth(of("cpu")), ratio: ratio("wall"), cpuRatio: ratio("cpu") });
  }
}
console.log(JSON.stringify({ node: process.version, rounds, callsPerRound: calls, results }));
