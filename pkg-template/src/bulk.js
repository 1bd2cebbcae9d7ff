// auth0-sdk/bulk: work over many items, and a limiter that keeps it just under the server's rate limit.
import { fleetOver, Share } from "./fleet.js";
import { Bucket, RESERVE } from "./pace.js";

// Bulk work is passed by so many interactive requests at most; then one of it goes.
const FAIR = 9;
const LONGEST = 60;
const MOST = 64;
// In a Worker what a request began ends with it: its timers, its turn to the store, and it in the line. So each one who waits does all by itself, and
// looks that often, in seconds; who has not looked for some seconds is gone, and what nobody has told after an attempt's time is over.
const LOOK = 1;
const DEAD = 3;
const OVER = 90;

const now = () => Date.now() / 1000;

const number = (headers, name) => {
  const text = headers.get(name)?.trim();
  const value = /^\d{1,10}$/.test(text) ? Number(text) : undefined;
  return value;
};

const seconds = (text) => {
  const date = Date.parse(text ?? "") / 1000;
  return Number.isNaN(date) ? undefined : date;
};

// What a refusal asks to wait, in seconds: as the core reads it.
const retryIn = (headers, at) => {
  const milliseconds = number(headers, "retry-after-ms");
  if (milliseconds) return milliseconds / 1000;
  const plain = number(headers, "retry-after") ?? seconds(headers.get("retry-after")) - at;
  if (plain > 0) return plain;
  const quotas = ["auth0-client-quota-limit", "auth0-organization-quota-limit"].flatMap((name) => (headers.get(name) ?? "").split(","));
  const waits = quotas.map((quota) => (/(^|;)\s*r=0(;|$)/.test(quota) ? Number(/(?:^|;)\s*t=(\d+)/.exec(quota)?.[1] ?? NaN) : NaN)).filter((wait) => wait > 0);
  return waits.length ? Math.max(...waits) : undefined;
};

const seenOf = ({ status, headers }, at) => {
  const [limit, remaining] = [number(headers, "x-ratelimit-limit"), number(headers, "x-ratelimit-remaining")];
  const told = limit >= 1 && limit <= 1e9 && remaining <= limit;
  const refused = status === 429;
  return {
    refused,
    limit: told ? limit : undefined,
    remaining: told ? remaining : undefined,
    reset: number(headers, "x-ratelimit-reset"),
    date: seconds(headers.get("date")),
    retryIn: refused ? retryIn(headers, at) : undefined,
  };
};

// One limit, and those who wait for it: interactive ones, and bulk work.
class Lane {
  lines = [[], []];
  passed = 0;
  marked = 0;
  markedAt = Infinity;

  // `fleet`: where the limit is shared.
  constructor(place, limit, reserve, fleet) {
    Object.assign(this, { place, limit, reserve, fleet });
    if (fleet) this.share = new Share();
    else this.own = new Bucket();
  }

  get bucket() {
    return this.share?.bucket ?? this.own;
  }

  get idle() {
    return (this.share ?? this.own).idle && !this.lines[0].length && !this.lines[1].length;
  }

  #ask(bulk, at) {
    if (this.share) return this.share.ask(bulk, this.reserve, at);
    const { own } = this;
    if (own.idle || at < this.markedAt - OVER) [this.marked, this.markedAt] = [own.taken, at];
    else if (at - this.markedAt > OVER) {
      own.known = Math.max(own.known, this.marked);
      [this.marked, this.markedAt] = [own.taken, at];
    }
    return own.ask(bulk, this.reserve, at);
  }

  // The same for Rust.
  get #key() {
    return `auth0-sdk limit ${this.place.replaceAll(" ", "%20")} ${this.limit ?? "?"}`;
  }

  async fetch(bulk) {
    const limit = await this.share.fetch(this.fleet, this.#key, bulk, this.reserve, now);
    if (this.limit === undefined && limit !== undefined) {
      this.limit = limit;
      this.share.reset();
    }
    this.call();
  }

  // Whoever is first in a line asks again.
  call() {
    for (const [first] of this.lines) first?.wake?.();
  }

  leave(waiter) {
    for (const line of this.lines) if (line.includes(waiter)) line.splice(line.indexOf(waiter), 1);
    this.call();
  }

  // One who waits asks: a ticket, `{ wait }`, or `{ fetch }` when it is to turn to the store.
  turn(waiter, bulk) {
    const at = now();
    waiter.seen = at;
    // It was thought to be gone.
    if (!this.lines[+bulk].includes(waiter)) this.lines[+bulk].push(waiter);
    for (const line of this.lines) while (at - line[0]?.seen > DEAD) line.shift();
    const [interactive, background] = this.lines;
    const overdue = background.length > 0 && this.passed >= FAIR;
    const first = interactive.length && !overdue ? interactive[0] : background[0];
    if (first !== waiter) return { wait: LOOK };
    const spare = bulk && !overdue;
    const verdict = this.#ask(spare, at);
    if (verdict.fetch) return { fetch: true, spare };
    if (verdict.wait === undefined) {
      this.passed = bulk || !background.length ? 0 : this.passed + 1;
      this.leave(waiter);
    }
    return verdict;
  }
}

