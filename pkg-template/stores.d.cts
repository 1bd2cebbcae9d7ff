// auth0-sdk/stores: where many isolates, machines or tabs share one token.
import type { StoredToken, TokenStore } from "./core.cjs";

export type { StoredToken, TokenStore };

/** 32 random bytes, or a `CryptoKey` for AES-GCM. */
export type EncryptionKey = Uint8Array | { readonly algorithm: { readonly name: string }; readonly type: string };

export interface TextStoreOptions {
  /** Encrypts what is kept (AES-256-GCM). Of several the first encrypts and each decrypts: put the new one first to rotate. */
  encryptionKey?: EncryptionKey | readonly EncryptionKey[] | undefined;
}

/** Anything that keeps texts under keys. */
export interface TextBackend {
  /** The text; `left` is how long it is still kept, in milliseconds, where that is known. */
  get(key: string): Promise<string | { text: string; left?: number } | null | undefined> | string | null | undefined;
  /** Keeps a text. It may be forgotten after `seconds`. */
  put(key: string, text: string, seconds: number): unknown;
  /** Forgets a text, if it is still this one. */
  remove(key: string, text: string): unknown;
  /** Asks for the right to buy the token for so many milliseconds: gives how to release it, or nothing while another has it. */
  lease?(key: string, milliseconds: number): Promise<(() => unknown) | undefined>;
}

/** A store over a backend of your own. */
export declare function textStore(backend: TextBackend, options?: TextStoreOptions): TokenStore;

/** Workers KV. It has no lease: isolates that start cold at the same moment may each buy a token, all later ones find it. */
export declare function kvStore(
  namespace: {
    get(key: string): Promise<string | null>;
    put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
    delete(key: string): Promise<void>;
  },
  options?: TextStoreOptions,
): TokenStore;

/** What is used of a `Cache`. */
export interface OpenCache {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
  delete(url: string): Promise<boolean>;
}

export interface CacheStoreOptions extends TextStoreOptions {
  /** Default: `caches.default` (Workers), elsewhere the cache named `auth0-sdk`. */
  open?: (() => OpenCache | Promise<OpenCache>) | undefined;
}

/** The Cache API: free, and shared by the isolates of one data center. */
export declare function cacheStore(options?: CacheStoreOptions): TokenStore;

/** `localStorage` or `sessionStorage`: only for a page that may keep a token where every script of its origin reads it. */
export declare function webStorageStore(
  storage: { getItem(key: string): string | null; setItem(key: string, value: string): void; removeItem(key: string): void },
  options?: TextStoreOptions,
): TokenStore;

/** What is used of the stub of a Durable Object. */
export interface ObjectStub {
  fetch(url: string, init: { method: string; body: string }): Promise<{ ok: boolean; status: number; json(): Promise<unknown> }>;
}

/** What is used of a namespace of Durable Objects. */
export interface ObjectNamespace<Id = any> {
  idFromName(name: string): Id;
  get(id: Id): ObjectStub;
}

export interface DurableObjectStoreOptions extends TextStoreOptions {
  /** Which object of the namespace: `"tokens"` unless said. */
  name?: string | undefined;
}

/**
 * A Durable Object of the class `TokenObject`: one for all the world, with a lease. Give its namespace; a stub belongs to the
 * request that made it, and is for a client that lives no longer than that.
 */
export declare function durableObjectStore(objects: ObjectNamespace | ObjectStub, options?: DurableObjectStoreOptions): TokenStore;

/**
 * A Durable Object of the class `TokenObject` as the `store` of a limiter (`createLimiter` of `auth0-sdk/bulk`): all isolates keep to one rate limit.
 * It holds what is known of a limit in memory: when the object was evicted, that is learned anew. `name`: which object of the
 * namespace, `"limits"` unless said.
 */
export declare function durableObjectLimits(
  objects: ObjectNamespace | ObjectStub,
  options?: { name?: string | undefined },
): {
  get(key: string): Promise<string | undefined>;
  swap(key: string, old: string | undefined, text: string, seconds: number): Promise<boolean>;
};

export interface RefreshAheadOptions {
  /** How long before its end a token is bought anew: 600 unless said, and half of its life at most. */
  seconds?: number | undefined;
}

/**
 * Buys the next token of one client before the one that is kept ends, so that no call waits for it. `refresh` does nothing until
 * that time has come, and is for what runs behind an answer: `ctx.waitUntil(refresh())`. It rejects when no token was to be had;
 * the kept one stays, and the next try comes a minute later.
 *
 * ```js
 * const { store, refresh } = refreshAhead(kvStore(env.TOKENS), (tokenStore) => new TokenProvider({ ...options, tokenStore }).getAccessToken());
 * const auth0 = new ManagementClient({ ...options, tokenStore: store });
 * ```
 */
export declare function refreshAhead(
  store: TokenStore,
  buy: (store: TokenStore) => Promise<unknown>,
  options?: RefreshAheadOptions,
): { store: TokenStore; refresh(): Promise<void> };

/** The Durable Object behind `durableObjectStore` and `durableObjectLimits`: export it from the Worker, and bind its namespace. */
export declare class TokenObject {
  constructor(state: { storage: unknown });
  fetch(request: Request): Promise<Response>;
}
