// The same through `require`.
const sdk = require("auth0-sdk");

import("./suite.mjs").then(async ({ run }) => (await import("./report.mjs")).report(run, sdk));
