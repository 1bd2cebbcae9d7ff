// One call of the Authentication API: its parameters go to the core, which makes the request and decides about it.
import { required, toAuthError } from "./auth-errors.js";
import table from "./auth-table.js";
import { drive, pause } from "./drive.js";
import { read, refused, toError } from "./errors.js";
import { toForm } from "./form.js";
import { issued } from "./dpop.js";
import { algorithmOf, signer } from "./jose.js";
import { loadCore } from "./load.js";
import { telemetryHeader } from "./telemetry.js";
import { TokenVerifier } from "./verify.js";

const rows = table.split("\n").map((row) => [row.slice(0, row.indexOf(" ")), row.slice(row.indexOf(" ") + 1)]);
const lines = Object.fromEntries(rows);

// The names of a group's endpoints.
export const namesOf = (group) => rows.filter(([id]) => id.startsWith(`${group}.`)).map(([id]) => id.slice(group.length + 1));

// Stands in the body for an assertion, until each try of the request has its own.
const PLACE = "auth0-sdk-assertion";

// Assertions and request objects live for so long, in seconds.
export const LIFETIME = 120;

// Where a client shows its key, if its tokens are bound to one (RFC 9449, sections 5, 7 and 10.1).
const PROVEN = /^\w\/(oauth\/(token|par)|userinfo)\b/;

// How long a call waits for another one that refreshes the same token, and how often it looks, in milliseconds.
const PATIENCE = 60000;
const GLANCE = 10;

// What an answer is given as.
export class JSONApiResponse {
  static name = "JSONApiResponse";

  constructor(data, headers, status, statusText) {
    Object.assign(this, { data, headers, status, statusText });
  }
}
export class VoidApiResponse extends JSONApiResponse {
  static name = "VoidApiResponse";
}
export class TextApiResponse extends JSONApiResponse {
  static name = "TextApiResponse";
}

// What a client and its groups share.
export class AuthContext {
  flights = new Map();
  kept = {};

  constructor(options) {
    if (!options?.domain) throw new Error("`domain` is missing: expected something like tenant.us.auth0.com");
    const { domain, fetch: own, agent, retry, headers, dpop } = options;
    // A promise of one would be passed over, and the tokens bound to nothing.
    if (dpop && !dpop.prove) throw new Error("`dpop` must be what `await createDpop()` gives");
    Object.assign(this, { timeoutDuration: 10000, ...options });
    const given = ["publicClient", "clientSecret", "clientAssertionSigningKey"].filter((name) => options[name]);
    // One of them would be passed over.
    if (given[1]) throw new Error(`\`${given.join("` and `")}\`: a client has one of them`);
    this.domain = domain.replace(/\/$/, "");
    this.origin = /^https?:\/\//.test(this.domain) ? this.domain : `https://${this.domain}`;
    this.issuer = `${this.origin}/`;
    this.telemetryHeader = telemetryHeader(options);
    // The global one at the time of the call; the caller's own without a receiver.
    const send = own ?? ((url, init) => fetch(url, init));
    this.fetch = agent ? (url, init) => send(url, { ...init, dispatcher: agent }) : send;
    this.ownHeaders = headers ?? {};
    this.maxRetries = retry?.enabled === false ? 0 : (retry?.maxRetries ?? 2);
    const { issuer, clientId, clientSecret: secret, clockTolerance: leeway, idTokenSigningAlg = "RS256" } = this;
    // Made when an ID token comes. What is wrong with the keys' answer is tried again, as for any call.
    let verifier;
    this.verifier = () =>
      (verifier ??= new TokenVerifier({
        domain: this.origin, issuer, clientId, leeway, algorithms: [idTokenSigningAlg],
        ...(algorithmOf(idTokenSigningAlg)?.kty === "oct" ? { secret: secret ?? "" } : { jwksUrl: `${this.origin}/.well-known/jwks.json` }),
        fetch: async (url, init) => {
          for (let left = this.maxRetries; ; left--) {
            const response = await this.fetch(url, init).catch((error) => left > 0 || Promise.reject(error));
            if (response.status < 500 || !(left > 0)) return response;
            await pause(250, init.signal);
          }
        },
      }));
    let sign;
    const { clientAssertionSigningKey: key, clientAssertionSigningAlg = "RS256", clientAssertionKeyId: kid } = this;
    this.assertion = (origin) => (sign ??= signer(key, clientAssertionSigningAlg))({ kid }, { iss: clientId, sub: clientId, aud: `${origin}/`, ...issued(LIFETIME) });
  }

  // The origin of an endpoint: a client with a certificate shows it at an alias.
  originOf(line) {
    return this.useMTLS && /^\S+ \w*[cb]/.test(line) ? this.origin.replace("://", "://mtls.") : this.origin;
  }

