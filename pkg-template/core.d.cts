// What the models and the operations are made of: options, answers, pages, errors, files.
import type { SigningKey } from "./authentication.cjs";

/** A token, or where to get one. A function is asked before each request. */
export type TokenSource = string | Promise<string> | (() => string | Promise<string>);

/** A header's value. A function is called before each request; null removes the header; undefined says nothing. */
export type HeaderValue = string | null | undefined | (() => string | null | undefined | Promise<string | null | undefined>);

/** Headers by name, or as pairs of name and value (`Headers` and `Map` are such). */
export type HeaderValues = Record<string, HeaderValue> | Iterable<readonly [string, HeaderValue]>;

export declare namespace logging {
  type LogLevel = "debug" | "info" | "warn" | "error";
  const LogLevel: { readonly Debug: "debug"; readonly Info: "info"; readonly Warn: "warn"; readonly Error: "error" };
  interface ILogger {
    debug(message: string, ...values: unknown[]): void;
    info(message: string, ...values: unknown[]): void;
    warn(message: string, ...values: unknown[]): void;
    error(message: string, ...values: unknown[]): void;
  }
  interface LogConfig {
    /** Nothing below it is told. Default: `info`; requests and good answers are `debug`, failures `error`. */
    level?: LogLevel | undefined;
    /** Default: the console. */
    logger?: ILogger | undefined;
    /** Default: true. */
    silent?: boolean | undefined;
  }
  /** Writes to the console. */
  class ConsoleLogger implements ILogger {
    debug(message: string, ...values: unknown[]): void;
    info(message: string, ...values: unknown[]): void;
    warn(message: string, ...values: unknown[]): void;
    error(message: string, ...values: unknown[]): void;
  }
}

/** A token, and when it ends, in milliseconds since the Unix epoch. */
export interface StoredToken {
  token: string;
  expiresAt: number;
}

/** Where many machines share the token of the client credentials; `auth0-sdk/stores` has some. Nothing that it does fails a call. */
export interface TokenStore {
  get(key: string): Promise<StoredToken | undefined>;
  put(key: string, token: StoredToken): Promise<unknown>;
  /** Forgets this token, which the API refused; a newer one stays. */
  remove(key: string, token: string): Promise<unknown>;
  /** Asks for the right to buy the token: gives how to release it, or nothing while another machine has it. */
  lease?(key: string, milliseconds: number): Promise<(() => unknown) | undefined>;
}

/** A request is about to be sent. */
export interface RequestEvent {
  /** As in `users.update`; `oauth.token` for a token request. */
  operation: string;
  /** 1 for the first. */
  attempt: number;
  method: string;
}

/** An answer has come. */
export interface ResponseEvent extends RequestEvent {
  status: number;
  /** From sending to the headers of the answer, in milliseconds. */
  durationMs: number;
  /** Of the rate limit, where the answer says it. */
  limit?: number;
  /** What is left of it. */
  remaining?: number;
  requestId?: string;
}

/** An attempt has failed, and another one follows. */
export interface RetryEvent {
  operation: string;
  /** The one that failed. */
  attempt: number;
  /** Without one there was no answer. */
  status?: number;
  /** How long until the next one, in milliseconds. */
  waitMs: number;
}

/** Hear of each attempt. What a hook throws is ignored, and nothing secret is in an event. */
export interface Hooks {
  /** Called before each request is sent, the token's included. */
  onRequest?: ((event: RequestEvent) => unknown) | undefined;
  /** Called when the status and the headers of an answer are there, whatever it says. */
  onResponse?: ((event: ResponseEvent) => unknown) | undefined;
  /** Called when an attempt has failed and another one follows. */
  onRetry?: ((event: RetryEvent) => unknown) | undefined;
}

