// auth0-sdk/bulk: work over many items, and a limiter that keeps it just under the server's rate limit.

/** How urgent requests are: `bulk` ones leave a reserve for `interactive` ones and let them go first, but for one in ten. */
export type Priority = "interactive" | "bulk";

/** What the limiter needs of a `fetch`. */
export type LimitedFetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface LimiterOptions {
  /** The share of the server's bucket that bulk work leaves for interactive requests, from 0 to 0.9. Default: 0.1. */
  reserve?: number | undefined;
  /** Where many isolates or machines share their limits: `durableObjectLimits` of `auth0-sdk/stores`, or one of your own. */
  store?: LimitStore | undefined;
  /** Called with what goes wrong with the store, of which no request hears: without it each paces itself alone. */
  onStoreProblem?: ((problem: unknown) => unknown) | undefined;
}

/** Texts under keys, which many write at once. The clocks of those who share one have to agree within 5 s. */
export interface LimitStore {
  /** The text under a key. */
  get(key: string): Promise<string | null | undefined>;
  /**
   * Puts a text in the place of `old`, or of none if that is undefined, if that is what is still there, in one turn; says whether it was. It may be
   * forgotten after `seconds`.
   */
  swap(key: string, old: string | undefined, text: string, seconds: number): Promise<boolean>;
}

/** Learns the server's limits from its answers, and makes requests wait that would be refused. */
export interface Limiter {
  /**
   * A `fetch` for the option of that name of a client. Those of one limiter share what it knows. The wait is a part of the attempt's
   * timeout. While the server wants no request for more than a minute, it answers 429 in its place.
   */
  fetch(options?: { priority?: Priority | undefined; fetch?: LimitedFetch | undefined }): LimitedFetch;
}

export declare function createLimiter(options?: LimiterOptions): Limiter;

export interface Budget {
  /** How many requests may still be sent. */
  readonly left: number;
  /** Takes off what else was asked for: a read of Workers KV, a turn to a Durable Object. */
  spend(count?: number): void;
  /** A `fetch` for the option of that name of a client. */
  fetch: LimitedFetch;
}

/**
 * So many requests and no more, with tokens, retries and pages: for a Worker, which may ask for 50 (free plan) or 1,000 in each request of its
 * own. When they are used up, a call ends at once, with status 429 and the code `budget_used_up`, and nothing is sent. Without a budget a call makes
 * `(maxRetries + 1) * (maxRetries + 2) + 1` requests at most, and `maxRetries + 1` with a token that is there.
 */
export declare function createBudget(options?: { requests?: number | undefined; fetch?: LimitedFetch | undefined }): Budget;

/** How far a job is, as JSON. Items are counted from 0, in the order of their source, which has to be the same the next time. */
export interface Checkpoint {
  /** Items from this one on have not been begun. */
  next: number;
  /** Items before it that are not done. */
  open: number[];
}

export interface Failure<T> {
  /** The place of the item in its source, from 0. */
  index: number;
  item: T;
  error: unknown;
}

export interface Progress {
  done: number;
  failed: number;
  /** Items that the checkpoint said were done before. */
  skipped: number;
  running: number;
  /** From where to go on if the job ended here. */
  checkpoint(): Checkpoint;
}

export interface ForEachOptions<T> {
  /** So many items at once. Default: 10. */
  concurrency?: number | undefined;
  /** Goes on from where an earlier run ended: what failed or was under way then is done again, what was done is skipped. */
  checkpoint?: Checkpoint | undefined;
  /** Called after each item. What it throws is ignored. */
  onProgress?: ((progress: Progress) => unknown) | undefined;
  /** Called with each item that failed. */
  onFailure?: ((failure: Failure<T>) => unknown) | undefined;
  /** Ends the job: nothing new is begun, what is under way is waited for. Give it to the calls too, and they end at once. */
  signal?: AbortSignal | undefined;
  /**
   * Says with which errors every other item would fail too. Default: no token is to be had, the API refuses it (401) or its scopes, the
   * client is set up wrong, or the server wants no request for more than a minute.
   */
  isFatal?: ((error: unknown) => boolean) | undefined;
}

export interface Report<T> {
  done: number;
  failed: number;
  skipped: number;
  failures: Failure<T>[];
  /** Why the job ended before its items did: the fatal error, what the source threw, or the signal's reason. */
  stopped: unknown;
  /** From where to go on: with what failed, and with what has not been begun. */
  checkpoint: Checkpoint;
}

/**
 * Does work for each item of an iterable, or an async one, as `await client.users.list()` gives: so many at once. An item that fails is
 * reported, and the others go on. It rejects only for arguments that are wrong.
 */
export declare function forEach<T>(
  items: AsyncIterable<T> | Iterable<T>,
  work: (item: T, index: number) => unknown,
  options?: ForEachOptions<T>,
): Promise<Report<T>>;
