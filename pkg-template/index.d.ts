// Loose for now: requests and answers are `any`. The complete declarations come with a later version.

/** A token, or where to get one. */
export type TokenSource = string | Promise<string> | (() => string | Promise<string>);

/** A header's value; a function is called before each request; null removes the header. */
export type HeaderValue = string | null | undefined | (() => string | null | undefined | Promise<string | null | undefined>);

export interface ManagementClientOptions {
  /** The tenant's domain, as in `tenant.us.auth0.com`. */
  domain: string;
  /** A full base URL in place of `https://{domain}/api/v2`. */
  baseUrl?: string;
  token?: TokenSource;
  clientId?: string;
  clientSecret?: string;
  /** Default: `https://{domain}/api/v2/`. */
  audience?: string;
  organization?: string;
  headers?: Record<string, HeaderValue>;
  /** Per attempt, body included. Default: 60. */
  timeoutInSeconds?: number;
  /** Over all attempts and the waits between them. Default: none. */
  deadlineInSeconds?: number;
  /** Default: 2. */
  maxRetries?: number;
  /** False sends no `Auth0-Client` header. */
  telemetry?: boolean;
  /** What the `Auth0-Client` header says, in place of this package's name and version. */
  clientInfo?: { name: string; [member: string]: unknown };
  /** Used for every request, the token's included. Default: the global `fetch` at the time of the call. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Sent as `Auth0-Custom-Domain` with the operations that read it. */
  withCustomDomainHeader?: string;
}

export interface RequestOptions {
  timeoutInSeconds?: number;
  /** Over all attempts and the waits between them. Default: none. */
  deadlineInSeconds?: number;
  maxRetries?: number;
  abortSignal?: AbortSignal;
  headers?: Record<string, HeaderValue>;
  /** Added to the query; a member here replaces one of the same name. */
  queryParams?: Record<string, unknown>;
}

export interface RawResponse {
  headers: Headers;
  status: number;
  statusText: string;
  url: string;
  redirected: boolean;
  type: ResponseType;
}

export interface WithRawResponse<T> {
  data: T;
  rawResponse: RawResponse;
}

export interface HttpResponsePromise<T> extends Promise<T> {
  withRawResponse(): Promise<WithRawResponse<T>>;
}

export interface PagePromise<T, R = any> extends HttpResponsePromise<Page<T, R>>, AsyncIterable<T> {}

export interface Page<T, R = any> extends AsyncIterable<T> {
  data: T[];
  /** The answer as it came. */
  response: R;
  rawResponse: RawResponse;
  hasNextPage(): boolean;
  /** Moves this page to the next one and returns it. Rejects on the last page. */
  getNextPage(): Promise<this>;
  /** This page and all that follow. */
  pages(): AsyncGenerator<Page<T, R>>;
}

/** A group of operations, or a method. */
export type Group = any;

export class ManagementClient {
  constructor(options: ManagementClientOptions);
  fetch(input: string | URL, init?: RequestInit, requestOptions?: RequestOptions): Promise<Response>;
  readonly [group: string]: Group;
}

export interface ManagementErrorDetail {
  message?: string;
  statusCode?: number;
  body?: unknown;
  rawResponse?: RawResponse;
  cause?: unknown;
  code?: string;
  operation?: string;
}

export class ManagementError extends Error {
  constructor(detail?: ManagementErrorDetail);
  readonly statusCode?: number;
  /** The body of the answer: parsed when it is JSON, else its text. */
  readonly body?: any;
  readonly rawResponse?: RawResponse;
  /** Auth0's error code; where there is none, one of this package's. */
  readonly code?: string;
  /** As in `users.list`. */
  readonly operation?: string;
  readonly attempts?: number;
  readonly requestId?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly resetAt?: Date;
  readonly missingScope?: string;
  /** Without an answer: whether the server may have seen the request. */
  readonly mayHaveBeenSent?: boolean;
  /** Where in the answer the trouble is. */
  readonly path?: string;
  /** True when `body` is only the beginning. */
  readonly truncated?: boolean;
  readonly mfaToken?: string;
}

export class ManagementTimeoutError extends ManagementError {}

declare class StatusError extends ManagementError {
  constructor(body?: unknown, rawResponse?: RawResponse);
}

export namespace Management {
  class BadRequestError extends StatusError {}
  class UnauthorizedError extends StatusError {}
  class PaymentRequiredError extends StatusError {}
  class ForbiddenError extends StatusError {}
  class NotFoundError extends StatusError {}
  class ConflictError extends StatusError {}
  class GoneError extends StatusError {}
  class PreconditionFailedError extends StatusError {}
  class ContentTooLargeError extends StatusError {}
  class TooManyRequestsError extends StatusError {}
  class InternalServerError extends StatusError {}
  class ServiceUnavailableError extends StatusError {}
}

export function withTimeout(seconds: number): Pick<RequestOptions, "timeoutInSeconds">;
export function withRetries(retries: number): Pick<RequestOptions, "maxRetries">;
export function withHeaders(headers: Record<string, HeaderValue>): Pick<RequestOptions, "headers">;
export function withAbortSignal(signal: AbortSignal): Pick<RequestOptions, "abortSignal">;
export function CustomDomainHeader(domain: string): Pick<RequestOptions, "headers">;
