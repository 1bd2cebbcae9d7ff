// What a call costs in Node over fetch + JSON.parse, and beside the auth0 package: users.list, a page of 50 users.
//
//   node calls.mjs '{"origin":"http://127.0.0.1:1","project":"target/bench/js","processes":5,"rounds":9,"calls":200,"warm":8}'
//
// All contenders run in one process and in turn; the order changes from round to round. The ratio is the median of the ratios
// within a round, which a machine that grows busy in between does not bend. Of this a few processes are made, and the median of
// them is what is said: what V8 compiles, and when, differs from one to the next, and with it the ratio by some hundredths. The
// first rounds, `warm` of them, are not counted: V8 compiles until all contenders have had some turns.
//
// No collection is forced between the turns. It throws away what V8 has learnt of the objects of whoever is not at work, and the
// next turn would measure how that is learnt again: a contender with classes of its own pays for it, one that is a line does not.
// The server is another process.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { origin, project, processes, rounds, calls, warm } = JSON.parse(process.argv[2]);

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const tenth = (value) => Math.round(value * 10) / 10;
const thousandth = (value) => Math.round(value * 1000) / 1000;

if (processes > 1) {
  const one = JSON.stringify({ ...JSON.parse(process.argv[2]), processes: 1 });
  const made = Array.from({ length: processes }, () => JSON.parse(execFileSync(process.execPath, [process.argv[1], one], { encoding: "utf8" })));
  const results = made[0].results.map((row, index) => {
    const of = (key) => made.map(({ results }) => results[index][key]);
    const ratios = of("ratio").sort((a, b) => a - b);
    const [wallUs, cpuUs, ratio, cpuRatio] = ["wallUs", "cpuUs", "ratio", "cpuRatio"].map((key) => median(of(key)));
    return { ...row, wallUs, cpuUs, ratio, cpuRatio, least: ratios[0], most: ratios.at(-1) };
  });
  console.log(JSON.stringify({ ...made[0], processes, results }));
  process.exit();
}

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

const names = Object.keys(contenders);
const results = [];
for (const inFlight of [1, 50]) {
  const taken = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warm; round < rounds; round++) {
    for (let index = 0; index < names.length; index++) {
      const name = names[(index + round + warm) % names.length];
      const run = await timed(contenders[name], inFlight, calls);
      if (round >= 0) taken[name].push(run);
    }
  }
  const base = taken[names[0]];
  for (const name of names) {
    const of = (key) => median(taken[name].map((run) => run[key]));
    const ratio = (key) => thousandth(median(taken[name].map((run, round) => run[key] / base[round][key])));
    results.push({ name, inFlight, wallUs: tenth(of("wall")), cpuUs: tenth(of("cpu")), ratio: ratio("wall"), cpuRatio: ratio("cpu") });
  }
}
console.log(JSON.stringify({ node: process.version, rounds, callsPerRound: calls, results }));
