// Runs the suite in a runtime that has files and processes: Node, Deno, Bun. Copied beside the installed package.
import * as sdk from "auth0-sdk";
import * as users from "auth0-sdk/users";
import { report } from "./report.mjs";
import { run } from "./suite.mjs";

await report(run, sdk, { users });
