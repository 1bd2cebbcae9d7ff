// auth0-sdk/bulk: work over many items, and a limiter that keeps it just under the server's rate limit.
import { Bucket, RESERVE } from "./pace.js";

// Bulk work is passed by so many interactive requests at most; then one of it goes.
const FAIR = 9;
const LONGEST = 60;
const MOST = 64;

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
  bucket = new Bucket();
  lines = [[], []];
  passed = 0;

  constructor(place, limit) {
    this.place = place;
    this.limit = limit;
  }

  get idle() {
    return this.bucket.idle && !this.lines[0].length && !this.lines[1].length;
  }

  // Lets those go who may, and sleeps until the next one may.
  serve(share) {
    clearTimeout(this.timer);
    const at = now();
    for (;;) {
      const [interactive, bulk] = this.lines;
      const overdue = bulk.length && this.passed >= FAIR;
      const line = interactive.length && !overdue ? interactive : bulk;
      if (!line.length) return;
      const isBulk = line === bulk;
      const verdict = this.bucket.ask(isBulk && !overdue, share, at);
      if (verdict.blocked && verdict.wait > LONGEST) {
        const wait = Math.ceil(verdict.wait);
        for (const waiter of [...interactive.splice(0), ...bulk.splice(0)]) waiter.refuse(wait);
        return;
      }
      if (verdict.wait !== undefined) {
        // Up, so that it is over when it is asked again.
        this.timer = setTimeout(() => this.serve(share), Math.ceil(verdict.wait * 1000));
        return;
      }
      this.passed = isBulk || !bulk.length ? 0 : this.passed + 1;
      line.shift().go(this, verdict);
    }
  }
}

// What stands in for an answer while the server wants no request: told as the server told it.
const heldBack = (wait) =>
  new Response(JSON.stringify({ statusCode: 429, error: "Too Many Requests", message: `the rate limit is used up: it opens in ${wait} s`, errorCode: "too_many_requests" }), {
    status: 429,
    headers: { "content-type": "application/json", "retry-after": String(wait) },
  });

export const createLimiter = ({ reserve = RESERVE } = {}) => {
  if (!(reserve >= 0 && reserve <= 0.9)) throw new TypeError("`reserve` must be a number from 0 to 0.9");
  let lanes = [];
  // By place and route: which of the limits of the place it has.
  const limits = new Map();

  const laneOf = (place, limit) => {
    let lane = lanes.find((known) => known.place === place && known.limit === limit);
    if (!lane) {
      if (lanes.length >= MOST) lanes = lanes.filter((known) => !known.idle);
      lanes.push((lane = new Lane(place, limit)));
    }
    return lane;
  };

  const find = ({ place, key }) => {
    const limit = limits.get(key);
    const known = lanes.filter((lane) => lane.place === place);
    // A tenant has one limit for most of its operations: one that is new is taken to have it too.
    return limit === undefined && known.length === 1 ? known[0] : laneOf(place, limit);
  };

  const told = ({ place, key, grouped }, lane, ticket, response) => {
    const at = now();
    const seen = seenOf(response, at);
    const limit = grouped ? seen.limit : undefined;
    if (limit !== undefined && limit !== lane.limit) {
      if (lane.limit === undefined && !lanes.some((known) => known.place === place && known.limit === limit)) lane.limit = limit;
      else {
        lane.bucket.lost();
        lane.serve(reserve);
        lane = laneOf(place, limit);
        ticket = lane.bucket.adopt(ticket);
      }
    }
    if (limit !== undefined) limits.set(key, limit);
    lane.bucket.told(ticket, seen, at);
    lane.serve(reserve);
  };

  // A limit of the Management API is of the tenant, one of the Authentication API of an endpoint.
  const routeOf = (url, init) => {
    const { origin, pathname } = new URL(url);
    const [, group] = /^\/api\/v2\/([^/]*)/.exec(pathname) ?? [];
    const grouped = group !== undefined;
    const place = grouped ? origin : origin + pathname;
    return { place, grouped, key: `${place} ${init?.method ?? "GET"} ${group}` };
  };

  const enter = (route, bulk, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const lane = find(route);
      const line = lane.lines[+bulk];
      const leave = () => {
        line.splice(line.indexOf(waiter), 1);
        reject(signal.reason);
        lane.serve(reserve);
      };
      const done = () => signal?.removeEventListener("abort", leave);
      const waiter = {
        go: (lane, ticket) => (done(), resolve({ lane, ticket })),
        refuse: (wait) => (done(), resolve({ wait })),
      };
      signal?.addEventListener("abort", leave, { once: true });
      line.push(waiter);
      lane.serve(reserve);
    });

  return {
    fetch({ priority = "interactive", fetch: own } = {}) {
      if (priority !== "interactive" && priority !== "bulk") throw new TypeError('`priority` must be "interactive" or "bulk"');
      return async (url, init) => {
        const route = routeOf(url, init);
        const { lane, ticket, wait } = await enter(route, priority === "bulk", init?.signal);
        if (wait) return heldBack(wait);
        let response;
        try {
          // The global one at the time of the call.
          response = await (own ? own(url, init) : fetch(url, init));
          return response;
        } finally {
          if (typeof response?.headers?.get === "function") told(route, lane, ticket, response);
          else {
            lane.bucket.lost();
            lane.serve(reserve);
          }
        }
      };
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
