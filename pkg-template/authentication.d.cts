// The declarations of the Authentication API.
import type { Hooks } from "./core.cjs";
import type { Dpop, JwsAlgorithm } from "./verify.cjs";

/** What a call answers with. */
export declare class JSONApiResponse<T> {
  data: T;
  headers: Headers;
  status: number;
  statusText: string;
  constructor(data: T, headers: Headers, status: number, statusText: string);
}
export declare class VoidApiResponse extends JSONApiResponse<undefined> {}
export declare class TextApiResponse extends JSONApiResponse<string> {}
export type ApiResponse<T> = JSONApiResponse<T>;

/** What the core knows of a failure, on every error below. */
export interface ErrorFacts {
  /** A stable code, the server's where it gave one. */
  code?: string;
  operation?: string;
  attempts?: number;
  requestId?: string;
  /** Seconds until it makes sense to try again. */
  retryAfter?: number;
  resetAt?: Date;
  mayHaveBeenSent?: boolean;
}

/** The endpoint has refused: `error` is its code. With `mfa_required` there is an `mfaToken` to go on with. */
export declare class AuthApiError extends Error implements ErrorFacts {
  error: string;
  error_description: string;
  statusCode: number;
  body: string;
  headers: Headers;
  mfaToken?: string;
  code?: string;
  operation?: string;
  attempts?: number;
  requestId?: string;
  retryAfter?: number;
  resetAt?: Date;
  constructor(error: string, error_description: string, statusCode: number, body: string, headers: Headers);
}
/** `/userinfo` has refused. */
export declare class UserInfoError extends Error {
  error: string;
  error_description: string;
  statusCode: number;
  body: string;
  headers: Headers;
  code?: string;
  constructor(error: string, error_description: string, statusCode: number, body: string, headers: Headers);
}
/** An answer that is no JSON of the API. */
export declare class ResponseError extends Error {
  statusCode: number;
  body: string;
  headers: Headers;
  code?: string;
  constructor(statusCode: number, body: string, headers: Headers, message?: string);
}
/** There was no answer: `cause` is what `fetch` threw, a {@link TimeoutError}, or the reason of an abort. */
export declare class FetchError extends Error {
  cause: Error;
  code?: string;
  mayHaveBeenSent?: boolean;
  constructor(cause: Error, message?: string);
}
/** The ID token is not what it must be. */
export declare class IdTokenValidatorError extends Error {
  /** Which check failed: docs/verification.md lists the codes. */
  code: string;
}

/** In the place of parts of what `fetch` is given; `headers` replace the defaults, and `signal` aborts the call. */
export type InitOverride = RequestInit | ((context: { init: RequestInit; context: object }) => Promise<RequestInit> | RequestInit);

/** What the ID token of an answer must say. */
export interface IDTokenValidateOptions {
  nonce?: string;
  /** Seconds since the user logged in. */
  maxAge?: number;
  /** The organization's id or name, which is compared. */
  organization?: string;
}
export interface GrantOptions {
  initOverrides?: InitOverride;
  idTokenValidateOptions?: IDTokenValidateOptions;
}

export interface ClientOptions extends Hooks {
  /** `tenant.us.auth0.com`, or a custom domain. */
  domain: string;
  fetch?: typeof globalThis.fetch;
  /** Given to `fetch` as `dispatcher`: undici, in Node. */
  agent?: unknown;
  headers?: Record<string, string>;
  /** Of one attempt, in milliseconds. 10000 by default. */
  timeoutDuration?: number;
  /** 2 retries by default. What may use up a code or a refresh token is only repeated when it was not sent, or refused with 429. */
  retry?: { enabled?: boolean; maxRetries?: number };
  telemetry?: boolean;
  clientInfo?: { name: string; [key: string]: unknown };
}

/** A JSON Web Key. */
export interface Jwk {
  kty?: string;
  kid?: string;
  [member: string]: unknown;
}
/** A private key: PEM (PKCS#8), a JWK, or a CryptoKey. */
export type SigningKey = string | Jwk | { readonly type: string; readonly algorithm: { name: string }; readonly usages: readonly string[] };

