// What a token says, and whether it is what was expected: the checks of src/verify/claims.rs and src/jose/jws.rs, one by one and with
// the same codes. Written again, since as a part of the wasm they are 24 KB, and here 5: tests/cases/keys holds both to the same.
import { algorithmOf, decode, isText, isTexts, refuse, same, strict } from "./jose.js";

export const [ACCESS, ID, LOGOUT] = [0, 1, 2];
const TYPES = ["at+jwt", "jwt", "logout+jwt"];
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

const shown = (value) => JSON.stringify(value);
export const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

// ASCII only: to `toLowerCase` the sign for kelvin is a k.
const lower = (text) => text.replace(/[A-Z]/g, (char) => char.toLowerCase());

const json = (part, what) => {
  const bytes = decode(part) ?? refuse("base64_invalid", `the token's ${what} is no base64url`);
  try {
    return strict(bytes);
  } catch (code) {
    refuse(code, `the token's ${what} ${code === "json_invalid" ? "is no JSON object" : "has a member twice"}`);
  }
};

// What a header says. The algorithm is one of those that the verifier was told.
export const readHeader = (part, algorithms) => {
  const { value: header } = json(part, "header");
  const text = (name) => header[name] === undefined || isText(header[name]) || refuse("header_invalid", `the header's ${name} is no text`);
  text("alg");
  if (header.alg === undefined) refuse("header_invalid", "the header has no alg");
  const algorithm = algorithmOf(header.alg);
  const alg = algorithms.find((allowed) => algorithm && algorithmOf(allowed) === algorithm);
  if (!alg) refuse("algorithm_not_allowed", `an algorithm of ${algorithms.join(", ")} was expected, found ${shown(header.alg)}`);
  // RFC 7515, section 4.1.11: what is critical must be understood, and no extension is. RFC 7797 is one of them.
  if (header.crit !== undefined || header.b64 !== undefined) refuse("header_critical", "the header asks for an extension");
  ["kid", "typ", "cty", "zip"].forEach(text);
  if (header.cty !== undefined || header.zip !== undefined) refuse("header_invalid", "the payload is no plain claims");
  // RFC 7515, section 4.1.9.
  const { kid, typ, jwk } = header;
  return { alg, kid, jwk, type: typ && lower(typ).replace(/^application\//, "") };
};

// The parts of a token (RFC 7515, section 7.1). Nothing of it is to be believed yet. The header is read by `read`, since it may be a
// known one, and the claims when they are asked for: till then the signature may be missing, which is what it is when it is malformed.
export const open = (token, read) => {
  if (!isText(token) || !token) refuse("token_missing", "there is no token");
  if (token.length > 16384) refuse("token_too_large", "the token is longer than 16 KiB");
  const parts = token.split(".");
  const [part, payload, last] = parts;
  if (parts.length === 5) refuse("token_encrypted", "the token is encrypted (JWE): switch encryption off for this API");
  if (parts.length !== 3) refuse("token_malformed", "a token has three parts, separated by dots");
  const head = read(part);
  const { bytes } = algorithmOf(head.alg);
  const made = decode(last);
  const signature = made && (bytes ? made.length === bytes : made.length) ? made : undefined;
  const claims = () => {
    const found = json(payload, "payload");
    if (!signature) made ? refuse("signature_invalid", "the signature has the wrong length") : refuse("base64_invalid", "the token's signature is no base64url");
    return found;
  };
  return { part, head, signature, signed: token.slice(0, part.length + payload.length + 1), claims };
};

// A token of one kind must not pass for another (RFC 8725, section 3.11).
export const checkType = (kind, { type }) => {
  if (type !== undefined && type !== "jwt" && type !== TYPES[kind]) refuse("type_mismatch", `a typ of ${TYPES[kind]} was expected, found ${shown(type)}`);
};

const invalid = (name) => refuse("claim_invalid", `the token's ${name} has the wrong type`);
const missing = (name) => refuse("claim_missing", `the token has no ${name}`);
const differs = (name, code, wanted, found) => refuse(code, `the token's ${name} was expected to be ${shown(wanted)}, found ${shown(found)}`);
// A text that is empty says nothing, and one of the wrong type is not passed over.
const text = (claims, name) => (claims[name] === undefined || (isText(claims[name]) && claims[name]) ? claims[name] : invalid(name));
const needed = (claims, name) => text(claims, name) ?? missing(name);
const texts = (claims, name) => (claims[name] === undefined || isTexts(claims[name]) ? claims[name] : invalid(name));
const equal = (claims, name, wanted, code) => needed(claims, name) === wanted || differs(name, code, wanted, claims[name]);

// A time as RFC 7519 has it, written as plain digits.
export const isTime = (value, name, odd) => Number.isSafeInteger(value) && value >= 0 && !odd.includes(name);

// Checks the claims of a token; `now` and `leeway` are in seconds.
export const check = (kind, { type }, { value: claims, odd }, { issuer, audience, clientId, leeway }, expect, now) => {
  const time = (name) => (claims[name] === undefined || isTime(claims[name], name, odd) ? claims[name] : invalid(name));
  equal(claims, "iss", issuer, "issuer_mismatch");
  const { aud } = claims;
  if (aud === undefined) missing("aud");
  if (!isText(aud) && !(isTexts(aud) && aud.length)) invalid("aud");
  const audiences = list(aud);
  const wanted = kind === ACCESS ? audience : [clientId];
  if (!wanted.some((one) => audiences.includes(one))) differs("aud", "audience_mismatch", wanted.join(" or "), aud);
  const late = now + leeway;
  const exp = time("exp") ?? missing("exp");
  if (exp + leeway <= now) refuse("expired", `the token has expired: its exp is ${exp}, and now is ${now}`);
  const iat = time("iat") ?? missing("iat");
  if (iat > late) refuse("issued_in_future", `the token comes from the future: its iat is ${iat}, and now is ${now}`);
  if (time("nbf") > late) refuse("not_yet_valid", `the token is not valid yet: its nbf is ${claims.nbf}, and now is ${now}`);
  if (kind === LOGOUT) {
    // OpenID Connect Back-Channel Logout 1.0, section 2.6.
    needed(claims, "jti");
    const events = claims.events ?? (claims.events === null ? invalid("events") : missing("events"));
    if (typeof events !== "object" || Array.isArray(events)) invalid("events");
    const event = Object.hasOwn(events, EVENT) && events[EVENT];
    if (!event || typeof event !== "object" || Array.isArray(event)) refuse("event_missing", "the token's events have no logout");
    if (text(claims, "sub") === undefined && text(claims, "sid") === undefined) missing("sub and no sid");
    if (claims.nonce !== undefined) refuse("nonce_present", "a logout token has no nonce");
    return;
  }
  needed(claims, "sub");
  if (kind === ACCESS) {
    // RFC 9068, section 2.2: these make the profile.
    if (type === TYPES[ACCESS]) needed(claims, "client_id") && needed(claims, "jti");
    if (expect.clientId !== undefined) {
      const found = text(claims, "client_id") ?? needed(claims, "azp");
      if (found !== expect.clientId) differs("azp", "client_mismatch", expect.clientId, found);
    }
    checkRights(claims, expect);
  } else {
    // OpenID Connect Core, section 3.1.3.7.
    const azp = text(claims, "azp");
    if (azp === undefined ? audiences.length > 1 : azp !== clientId) azp === undefined ? missing("azp") : differs("azp", "authorized_party_mismatch", clientId, azp);
    // Neither is shown: a nonce binds a session.
    if (expect.nonce !== undefined && !same(needed(claims, "nonce"), String(expect.nonce))) refuse("nonce_mismatch", "the token's nonce is not that of this login");
    const at = time("auth_time");
    if (expect.maxAge !== undefined) {
      if (at === undefined) missing("auth_time");
      if (at > late) refuse("auth_time_in_future", "the token's auth_time lies in the future");
      // What is no number allows nothing.
      if (!(at + Number(expect.maxAge) + leeway >= now)) refuse("auth_too_old", `the user signed in ${now - at} s ago, and at most ${expect.maxAge} s were expected`);
    }
  }
  if (expect.subject !== undefined) equal(claims, "sub", expect.subject, "subject_mismatch");
  if (expect.organization !== undefined) {
    // Auth0: an id is compared as it is, a name in lower case.
    const { organization } = expect;
    const id = organization.startsWith("org_");
    const name = id ? "org_id" : "org_name";
    const found = needed(claims, name);
    if (id ? found !== organization : lower(found) !== lower(organization)) differs(name, "organization_mismatch", organization, found);
  }
  const acr = list(expect.acr);
  if (acr.length && !acr.includes(needed(claims, "acr"))) differs("acr", "acr_mismatch", acr.join(" or "), claims.acr);
  const amr = list(expect.amr);
  if (amr.length) {
    const found = texts(claims, "amr") ?? missing("amr");
    if (!amr.every((one) => found.includes(one))) differs("amr", "amr_mismatch", amr, found);
  }
};

// Whether the caller may: scopes and permissions. A claim of the wrong type gives no right, and is not passed over either.
export const checkRights = (claims, { scopes, permissions }) => {
  const { scope = "" } = claims;
  if (!isText(scope)) invalid("scope");
  const has = scope.split(" ");
  const lacking = list(scopes).find((wanted) => !has.includes(wanted));
  if (lacking !== undefined) refuse("insufficient_scope", `the token lacks the scope ${lacking}`);
  const may = texts(claims, "permissions") ?? [];
  const lacks = list(permissions).find((wanted) => !may.includes(wanted));
  if (lacks !== undefined) refuse("insufficient_permissions", `the token lacks the permission ${lacks}`);
};