/** What every client takes, however it gets its token. */
export interface ManagementClientBaseOptions extends Hooks {
  /** The tenant's domain, as in `tenant.us.auth0.com`. */
  domain: string;
  /** A full base URL in place of `https://{domain}/api/v2`. */
  baseUrl?: string | undefined;
  /** Of the token that is asked for. Default: `https://{domain}/api/v2/`. */
  audience?: string | undefined;
  /** Sent with every request. */
  headers?: HeaderValues | undefined;
  /** Per attempt, body included. Default: 60. */
  timeoutInSeconds?: number | undefined;
  /** Over all attempts and the waits between them. Default: none. */
  deadlineInSeconds?: number | undefined;
  /** Default: 2. */
  maxRetries?: number | undefined;
  /** False sends no `Auth0-Client` header. Default: true. */
  telemetry?: boolean | undefined;
  /** What the `Auth0-Client` header says, in place of this package's name and version. */
  clientInfo?: { name: string; [member: string]: unknown } | undefined;
  /** Used for every request, the token's included. Default: the global `fetch` at the time of the call. */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Tells of each request and answer, without secrets and bodies. Default: of none. */
  logging?: logging.LogConfig | undefined;
  /** Sent as `Auth0-Custom-Domain` with the operations that read it. */
  withCustomDomainHeader?: string | undefined;
}

export interface ManagementClientOptionsWithToken extends ManagementClientBaseOptions {
  token: TokenSource;
  clientId?: undefined;
  clientSecret?: undefined;
}

/** The client credentials grant (RFC 6749, section 4.4); the token is cached until shortly before it expires. */
export interface ManagementClientOptionsWithClientSecret extends ManagementClientBaseOptions {
  clientId: string;
  clientSecret: string;
  /** Of the token that is asked for. */
  organization?: string | undefined;
  token?: undefined;
  /** Where the token is shared with other isolates or machines. Default: this client's memory. */
  tokenStore?: TokenStore | undefined;
  /** Called with what the token store threw, or was too slow for: the call goes on without it. */
  onTokenStoreProblem?: ((problem: unknown) => void) | undefined;
}

/** The client credentials grant, with a key (`private_key_jwt`, RFC 7523) or a certificate (RFC 8705) in the place of a secret. */
export interface ManagementClientOptionsWithClientAssertion extends ManagementClientBaseOptions {
  clientId: string;
  /** A private key: PEM (PKCS#8), a JWK, or a CryptoKey. */
  clientAssertionSigningKey?: SigningKey | undefined;
  /** RS256 by default. */
  clientAssertionSigningAlg?: string | undefined;
  clientAssertionKeyId?: string | undefined;
  /** The token is asked for at `mtls.{domain}`, where `fetch` shows the certificate. */
  useMTLS?: boolean | undefined;
  clientSecret?: string | undefined;
  organization?: string | undefined;
  token?: undefined;
}

/** Either a token or a client's credentials. */
export type ManagementClientOptions =
  | ManagementClientOptionsWithToken
  | ManagementClientOptionsWithClientSecret
  | (ManagementClientOptionsWithClientAssertion & ({ clientAssertionSigningKey: SigningKey } | { useMTLS: true }));

/** What one call may have different from its client. */
export interface RequestOptions {
  /** Per attempt, body included. */
  timeoutInSeconds?: number | undefined;
  /** Over all attempts and the waits between them. Default: none. */
  deadlineInSeconds?: number | undefined;
  /** 0: one attempt only. */
  maxRetries?: number | undefined;
  /** Ends the call, also while it waits for the next attempt. */
  abortSignal?: AbortSignal | undefined;
  headers?: HeaderValues | undefined;
  /** Added to the query; a member here replaces one of the same name. */
  queryParams?: Record<string, unknown> | undefined;
}

/** An answer without its body. */
export interface RawResponse {
  readonly headers: Headers;
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly redirected: boolean;
  readonly type: Response["type"];
}

export interface WithRawResponse<T> {
  readonly data: T;
  readonly rawResponse: RawResponse;
}

/** A promise of the data. The request has started, awaited or not. */
export interface HttpResponsePromise<T> extends Promise<T> {
  /** The data with status and headers. */
  withRawResponse(): Promise<WithRawResponse<T>>;
}

/** A promise of the first page, and at once an iterable of all items: `for await (const user of client.users.list())`. */
export interface PagePromise<T, R = unknown> extends HttpResponsePromise<Page<T, R>>, AsyncIterable<T> {}

