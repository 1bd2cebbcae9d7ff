// auth0-sdk/bulk of the packed tarball: the bucket against tests/cases/pacing.json, the limiter's fetch, jobs, and the client's hooks.
//
//   node tests/js/bulk.mjs [tarball]
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import test from "node:test";

const root = fileURLToPath(new URL("../../", import.meta.url));
const tarball = process.argv[2] ?? join(root, "target/npm/auth0-sdk.tgz");
const project = join(root, "target/bulk-test");
mkdirSync(project, { recursive: true });
writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
execFileSync("npm", ["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline", tarball], { cwd: project, stdio: "inherit" });
const require = createRequire(pathToFileURL(join(project, "package.json")));
const load = (name) => import(pathToFileURL(require.resolve(name).replace(".cjs", ".js")));
const bulk = await load("auth0-sdk/bulk");
const { createBudget, createLimiter, forEach } = bulk;
const { ManagementClient } = await import(pathToFileURL(require.resolve("auth0-sdk")));
assert.deepEqual(Object.keys(require("auth0-sdk/bulk")).sort(), Object.keys(bulk).sort());

const realNow = Date.now;
const realTimeout = globalThis.setTimeout;
const realClear = globalThis.clearTimeout;

// A clock that jumps to the next timer whenever nothing else is to be done.
const withClock = async (work) => {
  let now = 1_767_225_600_000;
  let timers = [];
  let id = 0;
  const waits = [];
  Date.now = () => now;
  globalThis.setTimeout = (fire, delay = 0) => {
    timers.push({ id: ++id, at: now + delay, fire });
    return id;
  };
  globalThis.clearTimeout = (gone) => {
    timers = timers.filter((timer) => timer.id !== gone);
  };
  let over = false;
  const tick = () => {
    if (over) return;
    setImmediate(() => {
      // Attempts have a timeout of a minute each, and pacing waits are shorter: the first one is what is waited for.
      timers.sort((a, b) => a.at - b.at);
      const next = timers.shift();
      if (next) {
        if (next.at > now) waits.push(next.at - now);
        now = Math.max(now, next.at);
        next.fire();
      }
      setImmediate(tick);
    });
  };
  setImmediate(tick);
  try {
    await work({ waits, now: () => now, timers: () => timers.length });
  } finally {
    over = true;
    Date.now = realNow;
    globalThis.setTimeout = realTimeout;
    globalThis.clearTimeout = realClear;
  }
};

const answer = (status, headers = {}, body = "{}") => new Response(body, { status, headers: { "content-type": "application/json", ...headers } });
const left = (limit, remaining, reset) => ({ "x-ratelimit-limit": String(limit), "x-ratelimit-remaining": String(remaining), ...(reset ? { "x-ratelimit-reset": String(reset) } : {}) });
const URL_ = "https://tenant.us.auth0.com/api/v2/users/u";

// A tenant's bucket on the clock: counts what it refuses.
const tenant = (size, speed) => {
  let level = size;
  let at = Date.now() / 1000;
  const seen = { requests: 0, refused: 0 };
  const send = async () => {
    const now = Date.now() / 1000;
    level = Math.min(size, level + (now - at) * speed);
    at = now;
    seen.requests++;
    const full = Math.ceil(now + (size - Math.max(level - 1, 0)) / speed);
    if (level < 1) {
      seen.refused++;
      return answer(429, { ...left(size, 0, full), "retry-after": String(Math.ceil((1 - level) / speed)) });
    }
    level--;
    return answer(200, { ...left(size, Math.floor(level), full), date: new Date(Math.floor(now) * 1000).toUTCString() });
  };
  return { send, seen };
};

test("the bucket does what the core's does", async () => {
  const { Bucket } = await import(pathToFileURL(join(root, "pkg-template/src/pace.js")));
  const { cases } = JSON.parse(readFileSync(join(root, "tests/cases/pacing.json"), "utf8"));
  assert.ok(cases.length >= 6);
  for (const { name, share, steps } of cases) {
    const bucket = new Bucket();
    const tickets = {};
    for (const [index, step] of steps.entries()) {
      if (step.answer) {
        bucket.told(tickets[step.answer], step.seen, step.at);
        continue;
      }
      const verdict = bucket.ask(step.ask === "spare", share, step.at);
      if (step.go) {
        assert.equal(verdict.wait, undefined, `${name}, step ${index}`);
        tickets[step.go] = verdict;
      } else {
        assert.deepEqual(verdict, step.blocked === undefined ? { wait: step.wait } : { wait: step.blocked, blocked: true }, `${name}, step ${index}`);
      }
    }
  }
});

