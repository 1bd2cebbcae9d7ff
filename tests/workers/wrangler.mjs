// The Workers of examples/ by `wrangler deploy --dry-run`: that what Cloudflare's own tool makes of them builds, and weighs little against what
// the free plan takes. Nothing is sent, to nobody: neither figures nor questions for a newer version.
//
//   node tests/workers/wrangler.mjs        after `cargo xtask test workers` has built examples/worker-rust
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { finish, install, root, sizeOf, test } from "./lib.mjs";

// https://developers.cloudflare.com/workers/platform/limits/#worker-size: 3 MB of gzip on the free plan.
const FREE = 3 * 1024 * 1024;

const modules = join(install(), "node_modules");
const folder = join(root, "target/wrangler-test");
const home = mkdtempSync(join(tmpdir(), "wrangler-"));
const environment = {
  PATH: process.env.PATH,
  HOME: home,
  XDG_CONFIG_HOME: home,
  CI: "true",
  // The banner asks the registry for a newer version.
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  // Whatever would be asked after all finds nobody.
  HTTP_PROXY: "http://127.0.0.1:9",
  HTTPS_PROXY: "http://127.0.0.1:9",
};

/** Copies an example, and gives what wrangler makes of it. */
const dryRun = async (name, prepare = () => {}) => {
  const project = join(folder, name);
  rmSync(project, { recursive: true, force: true });
  cpSync(join(root, "examples", name), project, { recursive: true, filter: (path) => !/(\/target|\/node_modules)$/.test(path) });
  symlinkSync(modules, join(project, "node_modules"), "junction");
  const config = join(project, "wrangler.jsonc");
  writeFileSync(config, prepare(project, readFileSync(config, "utf8")) ?? readFileSync(config, "utf8"));
  const out = join(project, "out");
  mkdirSync(out);
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  const run = promisify(execFile)(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", out], { cwd: project, env: environment });
  const { stdout } = await run;
  const [, total, gzip] = /Total Upload: ([\d.]+ KiB) \/ gzip: ([\d.]+) KiB/.exec(stdout) ?? assert.fail(stdout);
  // What there is besides the modules is not sent.
  const files = readdirSync(out).filter((file) => !/\.map$|^README/.test(file)).map((file) => join(out, file));
  assert.ok(files.every((file) => statSync(file).isFile()), files.join());
  console.log(`examples/${name}: wrangler uploads ${total}, gzip ${gzip} KiB: ${((Number(gzip) * 102400) / FREE).toFixed(1)} % of what the free plan takes`);
  return { gzip: Number(gzip) * 1024, size: sizeOf(files), stdout };
};

try {
  await test("examples/worker-js is bundled by wrangler, and is small", async () => {
    const { gzip, size, stdout } = await dryRun("worker-js");
    assert.ok(gzip < FREE / 20 && size.gzip < FREE / 20, `${gzip} ${size.gzip}`);
    for (const binding of ["TOKENS", "SESSIONS", "AUTH0_DOMAIN", "API_AUDIENCE"]) assert.match(stdout, new RegExp(`env\\.${binding}\\b`));
    assert.doesNotMatch(stdout, /WARNING|nodejs_compat/i);
  });
  await test("examples/worker-rust is bundled by wrangler, and is small", async () => {
    // It is built already, by the step that runs this.
    const { gzip, size, stdout } = await dryRun("worker-rust", (_, config) => {
      const built = config.replace(/^\s*"build": .*\n/m, "");
      assert.notEqual(built, config);
      return built;
    });
    assert.ok(gzip < FREE / 6 && size.gzip < FREE / 6, `${gzip} ${size.gzip}`);
    assert.match(stdout, /env\.TOKEN_OBJECTS \(TokenObject\)/);
    assert.doesNotMatch(stdout, /WARNING|nodejs_compat/i);
  });
  await test("one that does not build is told", async () => {
    const line = 'import "auth0-sdk/nothing-of-that-name";\n';
    await assert.rejects(dryRun("worker-js", (project) => writeFileSync(join(project, "src/index.js"), line)), /nothing-of-that-name/);
  });
} finally {
  rmSync(home, { recursive: true, force: true });
}

finish();
