// Everything but the loader: one file in the package, which the entry points of all runtimes import, and those of single groups.
import { ManagementClient } from "./client.js";
import { setLoader } from "./load.js";
import { groupOf } from "./resource.js";

export * from "./index.js";
// What the package's own files need of it: `export *` leaves a default out, so that nobody else sees it.
export default { setLoader, group: (path) => groupOf(ManagementClient, path) };
