// The check of an ID token (OpenID Connect Core 1.0, section 3.1.3.7), with the messages of auth0 v6.
import { IdTokenValidatorError } from "./auth-errors.js";
import { algorithmOf, utf8 } from "./jws.js";

// How long keys are kept, and how soon after a fetch an unknown one may cause the next, in milliseconds.
const FRESH = 600000;
const COOLDOWN = 30000;

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const decode = (part) => {
  if (!/^[\w-]+$/.test(part)) throw new Error("not base64url");
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes(part)));
};

const keyOf = async (context, { kid, alg }) => {
  const find = (keys) => keys?.find((key) => key.kid === kid && key.kty === "RSA" && (key.use ?? "sig") === "sig" && (key.alg ?? alg) === alg);
  const age = Date.now() - (context.keys?.at ?? -Infinity);
  let found = age < FRESH ? find(context.keys.list) : undefined;
  if (!found && age >= COOLDOWN) {
    const set = await context.jwks();
    context.keys = { at: Date.now(), list: Array.isArray(set?.keys) ? set.keys : [] };
    found = find(context.keys.list);
  }
  return found;
};

// Compares what is no secret of ours, and gives the claims.
export const validate = async (context, token, { nonce, maxAge, organization } = {}, refreshed) => {
  const { clientId, clientSecret, idTokenSigningAlg = "RS256", clockTolerance = 60, issuer } = context;
  const fail = (message) => {
    throw new IdTokenValidatorError(message);
  };
  let header;
  let claims;
  const parts = String(token).split(".");
  try {
    [header, claims] = parts.slice(0, 2).map(decode);
  } catch {}
  if (parts.length !== 3 || !header || !claims) fail("ID token could not be decoded");
  const { alg } = header;
  if (alg !== "RS256" && alg !== "HS256") {
    throw new Error(`Signature algorithm of "${alg}" is not supported. Expected the ID token to be signed with "RS256" or "HS256".`);
  }
  if (alg !== idTokenSigningAlg) fail(`Signature algorithm of "${alg}" is not the expected "${idTokenSigningAlg}"`);
  if (header.crit !== undefined) fail("ID token has critical extensions, which are not understood");
  const is = (value, type) => typeof value === type && value !== "";
  const present = (what, claim, type, when = "") => is(claims[claim], type) || fail(`${what} (${claim}) claim must be a ${type} present in the ID token${when}`);
  const same = (what, claim, expected) => claims[claim] === expected || fail(`${what} (${claim}) claim mismatch in the ID token; expected "${expected}", found "${claims[claim]}"`);
  present("Issuer", "iss", "string");
  same("Issuer", "iss", issuer);
  present("Subject", "sub", "string");
  const { aud } = claims;
  if (Array.isArray(aud)) {
    if (!aud.includes(clientId)) fail(`Audience (aud) claim mismatch in the ID token; expected "${clientId}" but was not one of "${aud.join(", ")}"`);
  } else if (!is(aud, "string")) {
    fail("Audience (aud) claim must be a string or array of strings present in the ID token");
  } else if (aud !== clientId) {
    fail(`Audience (aud) claim mismatch in the ID token; expected "${clientId}" but found "${aud}"`);
  }
  if (organization) {
    const id = organization.startsWith("org_");
    const [what, claim] = id ? ["Organization Id", "org_id"] : ["Organization Name", "org_name"];
    present(what, claim, "string");
    same(what, claim, id ? organization : organization.toLowerCase());
  }
  const now = Math.floor(Date.now() / 1000);
  present("Expiration Time", "exp", "number");
  if (now > claims.exp + clockTolerance) {
    fail(`Expiration Time (exp) claim error in the ID token; current time (${now}) is after expiration time (${claims.exp + clockTolerance})`);
  }
  present("Issued At", "iat", "number");
  for (const claim of ["iat", "nbf"]) if (claims[claim] > now + clockTolerance) fail(`(${claim}) claim error in the ID token; it is in the future`);
  // The nonce is that of the login, which a refresh knows nothing of (OpenID Connect Core 1.0, section 12.2).
  if (nonce || (claims.nonce && !refreshed)) {
    present("Nonce", "nonce", "string");
    same("Nonce", "nonce", nonce);
  }
  if (Array.isArray(aud) && aud.length > 1) present("Authorized Party", "azp", "string", " when Audience (aud) claim has multiple values");
  if (claims.azp !== undefined) same("Authorized Party", "azp", clientId);
  if (maxAge !== undefined && maxAge !== null) {
    present("Authentication Time", "auth_time", "number", " when Max Age (max_age) is specified");
    const until = claims.auth_time + maxAge + clockTolerance;
    if (now > until) {
      fail(`Authentication Time (auth_time) claim in the ID token indicates that too much time has passed since the last end-user authentication. Current time (${now}) is after last auth at ${until}`);
    }
  }
  const algorithm = algorithmOf(alg);
  const hmac = alg === "HS256";
  const key = hmac ? clientSecret && utf8(clientSecret) : await keyOf(context, header);
  if (!key) fail(hmac ? "an ID token with HS256 needs the client secret" : "the key of the ID token's signature is not among those of the tenant");
  const imported = await crypto.subtle.importKey(hmac ? "raw" : "jwk", hmac ? key : { kty: key.kty, n: key.n, e: key.e }, algorithm, false, ["verify"]);
  let good = false;
  try {
    good = await crypto.subtle.verify(algorithm, imported, bytes(parts[2]), utf8(`${parts[0]}.${parts[1]}`));
  } catch {}
  if (!good) fail("ID token signature verification failed");
  return claims;
};
