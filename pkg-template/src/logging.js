// The option `logging`: each request and each answer, without secrets and without bodies.

const LogLevel = { Debug: "debug", Info: "info", Warn: "warn", Error: "error" };

const LEVELS = Object.values(LogLevel);

// What writes to the console: each of its methods is looked up when it is called, so that a test can replace them.
class ConsoleLogger {
  static name = "ConsoleLogger";
}
for (const level of LEVELS) {
  ConsoleLogger.prototype[level] = {
    [level](...values) {
      console[level](...values);
    },
  }[level];
}

export const logging = { LogLevel, ConsoleLogger };

// Headers and query parameters whose value lets somebody in, or may.
const SECRET = /auth|token|secret|passw|cookie|session|(^|[-_])(key|code)$|api-?key|csrf|xsrf|assertion|otp/i;

// The names that the pattern hits and that say nothing of use to a thief.
const HARMLESS = /^(auth0-(client|custom-domain)|auth0-(client|organization)-quota-limit)$/i;

const REDACTED = "[REDACTED]";

const isSecret = (name) => SECRET.test(name) && !HARMLESS.test(name);

const shown = (pairs) => Object.fromEntries(Array.from(pairs, ([name, value]) => [name, isSecret(name) ? REDACTED : value]));

const shownUrl = (text) => {
  const [before, query] = text.replace(/^(\w+:\/\/)[^/?#]*@/, `$1${REDACTED}@`).split("?");
  if (query === undefined) return before;
  const pairs = query.split("&").map((pair) => {
    const [name] = pair.split("=");
    let plain = name;
    try {
      plain = decodeURIComponent(name);
    } catch {
      // Then it is looked at as it stands.
    }
    return isSecret(plain) ? `${name}=${REDACTED}` : pair;
  });
  return `${before}?${pairs.join("&")}`;
};

// A `fetch` that tells `logger` of each request. `refuse` makes the error for an option that is none.
export const logged = (fetch, config, refuse) => {
  if (typeof config !== "object") throw refuse("`logging` must be an object");
  const { level = LogLevel.Info, logger = new ConsoleLogger(), silent = true } = config;
  if (!LEVELS.includes(level)) throw refuse(`\`logging.level\` must be one of ${LEVELS.join(", ")}`);
  if (silent) return fetch;
  const tell = (at, message, url, { method }, more) => {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return;
    try {
      logger[at](message, { method, url: shownUrl(url), ...more });
    } catch {
      // A logger that fails is no reason for a call to fail.
    }
  };
  return async (url, init) => {
    tell(LogLevel.Debug, "Making HTTP request", url, init, { headers: shown(Object.entries(init.headers)), hasBody: init.body !== undefined });
    let response;
    try {
      response = await fetch(url, init);
    } catch (error) {
      const what = init.signal?.aborted ? (init.signal.reason?.name === "TimeoutError" ? "HTTP request timed out" : "HTTP request was aborted") : "HTTP request failed with error";
      tell(LogLevel.Error, what, url, init, { errorMessage: String(error?.message ?? error) });
      throw error;
    }
    const { status, headers } = response ?? {};
    const good = status < 400;
    const answer = { statusCode: status, responseHeaders: headers?.entries ? shown(headers.entries()) : {} };
    tell(good ? LogLevel.Debug : LogLevel.Error, good ? "HTTP request succeeded" : "HTTP request failed with error status", url, init, answer);
    return response;
  };
};
