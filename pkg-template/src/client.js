import tables from "auth0-sdk-tables";
import { addGroup, makeGroup, Resource } from "./resource.js";

// A client for the Management API. Its groups of operations are lazy members: `client.users.list()`.
export class ManagementClient extends Resource {
  static name = "ManagementClient";

  // The authenticated way to a path that no method covers, below the base URL. Answers with the Response itself.
  fetch(input, init, requestOptions) {
    const target = typeof input === "string" ? input : (input?.url ?? String(input));
    return Resource.context(this, "fetch").run("fetch", requestOptions, (core, options) => core.fetch(target, init, options));
  }
}

for (const [name, table] of Object.entries(tables)) addGroup(ManagementClient, name, () => makeGroup(name, table));
