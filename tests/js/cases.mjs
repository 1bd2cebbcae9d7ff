// Runs tests/cases/*.json (the README there says what is in them) through the installed package: a part of suite.mjs. Web globals
// only. `files` is made by run.mjs, because most runtimes have no files: the cases by file, and the operations that take a request.

const START = Date.UTC(2026, 0, 1);

// What the error's code is where Auth0 gives none.
const CODES = { config: "invalid_config", request: "invalid_argument", transport: "network_error", timeout: "timeout", api: "api_error", rate_limited: "too_many_requests", decode: "invalid_response", auth: "auth_error", paging: "paging_error" };

const MEMBERS = {
  case: ["name", "only", "client", "call", "calls", "replies", "expect"],
  client: ["domain", "baseUrl", "token", "clientId", "clientSecret", "audience", "organization", "headers", "customDomain", "telemetry", "maxRetries", "timeoutMs", "deadlineMs"],
  call: ["operation", "path", "query", "body", "headers", "maxRetries", "timeoutMs", "deadlineMs", "afterMs", "walk"],
  reply: ["none", "status", "headers", "json", "text", "hex", "repeat", "then"],
  expect: ["requests", "result", "waits", "error"],
};

const check = (what, object) => {
  for (const name of Object.keys(object)) if (!MEMBERS[what].includes(name)) throw new Error(`a ${what} has no ${name}`);
};

// These ask nothing of the sandbox.
const ALONE = true;

// A clock that stands still, and jumps to the end of what is waited for once nothing else can happen. An answer that has been given
// and not been dealt with can: whoever deals with it starts or stops a timer, asks again, or is done.
const makeClock = () => {
  const { setTimeout, clearTimeout } = globalThis;
  const kept = { setTimeout, clearTimeout, now: Date.now, random: Math.random };
  const timers = new Set();
  const waits = [];
  let now = START;
  let running = true;
  const clock = {
    waits,
    timers,
    answered: false,
    advance: (milliseconds) => {
      now += milliseconds;
    },
    now: () => now,
    end: () => {
      running = false;
      Object.assign(globalThis, { setTimeout: kept.setTimeout, clearTimeout: kept.clearTimeout });
      Date.now = kept.now;
      Math.random = kept.random;
    },
  };
  globalThis.setTimeout = (callback, milliseconds = 0, ...values) => {
    const fire = () => callback(...values);
    clock.answered = false;
    quiet = 0;
    const timer = { at: now + milliseconds, milliseconds, fire };
    timers.add(timer);
    // One that is unreferenced is of Node's own fetch, which finishes what an earlier case has asked the sandbox.
    timer.unref = () => {
      timers.delete(timer);
      timer.own = kept.setTimeout(fire, milliseconds);
      return timer.own.unref();
    };
    return timer;
  };
  globalThis.clearTimeout = (timer) => {
    if (timers.delete(timer)) clock.answered = false;
    else kept.clearTimeout.call(globalThis, timer?.own ?? timer);
    quiet = 0;
  };
  Date.now = () => now;
  Math.random = () => 0;
  // Turns of the event loop in which nothing happened.
  let quiet = 0;
  const turn = () => {
    if (!running) return;
    kept.setTimeout.call(globalThis, turn, 0);
    if (clock.answered || !timers.size || ++quiet < 3) return;
    quiet = 0;
    const next = [...timers].reduce((first, timer) => (timer.at < first.at ? timer : first));
    timers.delete(next);
    now = Math.max(now, next.at);
    waits.push(next.milliseconds);
    next.fire();
  };
  turn();
  return clock;
};

const bytesOf = ({ json, text, hex, repeat = 1 }) => {
  if (hex !== undefined) return Uint8Array.from(hex.match(/../g), (byte) => Number.parseInt(byte, 16));
  return new TextEncoder().encode((json === undefined ? (text ?? "") : JSON.stringify(json)).repeat(repeat));
};

