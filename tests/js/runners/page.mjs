// The page's script that runs the suite in a browser, bundled or bare. The page's own origin stands for the sandbox.
import * as sdk from "auth0-sdk";
import { run } from "./suite.mjs";

const environment = await (await fetch("/environment.json")).json();
environment.sandbox.url = location.origin;
try {
  await run({ ...environment, sdk }, (result) => globalThis.tell(result));
} finally {
  globalThis.finished();
}