test("a turn to the store of a shared limit does what the core's does, and keeps the same text", async () => {
  const { reckon } = await import(pathToFileURL(join(root, "pkg-template/src/fleet.js")));
  const { cases } = JSON.parse(readFileSync(join(root, "tests/cases/fleet.json"), "utf8"));
  assert.ok(cases.length >= 2);
  const numbers = (text) => text?.split(/[ \n]/).map((word) => (word === "inf" ? Infinity : /^v/.test(word) ? word : Number(word)));
  for (const { name, share, turns } of cases) {
    assert.ok(turns.length > 20);
    for (const [index, { old, heard, now, slice, text }] of turns.entries()) {
      const served = reckon(old ?? undefined, heard, true, share, now);
      assert.deepEqual(served.slice, slice, `${name}, turn ${index}`);
      assert.deepEqual(numbers(served.text), numbers(text ?? undefined), `${name}, turn ${index}`);
    }
  }
  // What is of no use is learned anew.
  const [{ text }] = cases[0].turns;
  for (const bad of ["", "garbage", "\n", text.replace("v1", "v2"), `${text} x`, text.replace("\n", " "), text.replace("\n", "\nNaN "), text + " 1".repeat(32), text.replace("v1 0", "v1 -5"), text.replace("v1 0", "v1 0x1")]) {
    const { slice, bucket } = reckon(bad, [], true, 0.1, cases[0].turns[0].now);
    assert.deepEqual([slice.tickets?.length, bucket.taken], [1, 1], bad);
  }
});

// A store that many limiters share, with what it was asked.
const sharedStore = (map = new Map()) => ({
  map,
  asked: 0,
  async get(key) {
    this.asked++;
    return map.get(key);
  },
  async swap(key, old, text) {
    this.asked++;
    if (map.get(key) !== old) return false;
    map.set(key, text);
    return true;
  },
});

test("limiters that share a store keep to one limit, and each alone does not", async () => {
  for (const shared of [true, false]) {
    await withClock(async ({ now, timers }) => {
      const { send, seen } = tenant(2, 2);
      const store = sharedStore();
      const problems = [];
      const start = now();
      const isolates = Array.from({ length: 6 }, () => createLimiter(shared ? { store, onStoreProblem: (problem) => problems.push(problem) } : {}).fetch({ priority: "bulk", fetch: send }));
      const job = (limited) => forEach(Array.from({ length: 30 }), async () => assert.equal((await limited(URL_)).status, 200), { concurrency: 4, isFatal: () => false });
      const reports = await Promise.all(isolates.map(job));
      if (!shared) return assert.ok(seen.refused > 20, `${seen.refused}`);
      assert.deepEqual([reports.map(({ done }) => done), problems], [Array(6).fill(30), []]);
      assert.equal(seen.refused, 0);
      const ratio = (now() - start) / 1000 / ((180 - 2) / 2);
      assert.ok(ratio < 1.15, `${ratio} of the bucket's time`);
      assert.ok(store.asked < 180 * 15, `asked ${store.asked} times`);
      assert.equal(timers(), 0, "no timer is left");
    });
  }
});

test("what the store of a limiter does fails no call, and is told", async () => {
  const gone = async () => {
    throw new Error("the store is gone");
  };
  const never = () => new Promise(() => {});
  const values = (text) => ({ get: async () => text, swap: async () => true });
  for (const [store, said] of [[{ get: gone, swap: gone }, /gone/], [{ get: never, swap: never }, /1 s/], [values("garbage")], [values("v9 1 2\n3")]]) {
    await withClock(async () => {
      const { send, seen } = tenant(10, 10);
      const problems = [];
      const onStoreProblem = ({ message }) => {
        problems.push(message);
        throw new Error("in a hook");
      };
      const limited = createLimiter({ store, onStoreProblem }).fetch({ fetch: send });
      for (let call = 0; call < 30; call++) await limited(URL_);
      assert.equal(seen.requests - seen.refused >= 28, true, `${said}: ${seen.refused}`);
      assert.equal(problems.length > 0 && said.test(problems.join()), said !== undefined, `${said}: ${problems}`);
    });
  }
  assert.throws(() => createLimiter({ store: {} }), /no get/);
});