const responseOf = (reply, clock) => {
  const { status, then } = reply;
  const headers = new Headers("json" in reply ? { "content-type": "application/json; charset=utf-8" } : {});
  for (const [name, value] of Object.entries(reply.headers ?? {})) headers.set(name, value.startsWith("now+") ? String(START / 1000 + Number(value.slice(4))) : value);
  const bytes = bytesOf(reply);
  let body = bytes.length ? bytes : null;
  if (then) {
    let sent = false;
    body = new ReadableStream(
      {
        pull(controller) {
          if (!sent && bytes.length) {
            sent = true;
            return controller.enqueue(bytes);
          }
          if (then === "breaks") return controller.error(new TypeError("terminated", { cause: Object.assign(new Error("the other side closed"), { code: "UND_ERR_SOCKET" }) }));
          clock.answered = false;
          return new Promise(() => {});
        },
      },
      { highWaterMark: 0 },
    );
  }
  if (status >= 200 && status <= 599) return new Response(body, { status, headers });
  // Of a status that a Response cannot be made with.
  const made = new Response(body, { headers });
  return Object.defineProperty(made, "status", { value: status });
};

const NO_ANSWER = { notSent: ["ECONNREFUSED", "the connection was refused"], maybeSent: ["ECONNRESET", "the connection was reset"] };

const makeFetch = (replies, clock) => {
  const requests = [];
  const fetch = async (url, init) => {
    const reply = replies[requests.length];
    if (reply) requests.push({ url: String(url), method: init.method, headers: new Headers(init.headers), body: init.body });
    clock.answered = true;
    const [code, why] = (reply ? NO_ANSWER[reply.none] : NO_ANSWER.notSent) ?? [];
    if (code) throw new TypeError(why, { cause: Object.assign(new Error(`connect ${code}`), { code }) });
    if (reply.none !== "hangs") return responseOf(reply, clock);
    clock.answered = false;
    return new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason)));
  };
  // A request beyond the replies counts as well.
  const count = { extra: 0 };
  return { requests, count, fetch: (url, init) => ((count.extra += requests.length >= replies.length ? 1 : 0), fetch(url, init)) };
};

const seconds = (milliseconds) => (milliseconds === undefined ? undefined : milliseconds / 1000);

const clientOf = (sdk, of, fetch) => {
  const { telemetry, timeoutMs, deadlineMs, customDomain, ...rest } = of;
  if (!("token" in of) && of.clientId === undefined) rest.token = "test-token";
  const options = { domain: "tenant.us.auth0.com", timeoutInSeconds: seconds(timeoutMs), deadlineInSeconds: seconds(deadlineMs), withCustomDomainHeader: customDomain, fetch, ...rest };
  if (telemetry !== undefined) options.telemetry = telemetry;
  return new sdk.ManagementClient(options);
};

const make = async (client, of, taking) => {
  const names = of.operation.split(".");
  const method = names.pop();
  const group = names.reduce((at, name) => at?.[name], client);
  if (!group?.[method]) throw new Error(`there is no ${of.operation}`);
  const args = [...(of.path ?? [])];
  if (taking.has(of.operation)) args.push("body" in of && (!of.query || typeof of.body !== "object") ? of.body : of.query || of.body ? { ...of.query, ...of.body } : undefined);
  else if (of.query || "body" in of) throw new Error(`${of.operation} takes no request`);
  const options = { headers: of.headers, maxRetries: of.maxRetries, timeoutInSeconds: seconds(of.timeoutMs), deadlineInSeconds: seconds(of.deadlineMs) };
  if (Object.values(options).some((value) => value !== undefined)) args.push(options);
  const result = group[method](...args);
  if (!of.walk) return result;
  const all = [];
  if (of.walk === "items") for await (const item of result) all.push(item);
  else for await (const page of (await result).pages()) all.push({ items: page.data, hasNext: page.hasNextPage() });
  return all;
};

// What is shown of an error wherever it is shown.
const shown = (error, depth = 0) => {
  if (!(error instanceof Error) || depth > 5) return String(error);
  return [String(error), error.stack, JSON.stringify(error), error.cause && shown(error.cause, depth + 1)].join("\n");
};