export interface AuthenticationClientOptions extends ClientOptions {
  clientId: string;
  clientSecret?: string;
  /** The secret goes into the `Authorization` header, where the endpoint takes it there. */
  clientSecretBasic?: boolean;
  /** A private key in PEM (PKCS#8), a JWK or a CryptoKey. */
  clientAssertionSigningKey?: SigningKey;
  /** RS256 by default; also RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512. */
  clientAssertionSigningAlg?: string;
  /** The key's id, for the header of the assertion. */
  clientAssertionKeyId?: string;
  /** Authenticated by a certificate, which `fetch` or `agent` shows. Requests go to `mtls.{domain}`. */
  useMTLS?: boolean;
  /** A client without a secret (a browser, a device): the grants ask for none. */
  publicClient?: boolean;
  /** Of the ID tokens: RS256 by default; a token never chooses. */
  idTokenSigningAlg?: JwsAlgorithm;
  /** In seconds. 60 by default. */
  clockTolerance?: number;
  /** Of `createDpop()`: requests for tokens and userinfo carry proofs of possession (RFC 9449), and the tokens are bound to its key. */
  dpop?: Dpop;
}

/** Any other parameter can be given too. */
export interface Extra {
  [key: string]: unknown;
}
export interface ClientCredentials extends Extra {
  client_id?: string;
  client_secret?: string;
  client_assertion?: string;
  client_assertion_type?: string;
}

export interface TokenSet {
  access_token: string;
  refresh_token?: string;
  /** Verified, where it comes from a login or a refresh. */
  id_token?: string;
  token_type: string;
  /** In seconds. */
  expires_in: number;
  scope?: string;
  authorization_details?: AuthorizationDetails[];
  /** A new one, after one was used. */
  recovery_code?: string;
}
export interface AuthorizationDetails extends Extra {
  type: string;
}

export interface AuthorizationCodeGrantRequest extends ClientCredentials {
  code: string;
  redirect_uri?: string;
}
export interface AuthorizationCodeGrantWithPKCERequest extends AuthorizationCodeGrantRequest {
  code_verifier: string;
}
export interface ClientCredentialsGrantRequest extends ClientCredentials {
  audience: string;
  organization?: string;
}
export interface PasswordGrantRequest extends ClientCredentials {
  username: string;
  password: string;
  audience?: string;
  scope?: string;
  realm?: string;
}
export interface RefreshTokenGrantRequest extends ClientCredentials {
  refresh_token: string;
  scope?: string;
  audience?: string;
}
export interface RevokeRefreshTokenRequest extends ClientCredentials {
  token: string;
}
export interface PushedAuthorizationRequest extends ClientCredentials {
  client_id: string;
  response_type: string;
  redirect_uri: string;
  audience?: string;
  organization?: string;
  scope?: string;
  state?: string;
  nonce?: string;
  /** JSON. */
  authorization_details?: string;
}
export interface PushedAuthorizationResponse {
  request_uri: string;
  expires_in: number;
}
export interface TokenForConnectionRequest extends ClientCredentials {
  subject_token: string;
  connection: string;
  subject_token_type?: SUBJECT_TOKEN_TYPES | string;
  login_hint?: string;
}
export interface TokenForConnectionResponse {
  access_token: string;
  scope?: string;
  expires_in: number;
  token_type?: string;
  issued_token_type?: string;
}

