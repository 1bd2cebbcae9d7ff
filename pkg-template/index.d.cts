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
export { ManagementError, ManagementTimeoutError } from "./core.cjs";
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
