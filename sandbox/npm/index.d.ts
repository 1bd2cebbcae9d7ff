/** The settings of a tenant. */
export interface SandboxOptions {
  /** How many users it starts with; none by default. */
  users?: number;
  /** `"demo"` (2,500 users), or a seed: JSON or YAML as a text, or an object. The README of the repository's `sandbox/` says what it may hold. */
  seed?: "demo" | (string & {}) | object;
  /** What the seed is called in errors; `seed` by default. */
  seedName?: string;
  /** Answers 429 to more than this; no limit by default. */
  rateLimit?: RateLimit;
  /** How long access tokens are good for, in seconds; a day by default. */
  tokenLifetime?: number;
  /** The issuer that tokens name, with a `/` at its end; the origin by default. */
  issuer?: string;
  /** Answers a sample, marked as one, to a valid request that the state refuses. */
  sampleRefused?: boolean;
  /** The module `auth0-sandbox/auth0_sandbox.wasm`, where it is not found beside the code: bytes, a compiled module, a URL or a response. */
  wasm?: BufferSource | WebAssembly.Module | URL | string | Response | Promise<Response>;
}

export interface CreateOptions extends SandboxOptions {
  /** What the tenant is called; `https://sandbox.test` by default. Nothing is sent there. */
  origin?: string;
}

export interface StartOptions extends SandboxOptions {
  /** The address to listen on; `127.0.0.1` by default. */
  host?: string;
  /** The port to listen on; 0, the default, takes a free one. */
  port?: number;
  /** Allows an address that other machines reach. The clients' secrets are the well-known ones all the same. */
  allowRemote?: boolean;
}

export interface RateLimit {
  requests: number;
  /** The length of a window. */
  seconds: number;
}

export type Tier = "free" | "self-service" | "enterprise" | "non-production" | "private-cloud";

/** Which requests: all that is given must hold. */
export interface Match {
  method?: string;
  /** Whole segments from the start: `/api/v2/users` fits `/api/v2/users/1`. */
  path?: string;
  /** As `users.list`; `oauth.token` is the token endpoint. */
  operation?: string;
}

/** Something that goes wrong with the next requests that it matches. Without a status the request is done, and the rest is laid over its answer. */
export interface Fault {
  match?: Match;
  /** How many requests; 1 by default. */
  times?: number;
  status?: number;
  headers?: Record<string, string>;
  /** A text is sent as it is. */
  body?: unknown;
  /** Milliseconds before anything is answered. */
  delay_ms?: number;
  /** Headers at once, the body piece by piece over these milliseconds. */
  body_delay_ms?: number;
  /** Announce the whole body, send this many bytes, break off. */
  truncate?: number;
  /** Break the connection without an answer. */
  reset?: boolean;
}

/** A request that was made. */
export interface Entry {
  at: string;
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: unknown;
  /** `null` when the connection was broken instead. */
  status: number | null;
  operation: string | null;
  fault: boolean;
}

/** A mail, text message or push that was not sent. */
export interface Message {
  at: string;
  kind: string;
  to: string;
  template: string;
  code?: string | null;
  link?: string | null;
  [more: string]: unknown;
}

/** A page of the tenant as a visitor gets it. */
export interface Page {
  url: string;
  /** 0 where `left` is true. */
  status: number;
  html: string;
  /** The tenant sent the visitor to `url`, which is not its own: the end of a login, as a rule. */
  left: boolean;
}

/** Somebody with a browser: keeps cookies and follows redirects within the tenant. */
export interface Visitor {
  open(url: string | URL, request?: { method?: string; body?: Record<string, string> | [string, string][] | URLSearchParams }): Promise<Page>;
}

export interface Sandbox {
  /** What a client takes for the tenant's domain. */
  readonly domain: string;
  readonly origin: string;
  /** Of the Management API. */
  readonly baseUrl: string;
  /** Of the Management API. */
  readonly audience: string;
  /** The client that may do everything. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** A client that may only `read:users`. */
  readonly limitedClientId: string;
  readonly limitedClientSecret: string;
  /** A web application that may use every grant. */
  readonly webClientId: string;
  readonly webClientSecret: string;
  readonly singlePageClientId: string;
  readonly nativeClientId: string;
  /** An API with the scopes `read:things` and `write:things`. */
  readonly sampleApi: string;
  /** Of every user of the seed: `user-000001@example.com` and so on. */
  readonly userPassword: string;
  /** Asks the tenant without a port: for an option `fetch` of a client, or in the place of the global one. Knows this tenant's URLs alone. */
  readonly fetch: typeof fetch;
  /** Somebody who looks at the pages, for logins in tests. */
  visitor(): Visitor;
  /** Any of the test controls: `control("POST", "/poll-interval", { seconds: 0 })`. Throws what it answers when it refuses. */
  control(method: string, path: string, body?: unknown): Promise<any>;
  fault(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  requests(match?: Match): Promise<Entry[]>;
  clearRequests(): Promise<void>;
  outbox(match?: { to?: string; kind?: string }): Promise<Message[]>;
  /** Back to the seed. Tokens stay valid. */
  reset(): Promise<void>;
  snapshot(name?: string): Promise<void>;
  restore(name?: string): Promise<void>;
  setRateLimit(limit?: RateLimit | { tier: Tier }): Promise<void>;
  /** Moves the tenant's clock. */
  advanceClock(milliseconds: number): Promise<void>;
  revokeTokens(): Promise<void>;
  rotateKeys(): Promise<void>;
  close(): Promise<void>;
}

export interface ListeningSandbox extends Sandbox {
  readonly port: number;
}

/** Makes a tenant that is asked through its `fetch`: everywhere, with no port. */
export declare function createSandbox(options?: CreateOptions): Promise<Sandbox>;

/** Starts a tenant that listens on a port. Not in a page, where it throws. */
export declare function startSandbox(options?: StartOptions): Promise<ListeningSandbox>;
