// auth0-sdk/verify: the declarations of token verification, the request guard, proofs of possession and assertions.

import type { SigningKey } from "./authentication.cjs";
import type { TokenStore } from "./core.cjs";

export type { SigningKey };

/** `ES512` needs P-521, which Deno lacks; `EdDSA` is Ed25519, which older browsers lack. */
export type JwsAlgorithm =
  | "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "ES512" | "EdDSA" | "HS256" | "HS384" | "HS512";

/** A token, a key, a proof or a request is refused. Never shows the token. */
export declare class TokenError extends Error {
  /** One stable word for each check: docs/verification.md lists them. */
  code: string;
  constructor(code: string, message: string, cause?: unknown);
}

export interface TokenVerifierOptions {
  /** The tenant: `tenant.us.auth0.com`, or a custom domain. */
  domain: string;
  /** The issuer, where it is not `https://{domain}/`. Compared exactly. */
  issuer?: string;
  /** Identifiers of the API: an access token must be for one of them. */
  audience?: string | string[];
  /** The client that ID tokens and logout tokens are for. */
  clientId?: string;
  /** Allowed algorithms, `["RS256"]` unless said; with a secret `["HS256"]`. A token never chooses. */
  algorithms?: JwsAlgorithm[];
  /** How far the clocks may differ, in seconds: 60. */
  leeway?: number;
  /** Where the key set is, in the place of what the discovery document says. */
  jwksUrl?: string;
  /** The key set itself: nothing is fetched. */
  jwks?: string | { keys: object[] };
  /** The secret of an API that signs with HMAC. */
  secret?: string;
  /** Seconds for which keys are good: 600. */
  keysTtl?: number;
  /** Seconds after that for which they are used when no new ones can be had: 3600. */
  keysStale?: number;
  /** Seconds between two fetches because of unknown keys: 30. */
  keysCooldown?: number;
  /** Milliseconds that a fetch of keys may take: 5000. */
  keysTimeout?: number;
  fetch?: (url: string, init?: RequestInit) => Promise<Response>;
  /** Of `auth0-sdk/stores`, or your own: keeps the ids of logout tokens until they end, for all isolates; with `keysInStore` the key set too, so
   * that an isolate starts warm. */
  store?: Pick<TokenStore, "get" | "put">;
  /** Keeps the key set in `store`. Who can write there decides whom is trusted. */
  keysInStore?: boolean;
  /** The time in milliseconds since 1970, in the place of `Date.now`. */
  clock?: () => number;
}

/** What is expected of an access token, beyond issuer, audience and time. */
export interface AccessTokenExpectations {
  scopes?: string | string[];
  permissions?: string | string[];
  /** An id (`org_…`, compared with `org_id`) or a name (compared with `org_name`). */
  organization?: string;
  clientId?: string;
  subject?: string;
}

/** What is expected of an ID token, beyond issuer, client and time. */
export interface IdTokenExpectations {
  nonce?: string;
  /** Seconds since the user signed in, at most. */
  maxAge?: number;
  organization?: string;
  subject?: string;
  /** One of these. */
  acr?: string | string[];
  /** All of these. */
  amr?: string | string[];
  /** Compared with `at_hash`, if there is one. */
  accessToken?: string;
  /** Compared with `c_hash`, which must be there. */
  code?: string;
}

/** The claims of a verified token. */
export interface TokenClaims {
  iss: string;
  sub: string;
  aud: string | string[];
  exp: number;
  iat: number;
  nbf?: number;
  jti?: string;
  azp?: string;
  client_id?: string;
  scope?: string;
  permissions?: string[];
  org_id?: string;
  org_name?: string;
  sid?: string;
  nonce?: string;
  auth_time?: number;
  acr?: string;
  amr?: string[];
  cnf?: { jkt?: string; "x5t#S256"?: string; [method: string]: unknown };
  [claim: string]: unknown;
}

/** Verifies the tokens of one issuer. Keys are fetched once and kept; make one verifier, and use it for all requests. */
export declare class TokenVerifier {
  constructor(options: TokenVerifierOptions);
  /** RFC 9068, and Auth0's own profile. For a token that is bound to a key use {@link RequestGuard}. */
  verifyAccessToken<T extends object = TokenClaims>(token: string, expect?: AccessTokenExpectations): Promise<T & TokenClaims>;
  /** OpenID Connect Core 1.0, section 3.1.3.7. */
  verifyIdToken<T extends object = TokenClaims>(token: string, expect?: IdTokenExpectations): Promise<T & TokenClaims>;
  /** OpenID Connect Back-Channel Logout 1.0, section 2.6. A token that came before is refused. */
  verifyLogoutToken(token: string): Promise<TokenClaims>;
}

export interface RequestGuardOptions extends AccessTokenExpectations {
  /** `"allowed"` unless said. A token that is bound to a key is never taken without its proof. */
  dpop?: "off" | "allowed" | "required";
  realm?: string;
}

export type GuardResult<T extends object = TokenClaims> =
  | { claims: T & TokenClaims; token: string; response?: undefined; error?: undefined }
  | { response: Response; error: Error; claims?: undefined; token?: undefined };

/** Guards routes: claims, or a ready answer (RFC 6750, section 3; RFC 9449, section 7.1). */
export declare class RequestGuard {
  constructor(verifier: TokenVerifier, options?: RequestGuardOptions);
  /** `url`: as the client sees it, where a proxy changes it. `dpopNonce`: the nonce that a proof must have. `certificate`: the SHA-256 of the client's, in base64url. */
  check<T extends object = TokenClaims>(request: Request, more?: { url?: string; dpopNonce?: string; certificate?: string }): Promise<GuardResult<T>>;
}

/** 256 random bits as 43 characters: for `state` and `nonce`. */
export declare function randomText(): string;

/** A code verifier and its challenge (RFC 7636). */
export declare function createPkce(codeVerifier?: string): Promise<{ codeVerifier: string; codeChallenge: string; codeChallengeMethod: "S256" }>;

/** Client assertions (`private_key_jwt`, RFC 7523), a new one at each call. */
export declare function createClientAssertion(options: {
  clientId: string;
  /** The tenant's issuer, with the slash at its end. */
  audience: string;
  key: SigningKey;
  /** `RS256` unless said. */
  algorithm?: JwsAlgorithm;
  keyId?: string;
  /** Seconds: 60; 300 at most. */
  lifetime?: number;
}): () => Promise<string>;

/** A key pair of WebCrypto, or a private JWK. */
export type DpopKey = { readonly privateKey: CryptoKeyLike; readonly publicKey: CryptoKeyLike } | { kty: string; [member: string]: unknown };

/** A `CryptoKey`, where the compiler knows of none too. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly algorithm: { name: string };
  readonly usages: readonly string[];
}

/** Proofs of possession (RFC 9449) with one key pair. */
export interface Dpop {
  /** To be kept, in IndexedDB for example: a new one cannot be exported. */
  keyPair: DpopKey;
  /** The thumbprint of the key (RFC 7638): `dpop_jkt`. */
  thumbprint(): Promise<string>;
  /** The header `DPoP` of one request. */
  proof(method: string, url: string, accessToken?: string): Promise<string>;
  /** `fetch` with a proof. Sent again once when the server wants a nonce. With an access token it carries that too. */
  fetch(input: string | URL | Request, init?: RequestInit, more?: { accessToken?: string }): Promise<Response>;
}

export declare function createDpop(options?: {
  keyPair?: DpopKey;
  /** `ES256` unless said. */
  algorithm?: JwsAlgorithm;
  fetch?: (request: Request) => Promise<Response>;
}): Promise<Dpop>;
