// A token without a client, and one token for several clients of single groups.
import { Context } from "./context.js";
import { shared } from "./resource.js";

// Goes the way of a call up to the point where the request would be sent: cache, single flight, retries, timeouts, errors.
const tokenOf = async (context) => {
  let header;
  const fetch = async (_url, init) => {
    header = init.headers.authorization;
    return new Response();
  };
  await context.send({ id: "token", line: "G/" }, "", "", undefined, undefined, { fetch });
  return header.slice("Bearer ".length);
};

// Client credentials as for ManagementClient.
export class TokenProvider {
  static name = "TokenProvider";

  #context;

  constructor(options) {
    this.#context = new Context(options);
  }

  // Cached until shortly before it expires; calls at the same time make one request.
  getAccessToken() {
    return tokenOf(this.#context);
  }
}

// `{ baseUrl, getToken, clientOptions }`, with options as for ManagementClient. All clients made from `clientOptions` share the token.
export const createManagementAuth = (options) => {
  const context = new Context(options);
  const { baseUrl } = context;
  const getToken = () => tokenOf(context);
  // What remains has no secret in it.
  const { token, clientId, clientSecret, clientAssertionSigningKey, useMTLS, audience, organization, ...others } = options;
  const clientOptions = { ...others, baseUrl, token: getToken };
  const made = { ...clientOptions };
  // Behind a function, so that printing the options shows nothing of it.
  return { baseUrl, getToken, clientOptions: Object.assign(clientOptions, { [shared]: () => [context, made] }) };
};

// The auth0 package has it; the domain says where the API is.
export const ManagementEnvironment = { Default: "https://%7BTENANT%7D.auth0.com/api/v2" };
