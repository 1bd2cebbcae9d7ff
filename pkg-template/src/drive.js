// Does what the core says: sends, waits, reads. The core decides (src/http/exchange.rs); nothing is decided here.
import { failure, refused } from "./errors.js";
import { plainMembers, textOnly } from "./form.js";
import { strict } from "./jose.js";
import { textOf } from "./text.js";
import { bearer } from "./tokens.js";

// What the core says is next (src/js.rs).
export const SEND = 2;
const [BEGIN, TOKEN, READ, READ_ERROR, WAIT, FAIL] = [0, 1, 3, 4, 5, 6];

// How a call ends that has failed: whatever else is thrown was thrown by somebody else.
export class Final {
  constructor(error) {
    this.error = error;
  }
}

// What a timer takes; a longer delay would fire at once.
const LONGEST = 2147483647;

// What of an error's body is kept, in bytes.
const KEPT = 65536;

// Looked up at each call, so that a test can put a clock of its own in place.
const now = () => Date.now();

export const timer = (milliseconds, fire) => {
  let id;
  const arm = (left) => {
    id = setTimeout(() => (left > LONGEST ? arm(left - LONGEST) : fire()), Math.min(left, LONGEST));
  };
  arm(milliseconds);
  return () => clearTimeout(id);
};

// An attempt: it ends by itself, when its time is over or the caller aborts, whatever it waits for then.
export class Attempt {
  over = false;
  aborted = false;

  constructor(milliseconds, signal) {
    this.controller = new AbortController();
    this.stop = timer(milliseconds, () => {
      this.over = true;
      this.end(new DOMException("The time is over", "TimeoutError"));
    });
    if (signal) {
      const abort = () => {
        this.aborted = true;
        this.end(signal.reason);
      };
      this.signal = signal;
      this.onAbort = abort;
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    }
  }

  end(reason) {
    this.reason = reason;
    this.controller.abort(reason);
    this.heard?.(reason);
  }

  // Takes who is told of an end that comes too early. (A function that is written where it is assigned to a member stays in V8 until
  // a full collection, with all that it holds: it takes it for a method.)
  listen(heard) {
    this.heard = heard;
  }

  // What a promise gives, unless the attempt ends first: a `fetch` of the caller's may never settle.
  within(promise) {
    this.ended ??= new Promise((_, reject) => {
      if (this.over || this.aborted) reject(this.reason);
      else this.listen(reject);
    });
    return Promise.race([promise, this.ended]);
  }

  // The answer is the caller's now, and so is the signal: it ends what is still to come.
  handOver() {
    this.signal = undefined;
  }

  close() {
    this.stop();
    this.signal?.removeEventListener("abort", this.onAbort);
  }
}

// The wait between two attempts; ends at once when the caller aborts.
export const pause = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = timer(milliseconds, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    const abort = () => {
      stop();
      reject(signal.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });

const isObject = (value) => !!value && typeof value === "object";

const parse = (text) => {
  if (typeof text !== "string") return undefined;
  try {
    return { data: text ? JSON.parse(text) : undefined };
  } catch {
    return undefined;
  }
};

// A member that comes twice: two readers would see two answers (RFC 8259, section 4).
const isTwofold = (text) => {
  try {
    strict(text);
  } catch (fault) {
    return fault === "member_duplicate";
  }
};

// Reads the beginning of an error's body: no more of it than is kept.
const readSome = async (response, attempt) => {
  const reader = response.body?.getReader?.();
  if (!reader) return { text: String((await attempt.within(response.text?.())) ?? "") };
  const letGo = () => reader.cancel().catch(() => {});
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await attempt.within(reader.read());
      if (done) return { text: text + decoder.decode() };
      const rest = KEPT - size;
      size += value.length;
      text += decoder.decode(value.subarray(0, rest), { stream: true });
      if (size > KEPT) {
        letGo();
        return { text, truncated: true };
      }
    }
  } catch (broken) {
    letGo();
    if (attempt.over || attempt.aborted) throw broken;
    return { text, truncated: true, broken };
  }
};

// What a thrown value says of itself. Node hides the reason in `cause`.
const describe = (thrown) => {
  const { cause } = thrown ?? {};
  const message = thrown?.message ?? (typeof thrown === "string" ? thrown : "fetch threw something that is not an Error");
  const reason = cause?.code ?? cause?.message;
  return typeof reason === "string" ? `${message} (${reason})` : String(message);
};

const brokeWhileReading = (thrown) => `the connection broke while the body was read: ${describe(thrown)}`;

const codeOf = (thrown) => {
  const code = thrown?.cause?.code ?? thrown?.code;
  return typeof code === "string" ? code : "";
};