/** One page of a list, and the way to the rest. Iterating gives all items from this page on. */
export interface Page<T, R = unknown> extends AsyncIterable<T> {
  /** The items of this page. */
  data: T[];
  /** The answer as it came. With `include_totals: false` the API answers some lists with a bare array of items. */
  response: R;
  rawResponse: RawResponse;
  hasNextPage(): boolean;
  /** Moves this page to the next one and returns it. Rejects on the last page. */
  getNextPage(): Promise<this>;
  /** This page and all that follow, each an object of its own. */
  pages(): AsyncGenerator<Page<T, R>, void, undefined>;
}

/**
 * Events as they come. When the connection breaks, or the server closes it, the stream is opened again behind the last event; it ends
 * with an error when the API refuses, or when five connections in a row bring nothing. Leaving the loop closes the connection. After
 * an event that is not JSON, another loop over the same stream goes on behind it.
 */
export interface Stream<T> extends AsyncIterable<T> {
  /** Where to go on after the last event: what the parameter `from` takes. */
  readonly offset: string | undefined;
}

/** A file, or a file with its name and media type. Never a path or a text. */
export type Uploadable = Uploadable.FileLike | Uploadable.WithMetadata;
export declare namespace Uploadable {
  type FileLike =
    | Blob
    | ArrayBuffer
    | ArrayBufferView
    | ReadableStream<Uint8Array>
    | AsyncIterable<Uint8Array | ArrayBuffer | Blob | string>;
  interface WithMetadata {
    data: FileLike;
    filename?: string | undefined;
    /** The media type, as in `application/json`. */
    contentType?: string | undefined;
  }
}

/** What an error is made of. */
export interface ManagementErrorDetail {
  message?: string | undefined;
  statusCode?: number | undefined;
  body?: unknown;
  rawResponse?: RawResponse | undefined;
  cause?: unknown;
  code?: string | undefined;
  operation?: string | undefined;
}

/** The base class of every failure of a call. */
export declare class ManagementError extends Error {
  constructor(detail?: ManagementErrorDetail);
  readonly statusCode?: number;
  /** The body of the answer: parsed when it is JSON, else its text. */
  readonly body?: unknown;
  readonly rawResponse?: RawResponse;
  /** What led to it, where something else failed. */
  readonly cause?: unknown;
  /** Auth0's error code; where there is none, one of this package's, such as `network_error`, `timeout` or `aborted`. */
  readonly code?: string;
  /** As in `users.list`. */
  readonly operation?: string;
  readonly attempts?: number;
  readonly requestId?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** When the rate limit ends. */
  readonly resetAt?: Date;
  readonly missingScope?: string;
  /** Without an answer: whether the server may have seen the request. */
  readonly mayHaveBeenSent?: boolean;
  /** Where in the answer the trouble is. */
  readonly path?: string;
  /** True when `body` is only the beginning. */
  readonly truncated?: boolean;
  /** Of a token request that wants a second factor. A credential: it is not printed with the error. */
  readonly mfaToken?: string;
}

/** An attempt, or all of them, took too long. */
export declare class ManagementTimeoutError extends ManagementError {
  constructor(detail?: string | ManagementErrorDetail);
}

/** Of the auth0 package, for programs that name it. A timeout here is a ManagementTimeoutError. */
export declare class TimeoutError extends Error {
  name: "TimeoutError";
  constructor();
}

/** Of the auth0 package, for programs that name it. */
export declare class RequiredError extends Error {
  name: "RequiredError";
  field: string;
  constructor(field: string, message?: string);
}

/** An answer with an error status that has a class. */
declare class StatusError extends ManagementError {
  constructor(body?: unknown, rawResponse?: RawResponse, detail?: ManagementErrorDetail);
  readonly statusCode: number;
}
export declare class BadRequestError extends StatusError {}
export declare class UnauthorizedError extends StatusError {}
export declare class PaymentRequiredError extends StatusError {}
export declare class ForbiddenError extends StatusError {}
export declare class NotFoundError extends StatusError {}
export declare class ConflictError extends StatusError {}
export declare class GoneError extends StatusError {}
export declare class PreconditionFailedError extends StatusError {}
export declare class ContentTooLargeError extends StatusError {}
export declare class UnprocessableEntityError extends StatusError {}
export declare class TooManyRequestsError extends StatusError {}
export declare class InternalServerError extends StatusError {}
export declare class ServiceUnavailableError extends StatusError {}
export declare class GatewayTimeoutError extends StatusError {}
