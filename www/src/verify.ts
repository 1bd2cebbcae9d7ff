// The steps by which a token is verified, for people: what the package's `TokenVerifier` says of it, once for each step. A program
// stops at the first fault. Here the expectation that a fault is about is dropped, and the verifier asked again, so that all faults are
// seen; but nothing is looked at behind a signature that is wrong.
import { TokenError, TokenVerifier, type JwsAlgorithm } from "auth0-sdk/verify";
import { networkOf } from "./inpage";
import { messageOf, originOf, type Tenant } from "./tenant";

export interface Step {
  name: string;
  state: "good" | "bad" | "skipped";
  detail: string;
}

export interface Expected {
  kind: "id" | "access";
  tenant: Tenant;
  issuer: string;
  /** Undefined: any. */
  audience: string | undefined;
  /** Of the login in this page, for its ID token. */
  nonce: string | undefined;
  /** That came with the ID token. */
  accessToken: string | undefined;
}

export interface Decoded {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

// What Auth0 signs with, but for HS256, which a page cannot verify: the secret would be in it.
const ALGORITHMS: JwsAlgorithm[] = ["RS256", "RS512", "PS256"];

const part = (text: string): Record<string, unknown> => {
  const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("not an object");
  return value as Record<string, unknown>;
};

/** What a token says, to be shown; nothing of it is to be believed. */
export const decode = (token: string): Decoded | undefined => {
  try {
    const [header = "", claims = "", signature, more] = token.trim().split(".");
    if (signature === undefined || more !== undefined) return undefined;
    return { header: part(header), claims: part(claims) };
  } catch {
    return undefined;
  }
};

const shown = (seconds: unknown): string => (Number.isSafeInteger(seconds) && Math.abs(seconds as number) < 8e12 ? new Date((seconds as number) * 1000).toISOString().replace(".000Z", "Z") : String(seconds));

interface Kind {
  name: string;
  /** Codes of the verifier that are of this step, and claims that it may find missing or wrong. */
  codes: string[];
  claims?: string[];
  /** What is said of it when it is good; undefined where the token has nothing for it. */
  good: (decoded: Decoded, expected: Expected) => string | undefined;
}

// In the verifier's order.
const KINDS: Kind[] = [
  { name: "Form", codes: ["token_missing", "token_too_large", "token_malformed", "token_encrypted", "base64_invalid", "json_invalid", "member_duplicate"], good: () => "three parts in base64url, two of them JSON without a member twice" },
  { name: "Algorithm", codes: ["algorithm_not_allowed"], good: ({ header }) => `${String(header.alg)} is allowed` },
  { name: "Header", codes: ["header_invalid", "header_critical"], good: () => "no extension, and nothing of the wrong type" },
  { name: "Type", codes: ["type_mismatch"], good: ({ header }) => (header.typ === undefined ? "none is named" : String(header.typ)) },
  { name: "Key", codes: ["key_unknown", "key_id_missing", "key_unsuitable", "key_malformed", "key_type_unknown", "key_weak", "keys_unavailable", "keys_malformed", "algorithm_unsupported"], good: ({ header }) => `${header.kid === undefined ? "the only one" : String(header.kid)} is a key of the tenant` },
  { name: "Signature", codes: ["signature_invalid"], good: () => "made with that key, over just these bytes" },
  { name: "Issuer", codes: ["issuer_mismatch"], claims: ["iss"], good: ({ claims }) => String(claims.iss) },
  { name: "Audience", codes: ["audience_mismatch"], claims: ["aud"], good: ({ claims }) => [claims.aud].flat().join(", ") },
  { name: "Expiry", codes: ["expired"], claims: ["exp"], good: ({ claims }) => `good until ${shown(claims.exp)}` },
  { name: "Issued", codes: ["issued_in_future"], claims: ["iat"], good: ({ claims }) => `at ${shown(claims.iat)}` },
  { name: "Not before", codes: ["not_yet_valid"], claims: ["nbf"], good: ({ claims }) => (claims.nbf === undefined ? undefined : `good since ${shown(claims.nbf)}`) },
  { name: "Subject", codes: [], claims: ["sub"], good: ({ claims }) => String(claims.sub) },
  { name: "Profile", codes: [], claims: ["client_id", "jti"], good: ({ header }, { kind }) => (kind === "access" && /^(application\/)?at\+jwt$/i.test(String(header.typ)) ? "client_id and jti are there, as RFC 9068 wants" : undefined) },
  { name: "Party", codes: ["authorized_party_mismatch"], claims: ["azp"], good: ({ claims }, { kind }) => (kind === "id" && claims.azp !== undefined ? `made for ${String(claims.azp)}` : undefined) },
  { name: "Nonce", codes: ["nonce_mismatch"], claims: ["nonce"], good: ({ claims }, { nonce }) => (nonce !== undefined ? "is the one of this login" : claims.nonce !== undefined ? "" : undefined) },
  { name: "Token hash", codes: ["at_hash_mismatch"], claims: ["at_hash"], good: ({ claims }, { accessToken }) => (accessToken !== undefined && claims.at_hash !== undefined ? "belongs to the access token that came with it" : undefined) },
];

const indexOf = ({ code, message }: TokenError): number => {
  const claim = /^claim_/.test(code) ? /^the token(?:'s| has no) (\w+)/.exec(message)?.[1] : undefined;
  const found = KINDS.findIndex(({ codes, claims }) => (claim === undefined ? codes.includes(code) : claims?.includes(claim)));
  // Another claim of the wrong type: told where claims begin to be about the user.
  return found >= 0 ? found : KINDS.findIndex(({ name }) => name === "Subject");
};

// The keys of a tenant, for all verifiers of this page.
const stores = new WeakMap<Tenant, Map<string, { token: string; expiresAt: number }>>();

const storeOf = (tenant: Tenant) => {
  const map = stores.get(tenant) ?? new Map<string, { token: string; expiresAt: number }>();
  stores.set(tenant, map);
  return {
    get: (key: string) => Promise.resolve(map.get(key)),
    put: (key: string, value: { token: string; expiresAt: number }) => {
      map.set(key, value);
      return Promise.resolve();
    },
  };
};

interface Asked {
  issuer: string;
  audience: string;
  nonce: string | undefined;
  /** Seconds since the epoch, where it is not now. */
  at: number | undefined;
}

const ask = async (token: string, { kind, tenant, accessToken }: Expected, { issuer, audience, nonce, at }: Asked): Promise<TokenError | undefined> => {
  const domain = originOf(tenant);
  try {
    const verifier = new TokenVerifier({
      domain,
      issuer,
      ...(kind === "id" ? { clientId: audience } : { audience }),
      algorithms: ALGORITHMS,
      jwksUrl: `${domain}/.well-known/jwks.json`,
      fetch: networkOf(tenant),
      store: storeOf(tenant),
      keysInStore: true,
      ...(at !== undefined && { clock: () => at * 1000 }),
    });
    if (kind === "access") await verifier.verifyAccessToken(token);
    else await verifier.verifyIdToken(token, { ...(nonce !== undefined && { nonce }), ...(accessToken !== undefined && { accessToken }) });
    return undefined;
  } catch (thrown) {
    return thrown instanceof TokenError ? thrown : new TokenError("config", messageOf(thrown));
  }
};

// What is asked for instead, so that the verifier goes on behind a fault; undefined where it must not, or cannot.
const relaxed = ({ code, message }: TokenError, asked: Asked, { claims }: Decoded): Asked | undefined => {
  const { iss, aud, azp, exp, iat, nbf } = claims as { iss?: string; aud?: string | string[]; azp?: string; exp?: number; iat?: number; nbf?: number };
  if (code === "issuer_mismatch" && iss) return { ...asked, issuer: iss };
  if (code === "audience_mismatch") {
    const all = [aud].flat();
    const audience = azp !== undefined && all.includes(azp) ? azp : all[0];
    return audience ? { ...asked, audience } : undefined;
  }
  if (code === "expired") return { ...asked, at: exp };
  if (code === "issued_in_future") return { ...asked, at: iat };
  if (code === "not_yet_valid") return { ...asked, at: nbf };
  if (code === "nonce_mismatch" || (code === "claim_missing" && /no nonce/.test(message))) return { ...asked, nonce: undefined };
  return undefined;
};

// With a signature of the right length that fits nothing: tells what the verifier says of all that comes before it.
const withoutSignature = (token: string): string => `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(86)}`;

export const verify = async (text: string, expected: Expected): Promise<Step[]> => {
  const token = text.trim();
  const decoded = decode(token) ?? { header: {}, claims: {} };
  const { audience } = expected;
  const anyAudience = [decoded.claims.aud].flat().find((one) => typeof one === "string" && one !== "") as string | undefined;
  let asked: Asked = { issuer: expected.issuer || "-", audience: audience ?? anyAudience ?? "-", nonce: expected.nonce, at: undefined };
  const faults = new Map<number, string>();
  let end = KINDS.length;
  for (;;) {
    const error = await ask(token, expected, asked);
    if (!error) break;
    const index = indexOf(error);
    const again = faults.has(index);
    if (!again) faults.set(index, error.message);
    const next = again ? undefined : relaxed(error, asked, decoded);
    if (next) {
      asked = next;
      continue;
    }
    end = index;
    if (error.code === "signature_invalid") {
      const before = await ask(withoutSignature(token), expected, asked);
      if (before && before.code !== "signature_invalid") faults.set((end = indexOf(before)), before.message);
    }
    break;
  }
  return KINDS.flatMap(({ name, good }, index): Step[] => {
    const fault = faults.get(index);
    if (fault !== undefined) return [{ name, state: "bad", detail: fault }];
    const detail = good(decoded, expected);
    if (detail === undefined) return [];
    if (index > end) return [{ name, state: "skipped", detail: "not looked at: a step before it failed" }];
    if (name === "Audience" && audience === undefined) return [{ name, state: "skipped", detail: `${detail}; none was asked for` }];
    if (name === "Nonce" && expected.nonce === undefined) return [{ name, state: "skipped", detail: "there is no login in this page to compare it with" }];
    return [{ name, state: "good", detail }];
  });
};
