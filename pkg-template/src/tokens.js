// Gets an exchange the bearer token that it needs: from the caller's function, or by the client credentials.
import { Final, pause, run, SEND, timer } from "./drive.js";
import { failure } from "./errors.js";

// How often a waiting call looks, and how long until it asks for a token itself, in milliseconds.
const GLANCE = 10;
const PATIENCE = 5000;

const asked = async (exchange, token, attempt) => {
  const refuse = (message, cause) => {
    exchange.fail("auth", message);
    throw new Final(failure(exchange, { cause }));
  };
  let given;
  try {
    given = await attempt.within((async () => token())());
  } catch (cause) {
    if (attempt.over || attempt.aborted) throw cause;
    refuse("the token callback failed", cause);
  }
  if (typeof given !== "string") refuse("the token callback gave no text");
  return exchange.token(given, Date.now());
};

// Of a store that many machines share, in milliseconds: how long one machine may take to buy the token for all, how often the
// others look, and how long the store is waited for.
const [LEASE, LOOK, SLOW] = [10000, 100, 2000];

// What the store does, or `otherwise`: nothing of it fails a call.
const ask = async ({ tokenStore, onTokenStoreProblem }, attempt, work, otherwise) => {
  let stop;
  try {
    const slow = new Promise((_, reject) => {
      stop = timer(SLOW, () => reject(new Error("the token store did not answer within 2 s")));
    });
    return await attempt.within(Promise.race([(async () => work(tokenStore))(), slow]));
  } catch (problem) {
    if (attempt.over || attempt.aborted) throw problem;
    onTokenStoreProblem?.(problem);
    return otherwise;
  } finally {
    stop();
  }
};

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

// As `buy`, for all who share the store: gives nothing when another machine has bought, and the token is in the exchange.
const share = async (exchange, context, attempt) => {
  const [name, identity, refused] = exchange.store().split("\n");
  const digest = async () => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(identity))).subarray(0, 6));
  const key = await ask(context, attempt, async () => `${name} ${(context.secretDigest ??= await digest())}`);
  if (!key) return buy(exchange, context, attempt);
  const look = async () => {
    const found = await ask(context, attempt, (store) => store.get(key));
    if (found && found.token === refused) await ask(context, attempt, (store) => store.remove(key, refused));
    else if (typeof found?.token === "string") return exchange.keep(found.token, Number(found.expiresAt), Date.now());
    return false;
  };
  if (await look()) return undefined;
  let release;
  try {
    for (let waited = 0; waited < LEASE; waited += LOOK) {
      release = await ask(context, attempt, (store) => (store.lease ? store.lease(key, LEASE) : true), true);
      if (release) break;
      // Spread, so that many who wait do not ask all at once.
      await attempt.within(pause(LOOK * (0.5 + Math.random())));
      if (await look()) return undefined;
    }
    // The one who had the lease before may have bought.
    if (typeof release === "function" && (await look())) return undefined;
    const begun = Date.now();
    const { token, life } = await buy(exchange, context, attempt);
    if (life > 30) await ask(context, attempt, (store) => store.put(key, { token, expiresAt: begun + life * 1000 }));
    return { token };
  } finally {
    // Not waited for: it runs out by itself. What it throws is told as all else.
    if (typeof release === "function") (async () => release())().catch((problem) => context.onTokenStoreProblem?.(problem));
  }
};

const buy = (exchange, context, attempt) => run(exchange.tokenRequest(Date.now()), { context, buys: true }, attempt);

export const bearer = async (exchange, { context }, attempt) => {
  if (context.token) return asked(exchange, context.token, attempt);
  // Many calls that need the token make one request. Those that wait look for themselves, each on a timer of its own: in
  // Cloudflare Workers the I/O of one request must not wake another, and one that is cancelled there stops for good.
  for (;;) {
    const flight = context.flight;
    if (!flight) {
      const mine = (context.flight = {});
      try {
        mine.token = (await (context.tokenStore ? share : buy)(exchange, context, attempt))?.token;
      } catch (error) {
        // Out of time, or aborted: that is this call's own, and another one buys.
        if (!attempt.over && !attempt.aborted) mine.error = error;
        throw error;
      } finally {
        mine.over = true;
        if (context.flight === mine) context.flight = undefined;
      }
      // Without one it is in the exchange already.
      return mine.token ? exchange.token(mine.token, Date.now()) : SEND;
    }
    for (let waited = 0; !flight.over && waited < PATIENCE; waited += GLANCE) await attempt.within(pause(GLANCE));
    if (flight.error) throw flight.error;
    if (flight.token) return exchange.token(flight.token, Date.now());
    // One that a shared store had.
    if (flight.over && exchange.takeToken(Date.now())) return SEND;
    if (!flight.over && context.flight === flight) context.flight = undefined;
  }
};
