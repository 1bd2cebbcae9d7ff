// The page's script that runs the suite in a browser, bundled or bare. The page's own origin stands for the sandbox, and takes the
// results.
import * as sdk from "auth0-sdk";
import { run } from "./suite.mjs";

// The suite puts others in place.
const { fetch } = globalThis;
const say = (what, value) => fetch(`/__tests/${what}`, { method: "POST", body: JSON.stringify(value) });

const environment = await (await fetch("/environment.json")).json();
environment.sandbox.url = location.origin;
const told = [];
try {
  await run({ ...environment, sdk, users: globalThis.users }, (result) => told.push(say("result", result)));
} finally {
  await Promise.all(told);
  await say("finished", told.length);
}