export declare class OAuth {
  constructor(options: AuthenticationClientOptions);
  authorizationCodeGrant(bodyParameters: AuthorizationCodeGrantRequest, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  authorizationCodeGrantWithPKCE(bodyParameters: AuthorizationCodeGrantWithPKCERequest, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  clientCredentialsGrant(bodyParameters: ClientCredentialsGrantRequest, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  passwordGrant(bodyParameters: PasswordGrantRequest, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  /** Calls that refresh the same token at the same time make one request. */
  refreshTokenGrant(bodyParameters: RefreshTokenGrantRequest, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  pushedAuthorization(bodyParameters: PushedAuthorizationRequest, options?: GrantOptions): Promise<JSONApiResponse<PushedAuthorizationResponse>>;
  revokeRefreshToken(bodyParameters: RevokeRefreshTokenRequest, options?: GrantOptions): Promise<VoidApiResponse>;
  /** The token of the identity provider behind a connection. */
  tokenForConnection(bodyParameters: TokenForConnectionRequest, options?: GrantOptions): Promise<JSONApiResponse<TokenForConnectionResponse>>;
  /** Ends all sessions of a user, on behalf of the identity provider of a connection, which signed `assertion`. */
  globalTokenRevocation(parameters: { connection: string; assertion: string; iss: string; sub: string }, options?: GrantOptions): Promise<VoidApiResponse>;
}

export interface SignUpRequest extends Extra {
  client_id?: string;
  email: string;
  password: string;
  connection: string;
  username?: string;
  given_name?: string;
  family_name?: string;
  name?: string;
  nickname?: string;
  picture?: string;
  user_metadata?: Record<string, unknown>;
}
export interface SignUpResponse extends Extra {
  id: string;
  email: string;
  email_verified: boolean;
}
export interface ChangePasswordRequest extends Extra {
  client_id?: string;
  email: string;
  connection: string;
  organization?: string;
}
export declare class Database {
  constructor(options: AuthenticationClientOptions);
  signUp(bodyParameters: SignUpRequest, initOverrides?: InitOverride): Promise<JSONApiResponse<SignUpResponse>>;
  changePassword(bodyParameters: ChangePasswordRequest, initOverrides?: InitOverride): Promise<TextApiResponse>;
}

export interface SendEmailRequest extends ClientCredentials {
  email: string;
  send?: "link" | "code";
  authParams?: Record<string, unknown>;
}
export type SendEmailLinkRequest = SendEmailRequest;
export type SendEmailCodeRequest = SendEmailRequest;
export interface SendSmsRequest extends ClientCredentials {
  phone_number: string;
}
export interface LoginWithEmailRequest extends ClientCredentials {
  email: string;
  code: string;
  audience?: string;
  scope?: string;
}
export interface LoginWithSMSRequest extends ClientCredentials {
  phone_number: string;
  code: string;
  audience?: string;
  scope?: string;
}
export declare class Passwordless {
  constructor(options: AuthenticationClientOptions);
  sendEmail(bodyParameters: SendEmailRequest, initOverrides?: InitOverride): Promise<VoidApiResponse>;
  sendSMS(bodyParameters: SendSmsRequest, initOverrides?: InitOverride): Promise<VoidApiResponse>;
  loginWithEmail(bodyParameters: LoginWithEmailRequest, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  loginWithSMS(bodyParameters: LoginWithSMSRequest, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
}

/** How long to ask, and what for. */
export interface PollOptions {
  signal?: AbortSignal;
  /** Called after each question that the user has not decided yet. */
  onPending?: (error: Error) => void;
  idTokenValidateOptions?: IDTokenValidateOptions;
}

export interface AuthorizeOptions extends ClientCredentials {
  userId: string;
  /** Up to 64 of letters, digits, spaces and `+-_.,:#`. */
  binding_message: string;
  scope: string;
  audience?: string;
  /** In seconds. */
  requested_expiry?: string | number;
  /** @deprecated Use `requested_expiry`. */
  request_expiry?: string | number;
  subjectIssuerContext?: string;
  authorization_details?: string | AuthorizationDetails[];
}
export interface AuthorizeResponse {
  auth_req_id: string;
  expires_in: number;
  interval: number;
}
export declare class Backchannel {
  constructor(options: AuthenticationClientOptions);
  authorize(options: AuthorizeOptions): Promise<AuthorizeResponse>;
  backchannelGrant(options: { auth_req_id: string } & Extra): Promise<TokenSet>;
  /** Asks until the user has decided. An {@link AuthApiError} with `access_denied`, or an Error with the code `expired_token`. */
  poll(authorization: { auth_req_id: string; expires_in: number; interval?: number }, options?: PollOptions): Promise<TokenSet>;
}

export interface CustomTokenExchangeOptions extends ClientCredentials {
  subject_token_type: string;
  subject_token: string;
  audience?: string;
  scope?: string;
}
export declare class CustomTokenExchange {
  constructor(options: AuthenticationClientOptions);
  exchangeToken(options: CustomTokenExchangeOptions): Promise<TokenSet & { issued_token_type?: string }>;
}

export interface DeviceAuthorization {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete?: string;
  /** In seconds. */
  expires_in: number;
  /** In seconds; 5 where it is absent. */
  interval?: number;
}
/** Devices without a browser of their own (RFC 8628). */
export declare class Device {
  constructor(options: AuthenticationClientOptions);
  authorize(parameters?: { scope?: string; audience?: string; organization?: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<DeviceAuthorization>>;
  deviceCodeGrant(parameters: { device_code: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  /** Asks until the user has decided. */
  poll(authorization: { device_code: string; expires_in: number; interval?: number }, options?: PollOptions): Promise<JSONApiResponse<TokenSet>>;
}

export interface MfaChallenge {
  challenge_type: string;
  oob_code?: string;
  binding_method?: string;
}
export interface MfaEnrollment {
  authenticator_type: string;
  secret?: string;
  barcode_uri?: string;
  recovery_codes?: string[];
  oob_code?: string;
  oob_channel?: string;
}
export interface MfaAuthenticator {
  id: string;
  authenticator_type: "otp" | "oob" | "recovery-code" | (string & {});
  active?: boolean;
  oob_channel?: string;
  name?: string;
}
/** Second factors. The `mfa_token` is the `mfaToken` of an {@link AuthApiError}; `token` is it too, or an access token for `/mfa/`. */
export declare class Mfa {
  constructor(options: AuthenticationClientOptions);
  challenge(parameters: { mfa_token: string; challenge_type: string; authenticator_id?: string; oob_channel?: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<MfaChallenge>>;
  associate(parameters: { token: string; authenticator_types: string[]; oob_channels?: string[]; phone_number?: string; email?: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<MfaEnrollment>>;
  listAuthenticators(parameters: { token: string }, options?: GrantOptions): Promise<JSONApiResponse<MfaAuthenticator[]>>;
  deleteAuthenticator(parameters: { token: string; id: string }, options?: GrantOptions): Promise<VoidApiResponse>;
  verifyOtp(parameters: { mfa_token: string; otp: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  verifyOob(parameters: { mfa_token: string; oob_code: string; binding_code?: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  verifyRecoveryCode(parameters: { mfa_token: string; recovery_code: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
}

export interface PasskeyChallenge {
  /** For `navigator.credentials.create` or `get`; binary members are base64url. */
  authn_params_public_key: Record<string, unknown>;
  auth_session: string;
}
/** Passkeys: WebAuthn without a page of Auth0's. */
export declare class Passkey {
  constructor(options: AuthenticationClientOptions);
  register(parameters: { user_profile: Record<string, unknown>; realm?: string; organization?: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<PasskeyChallenge>>;
  challenge(parameters?: { realm?: string; organization?: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<PasskeyChallenge>>;
  /** `authn_response` is `PublicKeyCredential.toJSON()`. */
  webauthnGrant(parameters: { auth_session: string; authn_response: unknown; realm?: string; audience?: string; scope?: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
}

/** Endpoints that Auth0 has retired for new tenants, and keeps for old ones. */
export interface Legacy {
  delegation(parameters: { target?: string; id_token?: string; refresh_token?: string; api_type?: string; scope?: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<Extra>>;
  impersonate(parameters: { user_id: string; token?: string; protocol: string; impersonator_id: string } & Extra, options?: GrantOptions): Promise<TextApiResponse>;
  passwordlessVerify(parameters: { grant_type: string; connection: "email" | "sms"; username: string; password: string; redirect_uri: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<Extra>>;
  resourceOwner(parameters: { username: string; password: string; connection: string; scope?: string; device?: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  socialAccessToken(parameters: { access_token: string; connection: string; scope?: string } & Extra, options?: GrantOptions): Promise<JSONApiResponse<TokenSet>>;
  tokenInfo(parameters: { id_token: string }, options?: GrantOptions): Promise<JSONApiResponse<Extra>>;
  unlink(parameters: { access_token: string; user_id: string }, options?: GrantOptions): Promise<VoidApiResponse>;
}

export interface AuthorizeParameters extends Extra {
  redirect_uri?: string;
  /** `openid profile email` by default. */
  scope?: string;
  audience?: string;
  organization?: string;
  invitation?: string;
  connection?: string;
  screen_hint?: string;
  prompt?: string;
  login_hint?: string;
  acr_values?: string;
  ui_locales?: string;
  /** In seconds; 0 asks for a new login. */
  max_age?: number;
  response_type?: string;
  response_mode?: "query" | "fragment" | "form_post" | "web_message";
  authorization_details?: AuthorizationDetails[];
  claims?: Record<string, unknown>;
}
export interface LoginOptions {
  /** The request goes to the server directly (RFC 9126). */
  pushed?: boolean;
  /** The request is signed (RFC 9101). The key is PEM (PKCS#8), a JWK or a CryptoKey; the algorithm RS256 by default. */
  requestObject?: { key: SigningKey; alg?: string; kid?: string };
  /** The answer must name its issuer (RFC 9207). */
  requireIssuer?: boolean;
  /** In seconds. 3600 by default. */
  lifetime?: number;
}
/** What to keep until the browser comes back, where only its own session finds it. JSON. */
export interface Transaction {
  state: string;
  nonce?: string;
  code_verifier?: string;
  redirect_uri?: string;
  organization?: string;
  maxAge?: number;
  requireIssuer?: boolean;
  /** In seconds since the Unix epoch. */
  expiresAt: number;
}
export interface IdTokenClaims extends Extra {
  iss: string;
  sub: string;
  aud: string | string[];
  exp: number;
  iat: number;
}
export interface RegisterClientRequest extends Extra {
  redirect_uris: string[];
  client_name?: string;
  token_endpoint_auth_method?: string;
  /** The initial access token, where one is wanted. */
  token?: string;
}
export interface RegisteredClient extends Extra {
  client_id: string;
  client_secret?: string;
  client_secret_expires_at?: number;
  redirect_uris: string[];
}
export interface ServerMetadata extends Extra {
  issuer: string;
  jwks_uri: string;
  authorization_endpoint?: string;
  token_endpoint?: string;
}

/** A client of the Authentication API. */
export declare class AuthenticationClient {
  oauth: OAuth;
  database: Database;
  passwordless: Passwordless;
  backchannel: Backchannel;
  tokenExchange: CustomTokenExchange;
  device: Device;
  mfa: Mfa;
  passkey: Passkey;
  /** Deprecated: retired by Auth0. */
  legacy: Legacy;
  constructor(options: AuthenticationClientOptions);
  /** Where to send the browser, with state, nonce and PKCE, and what to keep until it comes back. */
  authorize(parameters?: AuthorizeParameters, options?: LoginOptions): Promise<{ url: string; transaction: Transaction }>;
  /**
   * Checks what the browser brought back: a URL, a query, or a posted form. Throws an Error whose `error` is the server's code, or
   * `invalid_callback`, `state_mismatch`, `issuer_mismatch`, `transaction_expired`.
   */
  checkCallback(transaction: Transaction, answer: string | URL | URLSearchParams | FormData): Record<string, string>;
  /** Ends a login: checks the callback, exchanges the code, and verifies the ID token against this login. */
  finishLogin(transaction: Transaction, answer: string | URL | URLSearchParams | FormData, options?: { initOverrides?: InitOverride }): Promise<JSONApiResponse<TokenSet>>;
  logoutUrl(parameters?: { returnTo?: string; federated?: boolean } & Extra): string;
  oidcLogoutUrl(parameters?: { id_token_hint?: string; post_logout_redirect_uri?: string; state?: string; federated?: boolean } & Extra): string;
  registerClient(parameters: RegisterClientRequest, options?: GrantOptions): Promise<JSONApiResponse<RegisteredClient>>;
  /** What the tenant says of itself (OpenID Connect Discovery 1.0). Kept for ten minutes: not to be changed. */
  metadata(options?: GrantOptions): Promise<JSONApiResponse<ServerMetadata>>;
  /** Its keys. Kept for ten minutes: not to be changed. */
  jwks(options?: GrantOptions): Promise<JSONApiResponse<{ keys: Jwk[] }>>;
  /** XML. */
  samlMetadata(options?: GrantOptions): Promise<TextApiResponse>;
  /** XML. */
  wsfedMetadata(options?: GrantOptions): Promise<TextApiResponse>;
  /** The claims of an ID token, verified. Throws an {@link IdTokenValidatorError}. */
  verifyIdToken(token: string, options?: IDTokenValidateOptions): Promise<IdTokenClaims>;
}

export interface UserInfoResponse extends Extra {
  sub: string;
  name?: string;
  given_name?: string;
  family_name?: string;
  nickname?: string;
  picture?: string;
  email?: string;
  email_verified?: boolean;
  phone_number?: string;
  phone_number_verified?: boolean;
  updated_at?: string;
}
/** The user of an access token. */
export declare class UserInfoClient {
  constructor(options: ClientOptions);
  getUserInfo(accessToken: string, initOverrides?: InitOverride): Promise<JSONApiResponse<UserInfoResponse>>;
}

export declare const TOKEN_FOR_CONNECTION_GRANT_TYPE: "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token";
export declare const TOKEN_FOR_CONNECTION_TOKEN_TYPE: "urn:ietf:params:oauth:token-type:refresh_token";
export declare const TOKEN_FOR_CONNECTION_REQUESTED_TOKEN_TYPE: "http://auth0.com/oauth/token-type/federated-connection-access-token";
export declare const TOKEN_URL: "/oauth/token";
export declare const SUBJECT_TOKEN_TYPES: {
  readonly REFRESH_TOKEN: "urn:ietf:params:oauth:token-type:refresh_token";
  readonly ACCESS_TOKEN: "urn:ietf:params:oauth:token-type:access_token";
};
export type SUBJECT_TOKEN_TYPES = (typeof SUBJECT_TOKEN_TYPES)[keyof typeof SUBJECT_TOKEN_TYPES];
