// The same through `require`.
const sdk = require("auth0-sdk");
const users = require("auth0-sdk/users");

import("./suite.mjs").then(async ({ run }) => (await import("./report.mjs")).report(run, sdk, { users }));
