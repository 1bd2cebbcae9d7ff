// A `fetch` that writes down what it did: the package takes it as its `fetch`, and so every attempt is seen.

export interface Attempt {
  method: string;
  url: string;
  /** A request for a token, and not one of the call. */
  token: boolean;
  /** Milliseconds since the recording began. */
  start: number;
  /** When the headers came; undefined while they are waited for, or when the request failed. */
  answered?: number;
  /** When the body was read, or the request failed. */
  end?: number;
  status?: number;
  headers?: [string, string][];
  bytes?: number;
  problem?: string;
}

export interface RateLimit {
  limit: number;
  remaining: number;
  /** When the window ends, in milliseconds since the epoch. */
  reset: number;
}

export class Recorder {
  attempts: Attempt[] = [];
  rateLimit: RateLimit | undefined;
  /** The bearer token of the last request. */
  bearer: string | undefined;
  #began = performance.now();
  #changed: () => void;
  /** What asks the tenant. */
  network: typeof fetch = (input, init) => fetch(input, init);

  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
  }

  /** Forgets all attempts; the time begins anew. */
  begin(): void {
    this.attempts = [];
    this.#began = performance.now();
  }

  now(): number {
    return performance.now() - this.#began;
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const attempt: Attempt = { method: init.method ?? "GET", url, token: /\/oauth\/token(\?|$)/.test(url), start: this.now() };
    const { attempts } = this;
    attempts.push(attempt);
    this.#changed();
    const bearer = /^Bearer (.+)$/.exec(new Headers(init.headers).get("authorization") ?? "")?.[1];
    if (bearer) this.bearer = bearer;
    try {
      const response = await this.network(url, init);
      attempt.answered = attempt.end = this.now();
      attempt.status = response.status;
      attempt.headers = [...response.headers];
      this.#readLimit(response.headers);
      // The end of the body is seen where it is read.
      const text = response.text.bind(response);
      response.text = async () => {
        try {
          const read = await text();
          attempt.bytes = read.length;
          return read;
        } finally {
          attempt.end = this.now();
          this.#changed();
        }
      };
      return response;
    } catch (thrown) {
      attempt.end = this.now();
      attempt.problem = thrown instanceof Error ? thrown.message : String(thrown);
      throw thrown;
    } finally {
      this.#changed();
    }
  };

  #readLimit(headers: Headers): void {
    const [limit, remaining, reset] = ["limit", "remaining", "reset"].map((name) => Number(headers.get(`x-ratelimit-${name}`) ?? NaN));
    if (limit !== undefined && remaining !== undefined && limit >= 0 && remaining >= 0) this.rateLimit = { limit, remaining, reset: (reset ?? 0) * 1000 };
  }
}

/** The scopes (and, where permissions are in it, the permissions) of a token; undefined for one that cannot be read. */
export const scopesOf = (token: string | undefined): Set<string> | undefined => {
  try {
    const part = token?.split(".")[1];
    if (!part) return undefined;
    const bytes = Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as { scope?: string; permissions?: string[] };
    return new Set([...(claims.scope ?? "").split(" ").filter(Boolean), ...(claims.permissions ?? [])]);
  } catch {
    return undefined;
  }
};
