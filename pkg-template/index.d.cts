// The declarations of every entry point. The one for ES modules, index.d.ts, gives these again.
import type { Groups } from "./api/clients.cjs";
import type {
  HeaderValues,
  ManagementClientBaseOptions,
  ManagementClientOptions,
  ManagementClientOptionsWithClientSecret as WithClientSecret,
  ManagementClientOptionsWithToken as WithToken,
  RequestOptions,
} from "./core.cjs";

export type {
  Hooks,
  RequestEvent,
  ResponseEvent,
  RetryEvent,
  HeaderValue,
  HeaderValues,
  HttpResponsePromise,
  ManagementClientOptions,
  ManagementErrorDetail,
  Page,
  PagePromise,
  RawResponse,
  RequestOptions,
  Stream,
  TokenSource,
  Uploadable,
  WithRawResponse,
} from "./core.cjs";
export { logging, ManagementError, ManagementTimeoutError, RequiredError, TimeoutError } from "./core.cjs";
export * from "./authentication.cjs";
export * from "./verify.cjs";
export * as Management from "./namespace.cjs";

/** A client for the Management API. Its groups of operations are members: `client.users.list()`. */
export declare class ManagementClient {
  constructor(options: ManagementClientOptions);
  /** The authenticated way to a path that no method covers, below the base URL. An error status is an answer here. */
  fetch(input: string | URL | Request, init?: RequestInit, requestOptions?: RequestOptions): Promise<Response>;
}
export interface ManagementClient extends Groups {}
export declare namespace ManagementClient {
  type ManagementClientOptions = ManagementClientBaseOptions;
  type ManagementClientOptionsWithToken = WithToken;
  type ManagementClientOptionsWithClientSecret = WithClientSecret;
  type ManagementClientOptionsWithClientCredentials = WithClientSecret;
}

/** Parts of request options, to be spread: `{ ...withTimeout(5), ...withRetries(0) }`. */
export declare function withTimeout(seconds: number): { timeoutInSeconds: number };
export declare function withRetries(retries: number): { maxRetries: number };
export declare function withHeaders<H extends HeaderValues>(headers: H): { headers: H };
export declare function withAbortSignal(signal: AbortSignal): { abortSignal: AbortSignal };
export declare function CustomDomainHeader(domain: string): { headers: { "Auth0-Custom-Domain": string } };

/** A token without a client: client credentials as for {@link ManagementClient}. */
export declare class TokenProvider {
  constructor(options: ManagementClientOptions);
  /** Cached until shortly before it expires; calls at the same time make one request. Fails with a ManagementError. */
  getAccessToken(): Promise<string>;
}

export type ManagementAuthOptions = ManagementClientOptions;
/** Options for the clients of single groups, which may be spread and changed. They share one token. */
export type ManagementAuthClientOptions = WithToken & { baseUrl: string; token: () => Promise<string> };
export interface ManagementAuth {
  baseUrl: string;
  getToken: () => Promise<string>;
  clientOptions: ManagementAuthClientOptions;
}
/** One token for several clients of single groups: `new UsersClient(auth.clientOptions)`, with `UsersClient` from `auth0-sdk/users`. */
export declare function createManagementAuth(options: ManagementAuthOptions): ManagementAuth;

/** Of the auth0 package; here the option `domain` says where the API is. */
export declare const ManagementEnvironment: { readonly Default: "https://%7BTENANT%7D.auth0.com/api/v2" };
export type ManagementEnvironment = typeof ManagementEnvironment.Default;

/** How many tokens may still be asked for. */
export interface TokenQuota {
  quota: number;
  remaining: number;
  /** Seconds. */
  resetAfter: number;
}
export interface TokenQuotaBucket {
  perHour?: TokenQuota | undefined;
  perDay?: TokenQuota | undefined;
}
/** Reads the headers `Auth0-Client-Quota-Limit` and `Auth0-Organization-Quota-Limit`; null where they are absent. */
export declare class HttpResponseHeadersUtils {
  /** A record has lower-cased names. */
  static getClientQuotaLimit(headers: Headers | Record<string, string>): TokenQuotaBucket | null;
  static getOrganizationQuotaLimit(headers: Headers | Record<string, string>): TokenQuotaBucket | null;
}
