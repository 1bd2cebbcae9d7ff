// Everything but the loader: one file in the package, which the entry points of all runtimes import, and those of single groups.
import { ManagementClient } from "./client.js";
import { groupOf } from "./resource.js";

export * from "./index.js";
export { setLoader } from "./load.js";
export const group = (path) => groupOf(ManagementClient, path);