const json = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const sharedCases = ({ test, ok, equal, includes }, { files, taking }) => {
  const takes = new Set(taking);
  const sortedPairs = (pairs) => [...pairs].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

  const checkRequest = (wanted, made) => {
    if (!("body" in wanted) && !("form" in wanted)) equal(made.body, undefined, "the body");
    const url = new URL(made.url);
    for (const [key, value] of Object.entries(wanted)) {
      if (key === "method") equal(made.method, value, "the method");
      // Not what URL makes of it: it would mend what is wrong.
      else if (key === "url") equal(made.url.split("?")[0], value, "the URL");
      else if (key === "query") equal(sortedPairs(url.searchParams), sortedPairs(value), `the query of ${made.url}`);
      else if (key === "body") equal(JSON.parse(made.body), value, "the body");
      else if (key === "form") equal(sortedPairs(new URLSearchParams(made.body)), sortedPairs(value), "the form");
      else if (key === "headers") {
        for (const [name, text] of Object.entries(value)) {
          if (text === "*") ok(made.headers.get(name), `a header ${name}`);
          else equal(made.headers.get(name), text, `the header ${name}`);
        }
      } else throw new Error(`a request has no ${key}`);
    }
  };

  const checkError = (sdk, wanted, error) => {
    ok(error instanceof sdk.ManagementError, `a ManagementError, got ${error?.stack ?? error}`);
    equal(error instanceof sdk.ManagementTimeoutError, error.code === "timeout", "the class of a timeout");
    const size = error.body === undefined ? undefined : new TextEncoder().encode(typeof error.body === "string" ? error.body : JSON.stringify(error.body)).length;
    const made = {
      operation: error.operation,
      status: error.statusCode,
      missingScope: error.missingScope,
      retryAfter: error.retryAfter,
      resetAfter: error.resetAt && (error.resetAt - START) / 1000,
      requestId: error.requestId,
      mfaToken: error.mfaToken,
      attempts: error.attempts,
      // An answer proves it, and then it is not said.
      mayHaveBeenSent: error.statusCode ? true : error.mayHaveBeenSent,
      bodyLength: size,
      truncated: error.truncated ?? false,
    };
    for (const [key, value] of Object.entries(wanted)) {
      if (key === "kind") {
        const byStatus = value === "api" || value === "rate_limited";
        if (byStatus) ok(error.statusCode, `a status with ${error.message}`);
        if (value === "rate_limited") equal(error.statusCode, 429, "the status");
        // With a code of Auth0 in its place the kind is not told.
        else if (Object.values(CODES).includes(error.code)) equal(error.code, CODES[value], `the code of ${error.message}`);
      } else if (key === "code") equal(error.code, value ?? CODES[wanted.kind] ?? CODES.api, "the code");
      else if (key === "message") includes(error.message, value, "the message");
      else if (key === "contains") for (const part of value) includes(error.message, part, "the message");
      else if (key === "lacks") for (const part of value) ok(!shown(error).includes(part), `no ${part} in ${shown(error)}`);
      else if (key === "body") equal(error.body ?? null, value && json(value), "the body");
      else if (key in made) equal(made[key] ?? null, value, `${key} of ${error.message}`);
      else throw new Error(`an error has no ${key}`);
    }
  };

  const runCase = async (sdk, { client: settings = {}, call, calls = [], replies = [], expect }) => {
    check("client", settings);
    check("expect", expect);
    for (const reply of replies) check("reply", reply);
    const clock = makeClock();
    const script = makeFetch(replies, clock);
    let result;
    let failed;
    try {
      try {
        const client = clientOf(sdk, settings, script.fetch);
        for (const of of [...(call ? [call] : []), ...calls]) {
          check("call", of);
          clock.advance(of.afterMs ?? 0);
          result = await make(client, of, takes);
        }
      } catch (thrown) {
        failed = { thrown };
      }
    } finally {
      clock.end();
    }
    if (expect.error) {
      ok(failed, `a failure, got ${JSON.stringify(result)}`);
      checkError(sdk, expect.error, failed.thrown);
    } else if (failed) throw failed.thrown;
    else if ("result" in expect) equal(result ?? null, expect.result, "the result");
    if (expect.requests) {
      equal(script.requests.length + script.count.extra, expect.requests.length, "the number of requests");
      expect.requests.forEach((wanted, index) => checkRequest(wanted, script.requests[index]));
    }
    if (expect.waits) equal(clock.waits, expect.waits, "the waits");
    equal([...clock.timers].map(({ milliseconds }) => milliseconds), [], "timers that are left");
  };

  for (const [file, cases] of Object.entries(files)) {
    for (const one of cases) {
      check("case", one);
      if (one.only === "rust") continue;
      test(`shared: ${file}: ${one.name}`, ({ sdk }) => runCase(sdk, one), ALONE);
    }
  }
};