test("what a cancelled request was to do, the next ones do", async () => {
  // As in a Worker, where nothing of it happens any more: neither the turn to the store nor the timer of those who wait.
  await withClock(async () => {
    const { send } = tenant(2, 2);
    const store = sharedStore();
    const { get } = store;
    store.get = () => new Promise(() => {});
    const limited = createLimiter({ store }).fetch({ fetch: send });
    const set = globalThis.setTimeout;
    globalThis.setTimeout = () => 0;
    limited(URL_);
    globalThis.setTimeout = set;
    store.get = get;
    assert.equal((await limited(URL_)).status, 200);
  });
});

test("a job stays under the limit of each tier", async () => {
  for (const [size, speed] of [[2, 2], [50, 16]]) {
    await withClock(async ({ now }) => {
      const { send, seen } = tenant(size, speed);
      const limited = createLimiter().fetch({ priority: "bulk", fetch: send });
      const start = now();
      const items = Array.from({ length: 600 }, (_, index) => index);
      const report = await forEach(items, async () => {
        const { status } = await limited(URL_, { method: "PATCH" });
        if (status !== 200) throw new Error(String(status));
      });
      assert.deepEqual([report.done, report.failed, report.stopped], [600, 0, undefined]);
      assert.ok(seen.refused <= 1, `${seen.refused} refused at ${speed} a second`);
      const ratio = (now() - start) / 1000 / ((600 - size) / speed);
      assert.ok(ratio < 1.1, `${ratio} of the bucket's time`);
    });
  }
});

test("a client with a limiter waits, and one without does not", async () => {
  for (const limited of [true, false]) {
    await withClock(async ({ now }) => {
      let count = 0;
      const send = async () => (count++ ? answer(200, left(2, 1)) : answer(200, left(2, 0, 1_767_225_604)));
      const auth0 = new ManagementClient({ domain: "tenant.us.auth0.com", token: "t", fetch: limited ? createLimiter().fetch({ fetch: send }) : send });
      const start = now();
      await auth0.users.get("u");
      await auth0.users.get("u");
      const waited = now() - start;
      assert.ok(limited ? waited >= 4000 && waited < 4100 : waited === 0, `${limited}: ${waited} ms`);
    });
  }
});

test("a 429 holds all back, and one of a day is told at once", async () => {
  await withClock(async () => {
    let count = 0;
    const send = async () => (count++ ? answer(200) : answer(429, { "retry-after": "86400" }));
    const limiter = createLimiter();
    const auth0 = new ManagementClient({ domain: "tenant.us.auth0.com", token: "t", fetch: limiter.fetch({ fetch: send }) });
    for (let call = 0; call < 2; call++) {
      await assert.rejects(auth0.users.get("u"), (error) => {
        assert.equal(error.statusCode, 429);
        assert.ok(error.retryAfter > 86000, String(error.retryAfter));
        return true;
      });
    }
    assert.equal(count, 1, "the second was not sent");
  });
});

test("headers that make no sense hold nothing up for long", async () => {
  const odd = [left(0, 0), left(10, 11), left("many", "few"), left("-1", "0"), { "x-ratelimit-reset": "x" }, { date: "yesterday" }, left(10, 0, 99), left(10, 0, 9_999_999_999), { "retry-after": "soon" }];
  for (const headers of odd) {
    await withClock(async ({ now }) => {
      const limited = createLimiter().fetch({ priority: "bulk", fetch: async () => answer(200, headers) });
      const start = now();
      for (let call = 0; call < 20; call++) await limited(URL_);
      assert.ok(now() - start < 60_000, `${JSON.stringify(headers)}: ${now() - start} ms`);
    });
  }
});

test("a wait hears its signal, and the next in the line goes on", async () => {
  await withClock(async ({ timers }) => {
    let count = 0;
    const limited = createLimiter().fetch({ fetch: async () => (count++ ? answer(200, left(2, 1)) : answer(200, left(2, 0, 1_767_225_620))) });
    await limited(URL_);
    const controller = new AbortController();
    const first = limited(URL_, { signal: controller.signal });
    const second = limited(URL_);
    controller.abort(new Error("enough"));
    await assert.rejects(first, /enough/);
    await assert.rejects(limited(URL_, { signal: controller.signal }), /enough/);
    assert.equal((await second).status, 200);
    assert.equal(count, 2);
    assert.equal(timers(), 0, "no timer is left");
  });
});