const headerLines = (headers) => {
  const lines = [];
  // Those of an answer written by hand may only know `get`.
  for (const [name, value] of headers[Symbol.iterator] ? headers : []) lines.push(`${name}:${value}`);
  return lines.join("\n");
};

// Tells a hook of the client's. What it throws, or rejects with, is its own.
const tell = ({ context, id = "oauth.token" }, hook, event) => {
  if (context[hook]) (async () => context[hook]({ operation: id, ...event() }))().catch(() => {});
};

const told = ({ status, headers }) => {
  const number = (name) => (headers.get(name) ? Number(headers.get(name)) : undefined);
  return { status, limit: number("x-ratelimit-limit"), remaining: number("x-ratelimit-remaining"), requestId: headers.get("x-auth0-requestid") ?? undefined };
};

// A request as the core writes it: the method and the URL, and a line a header.
const readRequest = ([first, ...lines]) => {
  const cut = (line, mark) => [line.slice(0, line.indexOf(mark)), line.slice(line.indexOf(mark) + mark.length)];
  const [method, url] = cut(first, " ");
  return { method, url, headers: Object.fromEntries(lines.map((line) => cut(line, ": "))) };
};

// Makes a request.
const request = (io, url, { method, headers }, body, { controller }, attempt = 1) => {
  const { context, fetch = context.fetch } = io;
  // The core decides about redirects; a browser then shows an opaque answer, which is an error. The headers are a copy: what
  // is given to `fetch` may be changed by those in between.
  const init = { method, headers: { ...headers }, redirect: "manual", signal: controller.signal };
  if (body !== undefined) init.body = body;
  const event = { attempt, method };
  tell(io, "onRequest", () => event);
  const at = now();
  // Called without a receiver.
  const sent = fetch(url, init);
  if (!context.onResponse) return sent;
  return Promise.resolve(sent).then((response) => {
    tell(io, "onResponse", () => ({ ...event, ...told(response), durationMs: now() - at }));
    return response;
  });
};

const isResponse = (response) => typeof response?.headers?.get === "function";

const isGood = (status) => status >= 200 && status < 300;

// Runs an exchange to its end and gives `{ response, data }`; `io` has the context, the body, the caller's signal, perhaps a
// `fetch` in the place of the context's, `unread` for an answer that the caller reads, `strict` for one in which no member may
// come twice, and `buys` for a token request, whose attempts are a part of `parent`. `early` is what has been done of the first
// attempt already.
export const run = async (exchange, io, parent, early) => {
  const { context, signal } = io;
  let attempt = parent ?? early?.attempt;
  let sent = early?.response;
  let reading = early?.text;
  // What the core's error is completed with: what was thrown, and what is kept of the answer.
  let found;
  let response;
  let step = BEGIN;
  try {
    for (;;) {
      try {
        if (step === BEGIN) {
          found = response = undefined;
          if (early) {
            exchange.resume(early.authorization ?? "", early.at);
            early = undefined;
            step = SEND;
          } else {
            // After a token that was refused, the next attempt follows at once.
            if (!parent) attempt?.close();
            step = exchange.begin(now());
            attempt = parent ?? new Attempt(exchange.limit(), signal);
          }
          if (signal?.aborted) throw signal.reason;
        } else if (step === TOKEN) {
          step = await bearer(exchange, io, attempt);
        } else if (step === SEND) {
          if (!sent) {
            // One that is made anew for each attempt holds an assertion that is good for one.
            const body = io.buys ? exchange.body() : typeof io.body === "function" ? await attempt.within(io.body()) : io.body;
            const made = readRequest(exchange.request().split("\n"));
            sent = request(io, made.url, made, body, attempt, exchange.attempts());
          }
          const answer = attempt.within(sent);
          sent = undefined;
          response = await answer;
          // A `fetch` written by hand may answer with anything.
          if (!isResponse(response)) throw new Error("fetch answered with something that is not a Response");
          found = { response };
          const { status } = response;
          // Other requests of this token would fare no better.
          if (status === 401) context.plans?.clear();
          step = exchange.answered(status, headerLines(response.headers), now(), Math.random());
          // A redirect that is followed: nobody reads what it says.
          if (step === SEND) response.body?.cancel?.().catch(() => {});
        } else if (step === READ) {
          if (io.unread) {
            attempt.handOver();
            return { response };
          }
          const body = attempt.within(reading ?? textOf(response));
          // What was read of the first attempt is not what a later one answers.
          reading = undefined;
          const text = await body;
          if (typeof text !== "string") throw new Error("the body that fetch gave is not a text");
          if (io.text) return { response, data: text };
          const parsed = parse(text);
          if (io.strict && isTwofold(text)) {
            // What else is in it may be a token, and is kept nowhere.
            exchange.fail("decode", "the answer has a member that comes twice");
          } else if (io.buys) {
            // Its body is kept nowhere: a token may be in it.
            const token = exchange.bought(isObject(parsed?.data), plainMembers(parsed?.data));
            if (token) return { token, life: Number(parsed.data.expires_in) };
          } else {
            if (parsed) return { response, data: parsed.data };
            found.body = text;
            exchange.fail("decode", /^\s*</.test(text) ? "the answer is an HTML page, and not JSON" : "the answer is not JSON");
          }
          step = FAIL;
        } else if (step === READ_ERROR) {
          const { text, truncated, broken } = await readSome(response, attempt);
          found = { response, body: text, truncated };
          const document = parse(text)?.data;
          const shown = document === undefined ? text.slice(0, 4096) : "";
          step = exchange.refused(shown, document !== undefined, plainMembers(document, textOnly), broken && brokeWhileReading(broken), now(), Math.random());
        } else if (step === WAIT) {
          if (!parent) attempt.close();
          tell(io, "onRetry", () => ({ attempt: exchange.attempts(), status: found?.response?.status, waitMs: exchange.wait() }));
          await (parent ? parent.within(pause(exchange.wait())) : pause(exchange.wait(), signal));
          step = BEGIN;
        } else {
          io.found = found;
          throw new Final(failure(exchange, found));
        }
      } catch (thrown) {
        if (thrown instanceof Final || parent?.over || parent?.aborted) throw thrown;
        if (signal?.aborted) {
          exchange.fail("aborted", "the call was aborted by its signal");
          throw new Final(failure(exchange, { cause: signal.reason }));
        }
        if (attempt.over) {
          step = exchange.timedOut(now(), Math.random());
        } else {
          found = { ...found, cause: thrown };
          step = exchange.broke(step === READ ? brokeWhileReading(thrown) : `the connection failed: ${describe(thrown)}`, codeOf(thrown), now(), Math.random());
        }
      }
    }
  } finally {
    if (!parent) attempt?.close();
    exchange.free();
  }
};