  // A client that can prove who it is, or says that it cannot.
  get authenticates() {
    return this.clientSecret || this.clientAssertionSigningKey || this.useMTLS || this.publicClient;
  }
}

const perform = async (context, id, params, { path = [], bearer, initOverrides, headers, Refusal, line = lines[id] }) => {
  const has = (flag) => line.split(" ", 2)[1].includes(flag);
  const form = has("f");
  const pairs = Object.entries(params ?? {})
    // A form has no null, and undefined is as good as absent.
    .filter(([, value]) => value !== undefined && !(form && value === null))
    .map(([name, value]) => [name, typeof value === "string" ? `s${value}` : `j${JSON.stringify(value)}`]);
  const origin = context.originOf(line);
  const { clientAssertionSigningKey: signs, clientSecret, clientSecretBasic } = context;
  const settings = [["domain", origin], ["timeoutMs", context.timeoutDuration], ["maxRetries", context.maxRetries]];
  const say = (name, value) => value !== undefined && value !== null && value !== "" && settings.push([name, value]);
  say("clientId", context.clientId);
  if (signs) say("assertion", PLACE);
  else say(clientSecretBasic ? "basic" : "secret", clientSecret);
  say("bearer", bearer);
  say("header:auth0-client", context.telemetryHeader);
  for (const [name, value] of Object.entries({ ...context.ownHeaders, ...headers })) say(`header:${name}`, value);
  const { Exchange } = await loadCore();
  const overrides = typeof initOverrides === "function" ? await initOverrides({ init: {}, context: {} }) : initOverrides;
  const io = { context, id, strict: true, text: has("x") || has("v"), signal: overrides?.signal ?? undefined };
  try {
    const input = [line, id, path.map(encodeURIComponent).join("&"), toForm(pairs), toForm(settings)].join("\n");
    const exchange = Exchange.auth(input) ?? refused(Exchange.authRefusal(input));
    const body = exchange.body();
    io.body = signs && body.includes(PLACE) ? async () => body.replace(PLACE, await context.assertion(origin)) : body || undefined;
    const fetch = overrides ? (url, init) => context.fetch(url, { ...init, ...overrides, signal: init.signal }) : context.fetch;
    const prove = PROVEN.test(line) && context.dpop?.prove;
    io.fetch = prove
      ? (url, init) =>
          prove(init.method, url, bearer, async (proof, first) => {
            const own = { ...init.headers, dpop: proof, ...(bearer && { authorization: `DPoP ${bearer}` }) };
            // An assertion is good for one request.
            return fetch(url, { ...init, headers: own, body: first || !io.body?.call ? init.body : await io.body() });
          })
      : fetch;
    const { response, data } = await drive(exchange, io);
    const Answer = has("x") ? TextApiResponse : has("v") ? VoidApiResponse : JSONApiResponse;
    return new Answer(has("v") ? undefined : data, response.headers, response.status, response.statusText);
  } catch (thrown) {
    throw toAuthError(typeof thrown === "string" ? toError(read(thrown), id) : thrown, io.found, Refusal);
  }
};

// Calls that refresh the same token at the same time make one request. Those that wait look for themselves, each on a timer of
// its own: in Cloudflare Workers the I/O of one request must not wake another, and one that is cancelled there stops for good. What
// may be made `again` is then made by one of those that wait.
export const share = async (flights, key, make, again) => {
  const flight = flights.get(key);
  if (!flight) {
    const mine = {};
    flights.set(key, mine);
    try {
      return (mine.answer = await make());
    } catch (error) {
      mine.error = error;
      throw error;
    } finally {
      if (flights.get(key) === mine) flights.delete(key);
    }
  }
  for (let waited = 0; waited < (again ? 5000 : PATIENCE); waited += GLANCE) {
    if (flight.error) throw flight.error;
    if (flight.answer) return flight.answer;
    await pause(GLANCE);
  }
  if (flights.get(key) === flight) flights.delete(key);
  if (again) return share(flights, key, make, again);
  // Sent again, it may be used up twice.
  throw new Error("another call that refreshes the same token did not end");
};

const send_ = (context, id, params, options = {}) =>
  id === "oauth.refreshTokenGrant" && !options.initOverrides
    ? share(context.flights, JSON.stringify(params), () => perform(context, id, params, options))
    : perform(context, id, params, options);
export { send_ as send };

// The names that an endpoint requires, of what is given to it.
export const check = (id, params) => required(params, (lines[id].split(" ")[3] ?? "").split(",").filter(Boolean));

export const needsAuthentication = (context, params) => {
  if (!context.authenticates && !params?.client_secret && !params?.client_assertion) {
    throw new Error("The client_secret or client_assertion field is required, or it should be mTLS request.");
  }
};
