// Gets an exchange the bearer token that it needs: from the caller's function, or by the client credentials.
import { Final, pause, run } from "./drive.js";
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

export const bearer = async (exchange, { context }, attempt) => {
    if (context.token) return asked(exchange, context.token, attempt);
  // Many calls that need the token make one request. Those that wait look for themselves, each on a timer of its own: in
  // Cloudflare Workers the I/O of one request must not wake another, and one that is cancelled there stops for good.
  for (;;) {
    const flight = context.flight;
    if (!flight) {
      const mine = (context.flight = {});
      try {
        const request = exchange.tokenRequest(Date.now());
        mine.token = (await run(request, { context, buys: true }, attempt)).token;
      } catch (error) {
        // Out of time, or aborted: that is this call's own, and another one buys.
        if (!attempt.over && !attempt.aborted) mine.error = error;
        throw error;
      } finally {
        mine.over = true;
        if (context.flight === mine) context.flight = undefined;
      }
      return exchange.token(mine.token, Date.now());
    }
    for (let waited = 0; !flight.over && waited < PATIENCE; waited += GLANCE) await attempt.within(pause(GLANCE));
    if (flight.error) throw flight.error;
    if (flight.token) return exchange.token(flight.token, Date.now());
    if (!flight.over && context.flight === flight) context.flight = undefined;
  }
};