const unwrap = (thrown) => {
  throw thrown instanceof Final ? thrown.error : thrown;
};

// Runs an exchange that is a part of nothing else.
export const drive = (exchange, io) => run(exchange, io).catch(unwrap);

// How many requests that the core has written are kept.
const PLANS = 64;

// Ids that the core refuses, or writes otherwise than `encodeURIComponent`.
const ODD = /[!*'()]|(^|&)(\.|&|$)/;

// Makes a call: `{ response, data }`. As it nearly always goes, the first request is answered with JSON, and the core is asked
// for that request alone, and once for all calls that differ in nothing but their ids, while its token is good. For all else
// there is an exchange, which goes on from where this is.
export const call = (core, { line, id, pieces = [line] }, path, query, options, io) => {
  const { context, signal, body } = io;
  const { plans } = context;
  const at = now();
  const has = body === undefined ? "" : "1";
  const input = () => [line, id, path, query, has, options].join("\n");
  const goOn = async (early) => run(core.call(input()) ?? refused(core.problem(input())), io, undefined, early).catch(unwrap);
  const key = `${id}\n${query}\n${has}${options}`;
  // The path of the URL, with the ids in it.
  let place = pieces[0].slice(1);
  path.split("&").forEach((id, index) => (place += id + (pieces[2 * index + 2] ?? "")));
  const odd = path && ODD.test(path);
  let plan = odd ? undefined : plans.get(key);
  if (signal?.aborted) return goOn();
  if (!(at < plan?.until)) {
    const text = core.first(input(), at);
    if (!text) return goOn();
    const [limit, until, ...lines] = text.split("\n");
    plan = { ...readRequest(lines), limit: +limit, until: +until };
    plan.parts = plan.url.split(place);
    if (plan.parts.length === 2) {
      if (plans.size >= PLANS) plans.clear();
      plans.set(key, plan);
    }
  }
  const attempt = new Attempt(plan.limit, signal);
  const early = { at, attempt, authorization: plan.headers.authorization };
  let rest;
  const slowly = () => (rest ??= goOn(early));
  const begin = async () => {
    try {
      early.response = request(io, plan.parts.join(place), plan, body, attempt);
      const response = await early.response;
      if (isGood(response.status) && isResponse(response) && !io.unread) {
        early.text = textOf(response);
        const parsed = parse(await early.text);
        if (parsed) {
          attempt.close();
          return { response, data: parsed.data };
        }
      }
    } catch (thrown) {
      // Told once more where it is looked into.
      early.response ??= { then: (_, reject) => reject(thrown) };
    }
    return slowly();
  };
  return new Promise((resolve, reject) => {
    attempt.listen(() => resolve(slowly()));
    begin().then(resolve, reject);
  });
};
