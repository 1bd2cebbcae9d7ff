// What all requests of an isolate share: clients keep tokens and keys in memory. Made by the first request, since a Worker may do no
// work while its module loads.
import { AuthenticationClient, ManagementClient, RequestGuard, TokenProvider, TokenVerifier } from "auth0-sdk";
import { kvStore, refreshAhead } from "auth0-sdk/stores";

export const bytes = (base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

const make = (env) => {
  const [domain, clientId, clientSecret] = [env.AUTH0_DOMAIN, env.AUTH0_CLIENT_ID, env.AUTH0_CLIENT_SECRET];
  const credentials = { domain, clientId, clientSecret, audience: env.AUTH0_AUDIENCE };
  const onTokenStoreProblem = (problem) => console.warn("token store:", String(problem));
  // One token for all isolates, encrypted; the next one is bought behind an answer, so that no request waits for it.
  const buy = (tokenStore) => new TokenProvider({ ...credentials, tokenStore, onTokenStoreProblem }).getAccessToken();
  const { store, refresh } = refreshAhead(kvStore(env.TOKENS, { encryptionKey: bytes(env.TOKEN_KEY) }), buy);
  // Its audience is that of the API, its client that of the login.
  const verifier = new TokenVerifier({ domain, audience: env.API_AUDIENCE, clientId });
  return {
    refresh,
    verifier,
    management: new ManagementClient({ ...credentials, tokenStore: store, onTokenStoreProblem }),
    authentication: new AuthenticationClient({ domain, clientId, clientSecret }),
    everyone: new RequestGuard(verifier),
    readers: new RequestGuard(verifier, { scopes: "read:profiles" }),
  };
};

let made;
export const auth0 = (env) => (made ??= make(env));
