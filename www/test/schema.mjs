// The schema of bodies, without a browser.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./page.mjs";

const schema = async () => {
  const outfile = join(root, "target/www-build/schema.mjs");
  await build({ entryPoints: [join(root, "www/src/schema.ts")], bundle: true, format: "esm", outfile });
  return import(pathToFileURL(outfile).href);
};

export default {
  "bodies are judged as the description says": async () => {
    const { check, resolve: resolved, sample } = await schema();
    const isAny = (type, types) => resolved(type, types).type === "any";
    const details = new Map();
    for (const file of readdirSync(join(root, "www/generated/groups"))) {
      const { operations, types } = JSON.parse(readFileSync(join(root, "www/generated/groups", file), "utf8"));
      for (const operation of operations) details.set(operation.id, { ...operation, types });
    }
    assert.equal(details.size, 491);
    // What the generator of the conformance tests makes is right, and has to be found right.
    const wrong = [];
    let judged = 0;
    for (const { operation, size, body } of JSON.parse(readFileSync(join(root, "target/samples.json"), "utf8"))) {
      if (body === undefined) continue;
      judged++;
      const { body: type, types } = details.get(operation);
      const issues = check(body, type, types);
      if (issues.length) wrong.push([operation, size, issues]);
      // And a value of another kind is wrong, where not any is right.
      if (!isAny(type, types)) assert.ok(check(true, type, types).length > 0, operation);
    }
    assert.ok(judged > 300, `${judged} bodies`);
    // So does what the buttons fill in.
    for (const [id, { body, types }] of details) {
      if (body === undefined) continue;
      for (const full of [false, true]) {
        const issues = check(sample(body, types, full), body, types);
        if (issues.length) wrong.push([id, full ? "all" : "required", issues]);
      }
    }
    assert.deepEqual(wrong, []);
  },
};
