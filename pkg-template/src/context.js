// What a client and all its groups share: the configuration, kept out of sight, and the core made from it.
import { call } from "./drive.js";
import { invalid, ManagementError, read, toError } from "./errors.js";
import { toForm } from "./form.js";
import { discard, loadCore } from "./load.js";
import { machineToken } from "./machine-token.js";
import { logged } from "./logging.js";
import { toPairs } from "./query.js";
import { telemetryHeader } from "./telemetry.js";

// A record, or what lists pairs, as Headers and Map do.
export const entriesOf = (headers) => (headers?.[Symbol.iterator] ? [...headers] : Object.entries(headers ?? {}));

// Fails for what is neither a record nor a list of pairs.
const checkHeaders = (headers, refuse) => {
  const fits = headers === undefined || headers === null || (typeof headers === "object" && entriesOf(headers).every((pair) => typeof pair?.[0] === "string" && pair.length === 2));
  if (!fits) throw refuse("`headers` must be an object, a Headers or a list of pairs");
};

// Lower-cased names; a later object wins; a function is called for its value; undefined says nothing, null removes.
const mergeHeaders = async (refuse, ...sources) => {
  const merged = {};
  for (const source of sources) {
    for (const [name, value] of entriesOf(source)) {
      let resolved = value;
      try {
        if (typeof value === "function") resolved = await value();
      } catch (cause) {
        throw refuse(`the function of the header ${name} failed`, cause);
      }
      if (resolved !== undefined) merged[name.toLowerCase()] = resolved;
    }
  }
  return Object.entries(merged);
};

const isStatic = ([, value]) => typeof value === "string";

// Times and numbers as the core reads them. `refuse` is called for what is none.
const limitsOf = ({ timeoutInSeconds, deadlineInSeconds, maxRetries }, refuse) => {
  const pairs = [];
  for (const [name, given, value] of [
    ["timeoutInSeconds", "timeoutMs", timeoutInSeconds],
    ["deadlineInSeconds", "deadlineMs", deadlineInSeconds],
  ]) {
    if (value === undefined || value === null) continue;
    if (!(typeof value === "number" && value > 0 && value < 1e12)) throw refuse(`\`${name}\` must be a positive number`);
    pairs.push([given, Math.ceil(value * 1000)]);
  }
  if (maxRetries !== undefined && maxRetries !== null) {
    if (!Number.isInteger(maxRetries) || maxRetries < 0) throw refuse("`maxRetries` must be a whole number from 0");
    pairs.push(["maxRetries", maxRetries]);
  }
  return pairs;
};

const headerPairs = (headers, refuse) =>
  headers.map(([name, value]) => {
    if (value === null) return [`remove:${name}`, ""];
    if (typeof value !== "string") throw refuse(`the value of the header ${name} is not a text`);
    return [`header:${name}`, value];
  });

export class Context {
  #settings;
  #core;
  // Client headers whose value is only known at the call, or that remove one.
  #headers;
  #baseUrl;
  // Requests that the core has written (drive.js).
  plans = new Map();

