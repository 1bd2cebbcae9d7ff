import tables from "auth0-sdk-tables";
import { passThrough } from "./passthrough.js";
import { addGroup, makeGroup, Resource } from "./resource.js";
import { unpack } from "./unpack.js";

// A client for the Management API. Its groups of operations are lazy members: `client.users.list()`.
export class ManagementClient extends Resource {
  static name = "ManagementClient";

  // The authenticated way to a path that no method covers, below the base URL. Answers with the Response itself.
  fetch(input, init, requestOptions) {
    return passThrough(Resource.context(this, "fetch"), input, init, requestOptions);
  }
}

for (const [name, table] of Object.entries(tables)) addGroup(ManagementClient, name, () => makeGroup(name, unpack(name, table)));
