// Clients that are made while the module loads, and what the package does of a Worker's functions: see edge.mjs. The banner of the
// bundle has put `watched` in place before anything of this is run.
import { AuthenticationClient, createManagementAuth, ManagementClient, ManagementError, TokenProvider, UserInfoClient } from "auth0-sdk";
import { cacheStore, kvStore, refreshAhead, TokenObject } from "auth0-sdk/stores";
import { UsersClient } from "auth0-sdk/users";
export { TokenObject };

const options = { domain: "tenant.us.auth0.com", clientId: "c", clientSecret: "s" };
export const made = [
  new ManagementClient({ ...options, tokenStore: cacheStore({ encryptionKey: new Uint8Array(32) }) }),
  new AuthenticationClient(options),
  new UserInfoClient(options),
  new TokenProvider(options),
  createManagementAuth(options),
  new UsersClient(createManagementAuth(options).clientOptions),
  refreshAhead(cacheStore(), () => {}),
];
const duringLoad = [...watched.calls];

let shared;
const clientOf = (env, { kv, ...more } = {}) =>
  new ManagementClient({
    domain: env.DOMAIN, audience: env.AUDIENCE, clientId: env.CLIENT_ID, clientSecret: env.CLIENT_SECRET,
    ...(kv && { tokenStore: kvStore(watched.namespace(env.TOKENS), { encryptionKey: new Uint8Array(32).fill(3) }) }),
    ...more,
  });

// Calls one after the other, each of which may fail in its own way, and what was done for them.
const calls = async (env, { client, count = 1, abortAfter, request }) => {
  const auth0 = clientOf(env, client);
  const said = [];
  watched.reset();
  for (let index = 0; index < count; index++) {
    const controller = new AbortController();
    const stop = abortAfter && watched.setTimeout(() => controller.abort(), abortAfter);
    try {
      await auth0.users.list({ per_page: 1 }, { abortSignal: controller.signal, ...request });
      said.push("ok");
    } catch (error) {
      said.push(error instanceof ManagementError ? error.code : error.name);
    } finally {
      clearTimeout(stop);
    }
  }
  return { said, timers: watched.timers.size, subrequests: watched.subrequests() };
};

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/load") return Response.json({ duringLoad, made: made.length });
    if (pathname === "/calls") return Response.json(await calls(env, await request.json()));
    // One client for all requests, and one token.
    shared ??= clientOf(env);
    const { data } = await shared.users.list({ per_page: 1 });
    return Response.json(data.length);
  },
};
