// Runs the suite in an edge-light runtime, where there are no modules: a bundle hands `main` to whoever evaluates it.
import * as sdk from "auth0-sdk";
import { run } from "./suite.mjs";

globalThis.main = async (environment, tell) => {
  await run({ ...JSON.parse(environment), sdk }, (result) => tell(JSON.stringify(result)));
};