// What stands in for an answer while the server wants no request: told as the server told it.
const heldBack = (wait, message = `the rate limit is used up: it opens in ${wait} s`, errorCode = "too_many_requests") =>
  new Response(JSON.stringify({ statusCode: 429, error: "Too Many Requests", message, errorCode }), {
    status: 429,
    headers: { "content-type": "application/json", "retry-after": String(wait) },
  });

export const createLimiter = ({ reserve = RESERVE, store, onStoreProblem } = {}) => {
  if (!(reserve >= 0 && reserve <= 0.9)) throw new TypeError("`reserve` must be a number from 0 to 0.9");
  const fleet = store === undefined ? undefined : fleetOver(store, onStoreProblem, now);
  let lanes = [];
  // By place and route: which of the limits of the place it has.
  const limits = new Map();

  const laneOf = (place, limit) => {
    let lane = lanes.find((known) => known.place === place && known.limit === limit);
    if (!lane) {
      if (lanes.length >= MOST) lanes = lanes.filter((known) => !known.idle);
      lanes.push((lane = new Lane(place, limit, reserve, fleet)));
    }
    return lane;
  };

  const find = ({ place, key }) => {
    const limit = limits.get(key);
    const known = lanes.filter((lane) => lane.place === place);
    // A tenant has one limit for most of its operations: one that is new is taken to have it too.
    return limit === undefined && (known.length === 1 || (fleet && known.length)) ? known[0] : laneOf(place, limit);
  };

  // As `told`, for the next slice; what goes on alone until then is told at once as well.
  const hear = ({ place, key, grouped }, lane, of, ticket, seen) => {
    const at = now();
    const { share } = lane;
    const limit = grouped ? seen?.limit : undefined;
    if (limit !== undefined && lane.limit !== undefined) limits.set(key, limit);
    const later = Math.max(at, share.bucket.at);
    const alone = share.isAlone(at);
    const strays = alone || of !== lane.limit || (limit !== undefined && lane.limit !== undefined && limit !== lane.limit);
    if (seen && !strays) {
      if (seen.refused) share.giveUp();
      share.hear({ ticket, seen, received: at });
      share.bucket.told(ticket, seen, later);
    } else if (seen && alone) share.bucket.told(ticket, seen, later);
    else if (of === lane.limit) {
      if (!alone) share.hear({ ticket });
      share.bucket.lost();
    }
    if (strays && seen) (limit === undefined ? lane : laneOf(place, limit)).share.hear({ ticket, seen, stray: true });
    for (const known of lanes) if (known.place === place) known.call();
  };

  const told = (route, lane, of, ticket, response) => {
    const at = now();
    const seen = response && seenOf(response, at);
    if (fleet) return hear(route, lane, of, ticket, seen);
    if (!seen) {
      lane.bucket.lost();
      return lane.call();
    }
    const { place, key, grouped } = route;
    const limit = grouped ? seen.limit : undefined;
    if (limit !== undefined && limit !== lane.limit) {
      if (lane.limit === undefined && !lanes.some((known) => known.place === place && known.limit === limit)) lane.limit = limit;
      else {
        lane.bucket.lost();
        lane.call();
        lane = laneOf(place, limit);
        ticket = lane.bucket.adopt(ticket);
      }
    }
    if (limit !== undefined) limits.set(key, limit);
    lane.bucket.told(ticket, seen, at);
    lane.call();
  };

  // A limit of the Management API is of the tenant, one of the Authentication API of an endpoint.
  const routeOf = (url, init) => {
    const { origin, pathname } = new URL(url);
    const [, group] = /^\/api\/v2\/([^/]*)/.exec(pathname) ?? [];
    const grouped = group !== undefined;
    const place = grouped ? origin : origin + pathname;
    return { place, grouped, key: `${place} ${init?.method ?? "GET"} ${group}` };
  };

  const enter = async (route, bulk, signal) => {
    signal?.throwIfAborted();
    const lane = find(route);
    const waiter = {};
    const wake = () => waiter.wake?.();
    signal?.addEventListener("abort", wake, { once: true });
    try {
      for (;;) {
        const verdict = lane.turn(waiter, bulk);
        if (verdict.fetch) await lane.fetch(verdict.spare);
        else if (verdict.wait === undefined) return { lane, of: lane.limit, ticket: verdict };
        else if (verdict.blocked && verdict.wait > LONGEST) return { wait: Math.ceil(verdict.wait) };
        else {
          let timer;
          await new Promise((resolve) => {
            waiter.wake = resolve;
            // Up, so that it is over when it is asked again.
            timer = setTimeout(resolve, Math.ceil(Math.min(verdict.wait, LOOK) * 1000));
          });
          waiter.wake = undefined;
          clearTimeout(timer);
        }
        signal?.throwIfAborted();
      }
    } finally {
      signal?.removeEventListener("abort", wake);
      lane.leave(waiter);
    }
  };

  return {
    fetch({ priority = "interactive", fetch: own } = {}) {
      if (priority !== "interactive" && priority !== "bulk") throw new TypeError('`priority` must be "interactive" or "bulk"');
      return async (url, init) => {
        const route = routeOf(url, init);
        const { lane, of, ticket, wait } = await enter(route, priority === "bulk", init?.signal);
        if (wait) return heldBack(wait);
        let response;
        try {
          // The global one at the time of the call.
          response = await (own ? own(url, init) : fetch(url, init));
          return response;
        } finally {
          told(route, lane, of, ticket, typeof response?.headers?.get === "function" ? response : undefined);
        }
      };
    },
  };
};

