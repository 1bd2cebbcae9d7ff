// Sending a user to log in and out, and taking the answer (RFC 6749, section 4.1; RFC 7636; RFC 9101; RFC 9126; RFC 9207). The same
// checks as in src/auth/transaction.rs: here again, since there is little to decide and the browser has all that it takes.
import { LIFETIME, send } from "./auth-call.js";
import { createPkce, issued } from "./dpop.js";
import { randomText, same, signer } from "./jose.js";

const urlOf = (context, path, params) => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return `${context.origin}${path}?${query}`;
};

// `pushed` sends the request to the server directly; `requestObject: { key, alg, kid }` signs it; the login may take `lifetime`
// seconds.
export const beginLogin = async (context, params = {}, { pushed, requestObject, requireIssuer, lifetime = 3600 } = {}) => {
  const { clientId } = context;
  if (!clientId) throw new Error("this needs a client id, and the client has none");
  const all = { client_id: clientId, response_type: "code", scope: "openid profile email", ...params };
  const idToken = /\bopenid\b/.test(all.scope) || /\bid_token\b/.test(all.response_type);
  all.state ??= randomText();
  if (idToken) all.nonce ??= randomText();
  let code_verifier;
  if (/\bcode\b/.test(all.response_type) && !all.code_challenge) {
    ({ codeVerifier: code_verifier, codeChallenge: all.code_challenge, codeChallengeMethod: all.code_challenge_method } = await createPkce());
  }
  const now = Math.floor(Date.now() / 1000);
  const { state, nonce, redirect_uri, organization, max_age } = all;
  const transaction = { state, nonce, code_verifier, redirect_uri, organization, maxAge: max_age, requireIssuer, expiresAt: now + lifetime };
  let request = all;
  if (requestObject) {
    const { key, alg = "RS256", kid } = requestObject;
    const times = issued(LIFETIME);
    request = { client_id: clientId, request: await signer(key, alg)({ kid, typ: "oauth-authz-req+jwt" }, { ...all, ...times, nbf: times.iat, iss: clientId, aud: context.issuer }) };
  }
  if (pushed) {
    const { data } = await send(context, "oauth.pushedAuthorization", request);
    request = { client_id: clientId, request_uri: data.request_uri };
  }
  return { url: urlOf(context, "/authorize", request), transaction };
};

// The parameters of a callback URL (its query and its fragment), of a query alone, or of a form.
const parametersOf = (answer) => {
  if (answer instanceof URLSearchParams || answer instanceof FormData) return [...answer];
  const text = String(answer);
  const [rest, fragment = ""] = text.split("#", 2);
  const mark = rest.indexOf("?");
  const query = mark >= 0 ? rest.slice(mark + 1) : /^[^&=]*[:/]/.test(rest) ? "" : rest;
  return [...new URLSearchParams(query), ...new URLSearchParams(fragment)];
};

export const checkCallback = (context, transaction, answer) => {
  const fail = (error, message) => {
    throw Object.assign(new Error(message), { name: "CallbackError", error, error_description: message });
  };
  const pairs = parametersOf(answer);
  const get = (name) => pairs.find((pair) => pair[0] === name)?.[1];
  // RFC 6749, section 3.1: none may come twice.
  for (const name of ["code", "state", "error", "error_description", "iss", "id_token", "access_token", "response"]) {
    if (pairs.filter((pair) => pair[0] === name).length > 1) fail("invalid_callback", `the answer has \`${name}\` twice`);
  }
  if (!same(get("state") ?? "", transaction?.state || "?")) fail("state_mismatch", "the answer's `state` is not that of this login");
  const iss = get("iss");
  if (iss === undefined ? transaction.requireIssuer : iss !== context.issuer) fail("issuer_mismatch", `the answer does not come from ${context.issuer}`);
  if (Date.now() / 1000 > transaction.expiresAt) fail("transaction_expired", "the login took too long: begin it again");
  const error = get("error");
  if (error) fail(error, get("error_description") || "the login was refused");
  if (!get("code")) fail("invalid_callback", "the answer has neither a code nor an error");
  return Object.fromEntries(pairs);
};

export const logoutUrl = (context, path, params) => urlOf(context, path, { client_id: context.clientId, ...params }).replace(/federated=true/, "federated");
