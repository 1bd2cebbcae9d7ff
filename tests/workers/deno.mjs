// As on Deno Deploy: a handler of `Deno.serve` in deno, which may reach the network and read what was deployed with it, and nothing else; and
// with `auth0-sdk/inline`, which brings its wasm in the module, not even that.
//
//   SANDBOX_URL=… SANDBOX_CLIENT_ID=… SANDBOX_CLIENT_SECRET=… SANDBOX_AUDIENCE=… node tests/workers/deno.mjs
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { finish, install, management, root, sandbox, test, tokenFor } from "./lib.mjs";

const project = install();
const [{ user_id: id }] = await management("users");
const token = await tokenFor(sandbox.audience);
const deno = join(root, "node_modules/@deno/linux-x64-glibc/deno");

const serve = async (name, specifier, permissions) => {
  const file = join(project, `${name}.mjs`);
  writeFileSync(
    file,
    `import { ManagementClient, RequestGuard, TokenVerifier } from "${specifier}";
import { createLimiter } from "auth0-sdk/bulk";
const guard = new RequestGuard(new TokenVerifier({ domain: "${sandbox.url}", audience: "${sandbox.audience}" }));
const auth0 = new ManagementClient({
  domain: "${sandbox.url}", audience: "${sandbox.audience}", clientId: "${sandbox.clientId}", clientSecret: "${sandbox.clientSecret}", fetch: createLimiter().fetch(),
});
Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(port) }, async (request) => {
  const { response } = await guard.check(request);
  return response ?? Response.json(await auth0.users.get(${JSON.stringify(id)}, { fields: "user_id" }));
});
`,
  );
  const child = spawn(deno, ["run", "--no-prompt", "--no-remote", "--node-modules-dir=manual", ...permissions, file], { cwd: project, stdio: ["ignore", "pipe", "inherit"], env: { PATH: process.env.PATH, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" } });
  try {
    let port;
    for await (const line of createInterface(child.stdout)) {
      port = Number(line);
      break;
    }
    assert.ok(port, "it does not listen");
    const ask = (headers) => fetch(`http://127.0.0.1:${port}/`, { headers });
    assert.equal((await ask({})).status, 401);
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask({ authorization: `Bearer ${token}` })));
    for (const answer of answers) assert.deepEqual(await answer.json(), { user_id: id });
  } finally {
    child.kill();
  }
};
const network = `--allow-net=127.0.0.1,${new URL(sandbox.url).host}`;
await test("Deno.serve with the network and the deployed files", () => serve("deploy", "auth0-sdk", [network, `--allow-read=${project}`]));
await test("Deno.serve with the network alone", () => serve("inline", "auth0-sdk/inline", [network]));

finish();