test("interactive requests go first, and bulk ones go on", async () => {
  await withClock(async () => {
    const limiter = createLimiter();
    const { send } = tenant(2, 2);
    const order = [];
    const one = async (priority) => {
      await limiter.fetch({ priority, fetch: send })(URL_);
      order.push(priority);
    };
    await one("interactive");
    await Promise.all([...Array.from({ length: 5 }, () => one("bulk")), ...Array.from({ length: 60 }, () => one("interactive"))]);
    const at = order.flatMap((priority, index) => (priority === "bulk" ? [index] : []));
    assert.equal(at.length, 5);
    at.forEach((index, number) => assert.ok(index >= number * 9 && index <= (number + 1) * 10 + 2, JSON.stringify(at)));
  });
});

test("hooks hear each attempt and nothing secret, and break nothing", async () => {
  for (const broken of [false, true]) {
    await withClock(async () => {
      const heard = [];
      const hook = (name) => (event) => {
        heard.push([name, event]);
        if (broken) throw new Error("in a hook");
      };
      const replies = [
        () => answer(200, {}, '{"access_token":"the-token","expires_in":86400}'),
        () => answer(503, {}, '{"message":"the-token"}'),
        () => Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" })),
        () => answer(200, { ...left(50, 49), "x-auth0-requestid": "request-7" }),
      ];
      const auth0 = new ManagementClient({
        domain: "tenant.us.auth0.com",
        clientId: "the-client",
        clientSecret: "the-secret",
        // It takes 5 ms before it gives a promise: they count.
        fetch: async () => {
          const before = Date.now;
          Date.now = () => before() + 5;
          return replies.shift()();
        },
        onRequest: hook("request"),
        onResponse: hook("response"),
        onRetry: broken ? async (event) => hook("retry")(event) : hook("retry"),
      });
      await auth0.users.get("the-id", { fields: "the-query" });
      assert.deepEqual(
        heard.map(([name, { operation, attempt, status, remaining }]) => [name, operation, attempt, status, remaining]),
        [
          ["request", "oauth.token", 1, undefined, undefined],
          ["response", "oauth.token", 1, 200, undefined],
          ["request", "users.get", 1, undefined, undefined],
          ["response", "users.get", 1, 503, undefined],
          ["retry", "users.get", 1, 503, undefined],
          ["request", "users.get", 2, undefined, undefined],
          ["retry", "users.get", 2, undefined, undefined],
          ["request", "users.get", 3, undefined, undefined],
          ["response", "users.get", 3, 200, 49],
        ],
      );
      assert.equal(heard.at(-1)[1].requestId, "request-7");
      assert.ok(heard[4][1].waitMs > 0);
      assert.deepEqual(heard.filter(([name]) => name === "response").map(([, { durationMs }]) => durationMs), [5, 5, 5]);
      assert.doesNotMatch(JSON.stringify(heard), /the-(token|secret|id|query|client)/);
    });
  }
  assert.throws(() => new ManagementClient({ domain: "tenant.us.auth0.com", token: "t", onRetry: "x" }), /onRetry/);
});

test("a budget ends a call at once when it is used up, whatever the call would still do", async () => {
  await withClock(async ({ now }) => {
    const asked = [];
    const send = async (url) => {
      asked.push(url);
      return url.endsWith("/oauth/token") ? answer(200, {}, '{"access_token":"a","expires_in":86400}') : answer(503);
    };
    // As many as a call makes at most: with a token that is there one for each attempt.
    const budget = createBudget({ requests: 6, fetch: send });
    const auth0 = new ManagementClient({ domain: "tenant.us.auth0.com", clientId: "c", clientSecret: "s", fetch: budget.fetch, maxRetries: 2 });
    await assert.rejects(auth0.users.get("u"), (error) => error.statusCode === 503);
    assert.deepEqual([asked.length, budget.left], [4, 2]);
    budget.spend();
    const start = now();
    await assert.rejects(auth0.users.get("u"), (error) => error.statusCode === 429 && error.code === "budget_used_up" && /6 requests/.test(error.message));
    assert.deepEqual([asked.length, budget.left], [5, 0]);
    const waited = now() - start;
    await assert.rejects(auth0.users.get("u"), (error) => error.code === "budget_used_up");
    assert.equal(now() - start, waited, "nothing is waited for");
    assert.equal(asked.length, 5);
  });
  assert.throws(() => createBudget({ requests: -1 }), TypeError);
});