  constructor(options) {
    const problem = (what) => new ManagementError({ message: `ManagementClient: ${what}`, code: "invalid_config" });
    if (!options || typeof options !== "object") throw problem("options must be an object");
    if (!options.domain) throw problem("`domain` is missing");
    const { fetch: own, clientAssertionSigningKey: key, useMTLS } = options;
    let { token } = options;
    const machine = key || useMTLS;
    const pairs = [];
    const say = (name, value) => {
      if (value !== undefined && value !== null) pairs.push([name, value]);
    };
    for (const name of ["domain", "baseUrl", "clientId", "clientSecret", "audience", "organization", "withCustomDomainHeader"]) {
      // The value is not shown: it may be the secret at the wrong place.
      if (options[name] !== undefined && options[name] !== null && typeof options[name] !== "string") throw problem(`\`${name}\` must be a string`);
      if (!machine || !name.startsWith("client")) say(name === "withCustomDomainHeader" ? "customDomain" : name, options[name]);
    }
    if (machine) {
      if (token) throw problem("both a token and client credentials are given: give one of them");
      if (!options.clientId) throw problem("`clientId` is missing");
      if (key && options.clientSecret) throw problem("both a secret and a key are given: give one of them");
      token = machineToken(options);
    }
    if (typeof token === "function" || typeof token?.then === "function") {
      this.token = token.then ? () => token : token;
      say("asked", "1");
    } else if (token !== undefined && token !== null) {
      if (typeof token !== "string") throw problem("`token` is neither a text, a promise nor a function");
      say("token", token);
    }
    if (typeof (options.clientInfo ?? {}) !== "object") throw problem("`clientInfo` must be an object");
    say("telemetry", telemetryHeader(options));
    checkHeaders(options.headers, problem);
    const headers = entriesOf(options.headers);
    pairs.push(...limitsOf(options, problem), ...headerPairs(headers.filter(isStatic), problem));
    try {
      this.#settings = toForm(pairs);
    } catch (cause) {
      throw new ManagementError({ message: "ManagementClient: an option is not well-formed Unicode", code: "invalid_config", cause });
    }
    const dynamic = headers.filter((header) => !isStatic(header));
    for (const [name, value] of dynamic) if (value !== null && value !== undefined && typeof value !== "function") throw problem(`the header ${name} is neither a text, null nor a function`);
    this.#headers = dynamic.length ? dynamic : undefined;
    const { domain, baseUrl } = options;
    this.#baseUrl = (baseUrl ?? `${/^https?:/.test(domain) ? domain.replace(/\/$/, "") : `https://${domain}`}/api/v2`).replace(/\/+$/, "");
    for (const name of ["fetch", "onRequest", "onResponse", "onRetry"]) {
      if ((options[name] ?? undefined) !== undefined && typeof options[name] !== "function") throw problem(`\`${name}\` is not a function`);
      this[name] = options[name];
    }
    const { tokenStore } = options;
    if (tokenStore && !(options.clientSecret && tokenStore.get && tokenStore.put && tokenStore.remove)) {
      throw problem("`tokenStore` is not a store, or there is no clientSecret whose token it could keep");
    }
    this.tokenStore = tokenStore;
    this.onTokenStoreProblem = options.onTokenStoreProblem;
    // The global one at the time of the call; the caller's own without a receiver.
    this.fetch = own ?? ((url, init) => fetch(url, init));
    if (options.logging) this.fetch = logged(this.fetch, options.logging, problem);
  }

  get baseUrl() {
    return this.#baseUrl;
  }

  // The class Client of the core, and the client of these settings.
  async core() {
    const Client = await loadCore();
    if (!this.#core) {
      const core = new Client(this.#settings);
      const problem = core.problem("");
      if (problem) {
        core.free();
        throw toError(read(problem));
      }
      this.#core = core;
      this.Client = Client;
    }
    return this.#core;
  }

  // Calls an operation: `{ response, data }`. Whatever goes wrong becomes a ManagementError.
  async send(operation, path, query, body, requestOptions, io) {
    const { id } = operation;
    try {
      let options = "";
      const { abortSignal, headers, queryParams } = requestOptions ?? {};
      if (abortSignal && !abortSignal.addEventListener) throw invalid(id, "`abortSignal` must be an AbortSignal");
      if (requestOptions || this.#headers) {
        const refuse = (what, cause) => invalid(id, what, cause);
        checkHeaders(headers, refuse);
        const pairs = requestOptions ? limitsOf(requestOptions, refuse) : [];
        // Before anything is waited for: what the caller does to it after the call changes nothing.
        if (queryParams) pairs.push(...toPairs(id, queryParams).map(([name, value]) => [`query:${name}`, value]));
        if (this.#headers || headers) pairs.push(...headerPairs(await mergeHeaders(refuse, this.#headers, headers), refuse));
        options = toForm(pairs);
      }
      const core = this.#core ?? (await this.core());
      io.context = this;
      io.id = id;
      io.signal = abortSignal;
      io.body = body;
      return await call(core, operation, path, query, options, io);
    } catch (thrown) {
      if (thrown instanceof URIError) throw invalid(id, "an argument is not well-formed Unicode", thrown);
      const error = toError(typeof thrown === "string" ? read(thrown) : thrown, id);
      if (error.code === "internal_error") {
        // A defect. What the core holds may be broken.
        this.#core = undefined;
        discard(this.Client);
      }
      throw error;
    }
  }
}
