// The Worker that runs the suite in workerd.
import * as sdk from "auth0-sdk";
import * as users from "auth0-sdk/users";
import { run } from "./suite.mjs";

let shared;
const clientOf = ({ sandbox }) => (shared ??= new sdk.ManagementClient({ domain: sandbox.url, clientId: sandbox.clientId, clientSecret: sandbox.clientSecret, audience: sandbox.audience }));

export default {
  async fetch(request, { ENVIRONMENT }) {
    const environment = JSON.parse(ENVIRONMENT);
    const { pathname } = new URL(request.url);
    if (pathname === "/suite") return Response.json(await run({ ...environment, sdk, users }));
    // One client for all requests of the isolate, as Workers are usually written.
    const page = await clientOf(environment).users.list({ per_page: 1 });
    return Response.json(page.data.length);
  },
};