test("ten thousand ids that the client or the tenant refuses are reported each, and end nothing", async () => {
  const bad = [".", "..", "", undefined, "auth0|nobody", "a/b", "\u0000", "ü"];
  const sent = [];
  const fetch = async (url) => {
    sent.push(new URL(url).pathname);
    return answer(404, {}, '{"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}');
  };
  const auth0 = new ManagementClient({ domain: "tenant.us.auth0.com", token: "t", fetch });
  const ids = Array.from({ length: 10_000 }, (_, index) => bad[index % bad.length]);
  const report = await forEach(ids, (id) => auth0.users.update(id, { blocked: true }), { concurrency: 50 });
  assert.deepEqual([report.done, report.failed, report.stopped, report.checkpoint.open.length], [0, 10_000, undefined, 10_000]);
  assert.equal(new Set(report.failures.map(({ index }) => index)).size, 10_000);
  for (const { index, item, error } of report.failures) {
    assert.equal(item, ids[index]);
    assert.equal(error.statusCode, index % bad.length < 4 ? undefined : 404, `${index}: ${error.message}`);
  }
  // What is no id reaches nobody.
  assert.equal(sent.length, 5_000);
  assert.ok(sent.every((path) => /^\/api\/v2\/users\/[^/]+$/.test(path)));
});

test("ten thousand bad ids are reported each", async () => {
  const told = [];
  const report = await forEach(
    (async function* () {
      for (let index = 0; index < 10_000; index++) yield `bad|${index}`;
    })(),
    async (item) => {
      await null;
      throw new Error(item);
    },
    { concurrency: 50, onFailure: ({ index }) => told.push(index) },
  );
  assert.deepEqual([report.done, report.failed, report.failures.length, told.length], [0, 10_000, 10_000, 10_000]);
  assert.ok(report.failures.every(({ index, item, error }) => item === `bad|${index}` && error.message === item));
  assert.equal(new Set(told).size, 10_000);
  assert.equal(report.checkpoint.open.length, 10_000);
});

test("a checkpoint goes through JSON, and nothing is done twice or lost", async () => {
  const done = [];
  let checkpoint;
  for (let run = 1; ; run++) {
    const controller = new AbortController();
    const report = await forEach(
      Array.from({ length: 100 }, (_, index) => index),
      async (item) => {
        await null;
        if (item % 13 === 0 && run === 1) throw new Error("for now");
        done.push(item);
      },
      { concurrency: 4, checkpoint, signal: controller.signal, onProgress: (progress) => progress.done >= 30 && controller.abort() },
    );
    checkpoint = JSON.parse(JSON.stringify(report.checkpoint));
    if (report.stopped === undefined) break;
    assert.equal(report.stopped.name, "AbortError");
    assert.ok(run < 10);
  }
  assert.deepEqual(done.toSorted((a, b) => a - b), Array.from({ length: 100 }, (_, index) => index));
  assert.deepEqual(checkpoint, { next: 100, open: [] });
});

test("bad credentials end the job, and what is under way is known", async () => {
  let count = 0;
  const auth0 = new ManagementClient({ domain: "tenant.us.auth0.com", token: "t", fetch: async () => (count++ < 20 ? answer(200) : answer(401, {}, '{"statusCode":401,"error":"Unauthorized","message":"Invalid token"}')) });
  const report = await forEach(Array.from({ length: 1000 }, (_, index) => `u${index}`), (id) => auth0.users.update(id, { blocked: true }), { concurrency: 5 });
  assert.equal(report.stopped.statusCode, 401);
  assert.equal(report.done, 20);
  assert.ok(report.failed >= 1 && report.failed <= 5);
  assert.deepEqual(report.checkpoint, { next: 20 + report.failed, open: report.failures.map(({ index }) => index).sort((a, b) => a - b) });
});

test("a source that throws is told, and hooks that throw break nothing", async () => {
  const oops = () => {
    throw new Error("in a hook");
  };
  const report = await forEach(
    (function* () {
      yield 1;
      yield 2;
      throw new Error("the source");
    })(),
    async (item) => {
      if (item === 2) throw new Error("the item");
    },
    { onProgress: oops, onFailure: async () => oops() },
  );
  assert.deepEqual([report.done, report.failed, report.stopped.message], [1, 1, "the source"]);
});

test("what is wrong with the arguments is said", async () => {
  for (const options of [{ concurrency: 0 }, { concurrency: 1.5 }, { checkpoint: {} }, { checkpoint: { next: 2, open: [2] } }, { checkpoint: { next: -1, open: [] } }]) {
    await assert.rejects(forEach([], () => {}, options), TypeError, JSON.stringify(options));
  }
  await assert.rejects(forEach([], undefined), TypeError);
  assert.throws(() => createLimiter({ reserve: 2 }), TypeError);
  assert.throws(() => createLimiter().fetch({ priority: "urgent" }), TypeError);
});
