// Does what the core says: sends, waits, reads. The core decides (src/http/exchange.rs); nothing is decided here.
import { failure } from "./errors.js";
import { plainMembers } from "./form.js";
import { bearer } from "./tokens.js";

// What the core says is next (src/js.rs).
const [BEGIN, TOKEN, SEND, READ, READ_ERROR, WAIT, FAIL] = [0, 1, 2, 3, 4, 5, 6];

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

const timer = (milliseconds, fire) => {
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
    this.ended = new Promise((_, reject) => {
      this.end = (reason) => {
        this.controller.abort(reason);
        reject(reason);
      };
    });
    // Whoever waits hears of it; nobody may be waiting.
    this.ended.catch(() => {});
    this.stop = timer(milliseconds, () => {
      this.over = true;
      this.end(new DOMException("The time is over", "TimeoutError"));
    });
    if (signal) {
      this.signal = signal;
      this.onAbort = () => {
        this.aborted = true;
        this.end(signal.reason);
      };
      if (signal.aborted) this.onAbort();
      else signal.addEventListener("abort", this.onAbort, { once: true });
    }
  }

  // What a promise gives, unless the attempt ends first: a `fetch` of the caller's may never settle.
  within(promise) {
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
  try {
    return { data: text ? JSON.parse(text) : undefined };
  } catch {
    return undefined;
  }
};

// Reads the beginning of an error's body: no more of it than is kept.
const readSome = async (response, attempt) => {
  const reader = response.body?.getReader?.();
  if (!reader) return { text: String((await attempt.within(response.text?.())) ?? "") };
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
        reader.cancel().catch(() => {});
        return { text, truncated: true };
      }
    }
  } catch (broken) {
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
  for (const [name, value] of headers) lines.push(`${name}:${value}`);
  return lines.join("\n");
};

const initOf = (request, body, signal) => {
  const [target, ...lines] = request.split("\n");
  const space = target.indexOf(" ");
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon)] = line.slice(colon + 2);
  }
  // The core decides about redirects; a browser then shows an opaque answer, which is an error.
  const init = { method: target.slice(0, space), headers, redirect: "manual", signal };
  if (body !== undefined) init.body = body;
  return [target.slice(space + 1), init];
};

// Runs an exchange to its end and gives `{ response, data }`; `io` has the context, the body, the caller's signal, `unread` for
// an answer that the caller reads, and `buys` for a token request, whose attempts are a part of `parent`.
export const run = async (exchange, io, parent) => {
  const { context, signal } = io;
  // What the core's error is completed with: what was thrown, and what is kept of the answer.
  let found;
  let response;

  const send = async (attempt) => {
    const body = io.body ?? (exchange.body() || undefined);
    const [url, init] = initOf(exchange.request(), body, attempt.controller.signal);
    const answer = await attempt.within(context.fetch(url, init));
    // A `fetch` written by hand may answer with anything.
    if (!answer?.headers || typeof answer.headers.get !== "function") throw new Error("fetch answered with something that is not a Response");
    response = answer;
    found = { response };
    const good = answer.ok ?? (answer.status >= 200 && answer.status < 300);
    return exchange.answered(answer.status, good ? "" : headerLines(answer.headers), now(), Math.random());
  };

  const readError = async (attempt) => {
    const { text, truncated, broken } = await readSome(response, attempt);
    found = { response, body: text, truncated };
    const document = parse(text)?.data;
    const shown = document === undefined ? text.slice(0, 4096) : "";
    return exchange.refused(shown, document !== undefined, plainMembers(document), broken && brokeWhileReading(broken), now(), Math.random());
  };

  // One attempt, to its answer or to the step that follows a failure.
  const perform = async (attempt, first) => {
    let step = first;
    for (;;) {
      try {
        if (step === TOKEN) step = await bearer(exchange, io, attempt);
        else if (step === SEND) step = await send(attempt);
        else if (step === READ_ERROR) step = await readError(attempt);
        else if (step === READ) {
          if (io.unread) {
            attempt.handOver();
            return { response };
          }
          // Not json(): the text is kept when it is none.
          const text = await attempt.within(response.text());
          if (typeof text !== "string") throw new Error("the body that fetch gave is not a text");
          const parsed = parse(text);
          if (io.buys) {
            // Its body is kept nowhere: a token may be in it.
            const token = exchange.bought(isObject(parsed?.data), plainMembers(parsed?.data));
            if (token) return { token };
            step = FAIL;
          } else if (parsed) {
            return { response, data: parsed.data };
          } else {
            found = { response, body: text };
            exchange.fail("decode", "the answer is not JSON");
            step = FAIL;
          }
        } else return step;
      } catch (thrown) {
        if (thrown instanceof Final || attempt.over || attempt.aborted) throw thrown;
        found = { ...found, cause: thrown };
        step = exchange.broke(step === READ ? brokeWhileReading(thrown) : `the connection failed: ${describe(thrown)}`, codeOf(thrown), now(), Math.random());
      }
    }
  };

  const aborted = () => {
    exchange.fail("aborted", "the call was aborted by its signal");
    throw new Final(failure(exchange, { cause: signal.reason }));
  };

  try {
    for (let step = exchange.begin(now()); ; ) {
      if (step === BEGIN) step = exchange.begin(now());
      const attempt = parent ?? new Attempt(exchange.limit(), signal);
      try {
        if (signal?.aborted) aborted();
        const result = await perform(attempt, step);
        if (typeof result === "object") return result;
        step = result;
      } catch (thrown) {
        if (parent || thrown instanceof Final) throw thrown;
        if (attempt.aborted) aborted();
        if (!attempt.over) throw thrown;
        step = exchange.timedOut(now(), Math.random());
      } finally {
        if (!parent) attempt.close();
      }
      if (step === FAIL) {
        io.found = found;
        throw new Final(failure(exchange, found));
      }
      if (step === WAIT) {
        try {
          await (parent ? parent.within(pause(exchange.wait())) : pause(exchange.wait(), signal));
        } catch (thrown) {
          if (parent) throw thrown;
          aborted();
        }
        step = BEGIN;
      }
      found = response = undefined;
    }
  } finally {
    exchange.free();
  }
};

// The same for whoever is not a part of another exchange.
export const drive = async (exchange, io) => {
  try {
    return await run(exchange, io);
  } catch (thrown) {
    throw thrown instanceof Final ? thrown.error : thrown;
  }
};
