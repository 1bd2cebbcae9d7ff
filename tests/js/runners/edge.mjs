// Runs the suite in an edge-light runtime, where there are no modules: a bundle hands `main` to whoever evaluates it.
import * as sdk from "auth0-sdk";
import * as users from "auth0-sdk/users";
import { run } from "./suite.mjs";

globalThis.main = async (environment, tell) => {
  await run({ ...JSON.parse(environment), sdk, users }, (result) => tell(JSON.stringify(result)));
};
