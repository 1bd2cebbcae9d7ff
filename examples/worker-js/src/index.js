// A Worker that reads a user by the Management API. All isolates share one token, in KV, encrypted.
import { ManagementClient, ManagementError } from "auth0-sdk";
import { kvStore } from "auth0-sdk/stores";

// One client an isolate: it keeps the token in memory too, so that KV is asked once per isolate and token.
let auth0;
const clientOf = (env) =>
  (auth0 ??= new ManagementClient({
    domain: env.AUTH0_DOMAIN,
    audience: env.AUTH0_AUDIENCE,
    clientId: env.AUTH0_CLIENT_ID,
    clientSecret: env.AUTH0_CLIENT_SECRET,
    tokenStore: kvStore(env.TOKENS, { encryptionKey: Uint8Array.from(atob(env.TOKEN_KEY), (char) => char.charCodeAt(0)) }),
    onTokenStoreProblem: (problem) => console.warn("token store:", problem),
  }));

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const id = /^\/users\/([^/]+)$/.exec(pathname)?.[1];
    if (!id) return new Response("GET /users/{id}\n", { status: 404 });
    // This Worker has no guard yet: whoever reaches it may ask. Deploy it behind one.
    if (request.headers.get("authorization") !== `Bearer ${env.ACCESS_KEY}`) return new Response("unauthorized\n", { status: 401 });
    try {
      const user = await clientOf(env).users.get(decodeURIComponent(id), { fields: "user_id,email,name" }, { abortSignal: request.signal, deadlineInSeconds: 20 });
      return Response.json(user);
    } catch (error) {
      if (!(error instanceof ManagementError)) throw error;
      console.error(error.message);
      return new Response(error.statusCode === 404 ? "there is no such user\n" : "Auth0 did not answer\n", { status: error.statusCode === 404 ? 404 : 502 });
    }
  },
};