export const createBudget = ({ requests = 50, fetch: own } = {}) => {
  if (!(Number.isInteger(requests) && requests >= 0)) throw new TypeError("`requests` must be a whole number from 0");
  let left = requests;
  return {
    get left() {
      return left;
    },
    spend(count = 1) {
      left = Math.max(left - count, 0);
    },
    // A wait of a day is none that a client waits for: the call ends at once.
    async fetch(url, init) {
      if (!left) return heldBack(86_400, `the budget of ${requests} requests is used up`, "budget_used_up");
      left--;
      return own ? own(url, init) : fetch(url, init);
    },
  };
};

// With these every other item would fail too.
const fatal = ({ statusCode, code, missingScope, retryAfter } = {}) =>
  statusCode === 401 || !!missingScope || code === "auth_error" || code === "invalid_config" || retryAfter > LONGEST;

const checked = (checkpoint) => {
  const whole = (value) => Number.isSafeInteger(value) && value >= 0;
  const { next, open } = checkpoint;
  if (!(whole(next) && Array.isArray(open) && open.every((index) => whole(index) && index < next))) throw new TypeError("`checkpoint` is not one");
  return { next, open: new Set(open) };
};

export const forEach = async (items, work, options = {}) => {
  const { concurrency = 10, checkpoint, onProgress, onFailure, signal, isFatal = fatal } = options;
  if (!(Number.isInteger(concurrency) && concurrency > 0)) throw new TypeError("`concurrency` must be a whole number from 1");
  if (typeof work !== "function") throw new TypeError("the work is not a function");
  const before = checkpoint ? checked(checkpoint) : { next: 0, open: new Set() };
  const source = items[Symbol.asyncIterator]?.() ?? items[Symbol.iterator]();
  // What an earlier run left over stays open until it is done.
  const open = new Set(before.open);
  const failures = [];
  const report = { done: 0, failed: 0, skipped: 0, failures, stopped: undefined };
  let read = 0;
  let running = 0;
  let ended = false;
  const point = () => ({ next: Math.max(read, before.next), open: [...open].sort((a, b) => a - b) });
  const stop = (reason) => {
    ended = true;
    report.stopped ??= reason;
  };
  const tell = (hook, event) => {
    // What it throws is its own: no item is lost by it.
    if (hook) (async () => hook(event))().catch(() => {});
  };
  const onAbort = () => stop(signal.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });

  // One reads at a time: an iterator is asked for the next item when it has given the last one.
  let turn = Promise.resolve();
  const next = () => {
    const reading = turn.then(async () => {
      while (!ended) {
        const { done, value } = await source.next();
        if (done || ended) {
          ended = true;
          return undefined;
        }
        const index = read++;
        if (index < before.next && !before.open.has(index)) report.skipped++;
        else {
          open.add(index);
          return { index, item: value };
        }
      }
      return undefined;
    });
    turn = reading.catch(() => {});
    return reading;
  };

  const worker = async () => {
    for (;;) {
      let taken;
      try {
        taken = await next();
      } catch (error) {
        return stop(error);
      }
      if (!taken) return;
      const { index, item } = taken;
      running++;
      try {
        await work(item, index);
        open.delete(index);
        report.done++;
      } catch (error) {
        const failure = { index, item, error };
        failures.push(failure);
        report.failed++;
        tell(onFailure, failure);
        if (isFatal(error)) stop(error);
      }
      running--;
      tell(onProgress, { done: report.done, failed: report.failed, skipped: report.skipped, running, checkpoint: point });
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, worker));
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  // A source that was not read to its end is told so, as `for await` does.
  if (report.stopped !== undefined) await Promise.resolve(source.return?.()).catch(() => {});
  report.checkpoint = point();
  return report;
};
