// The server of the page: what it refuses, and what it says when it cannot begin.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { request } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { origin, root } from "./page.mjs";

const ended = (...given) =>
  new Promise((resolve) => {
    const server = spawn(process.execPath, [join(root, "www/serve.mjs"), ...given], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    server.stderr.on("data", (data) => (said += data));
    server.on("exit", (code) => resolve({ code, said }));
  });

const asked = (path, { host, method = "GET" } = {}) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    request({ hostname, port, path, method, headers: host ? { host } : {} }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });

export default {
  "a port in use and one that is none are explained": async () => {
    const taken = await ended("--port", new URL(origin).port);
    assert.equal(taken.code, 1);
    assert.match(taken.said, /^Port \d+ is in use: .*\n$/);
    const none = await ended("--port", "99999");
    assert.equal(none.code, 1);
    assert.match(none.said, /^--port 99999 is no port\n$/);
  },
  "the tenant's secret is given to this machine alone": async () => {
    assert.equal(await asked("/config.json"), 200);
    // A name that somebody else made lead here.
    assert.equal(await asked("/config.json", { host: "evil.example.com" }), 403);
    assert.equal(await asked("/config.json", { method: "POST" }), 405);
    for (const path of ["/../package.json", "/%2e%2e/package.json", "/..%2fpackage.json", "/groups", "/nothing"]) assert.equal(await asked(path), 404, path);
  },
};
