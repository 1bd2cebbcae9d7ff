// What it costs to load the package in Node: fresh processes, interleaved, net of an empty one.
//
//   node start.mjs '{"origin":"http://127.0.0.1:1","project":"target/bench/js","runs":15}'
//
// `import` and `require` load the module and make a client. `first call` goes on until the first call is answered, which
// instantiates the WebAssembly module; `fetch` is the same call without a package.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const { origin, project, runs } = JSON.parse(process.argv[2]);
const led = `const real = globalThis.fetch; globalThis.fetch = (url, init) => real(String(url).replace("https://bench.example", ${JSON.stringify(origin)}), init);`;
const report = `process.stdout.write(String(process.memoryUsage.rss()));`;
const sdk = `const client = new ManagementClient({ domain: ${JSON.stringify(origin)}, token: "t" });`;
const auth0 = `const client = new ManagementClient({ domain: "bench.example", token: "t" });`;
const first = `if ((await client.users.list()).data.length !== 50) throw new Error("no page");`;

const cases = { empty: ["mjs", ""] };
cases["fetch: first call"] = ["mjs", `const page = JSON.parse(await (await fetch("${origin}/api/v2/users")).text()); if (page.users.length !== 50) throw new Error("no page");`];
for (const [name, specifier, make, lead] of [
  ["auth0-sdk", "auth0-sdk", sdk, ""],
  ["auth0@6.1.0", "auth0-6", auth0, led],
  ["auth0@7.1.0", "auth0-7", auth0, led],
]) {
  const load = `const { ManagementClient } = await import("${specifier}");`;
  cases[`${name}: import`] = ["mjs", `${load} ${make}`];
  cases[`${name}: require`] = ["cjs", `const { ManagementClient } = require("${specifier}"); ${make}`];
  cases[`${name}: import and first call`] = ["mjs", `${lead} ${load} ${make} ${first}`];
}

const files = Object.entries(cases).map(([name, [kind, code]], index) => {
  const path = join(project, `start-${index}.${kind}`);
  writeFileSync(path, `${code}\n${report}\n`);
  return { name, path, wall: [], rss: [] };
});
for (let run = -1; run < runs; run++) {
  for (const file of files) {
    const begun = process.hrtime.bigint();
    const { status, stdout, stderr } = spawnSync(process.execPath, [file.path], { encoding: "utf8", cwd: project });
    const wall = Number(process.hrtime.bigint() - begun) / 1e6;
    if (status !== 0) throw new Error(`${file.name}: ${stderr}`);
    // The first run only fills the file cache.
    if (run < 0) continue;
    file.wall.push(wall);
    file.rss.push(Number(stdout) / 1e6);
  }
}
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const tenth = (value) => Math.round(value * 10) / 10;
const [empty] = files;
const results = files.map(({ name, wall, rss }) => {
  const net = (values, of) => tenth(median(values.map((value, run) => value - of[run])));
  return { name, wallMs: name === "empty" ? tenth(median([...wall])) : net(wall, empty.wall), rssMb: name === "empty" ? tenth(median([...rss])) : net(rss, empty.rss) };
});
console.log(JSON.stringify({ node: process.version, runs, results }));
