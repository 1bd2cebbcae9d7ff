// What a client and all its groups share: the configuration, kept out of sight, and the core made from it.
import { invalid, ManagementError, toError } from "./errors.js";
import { loadCore } from "./load.js";
import { telemetryHeader } from "./telemetry.js";

const milliseconds = (seconds) => (seconds === undefined ? undefined : seconds * 1000);

// A record, or what lists pairs, as Headers and Map do.
export const entriesOf = (headers) => (headers?.[Symbol.iterator] ? [...headers] : Object.entries(headers ?? {}));

// Lower-cased names; a later object wins; a function is called for its value; undefined says nothing, null removes.
const mergeHeaders = async (...sources) => {
  const merged = {};
  for (const source of sources) {
    for (const [name, value] of entriesOf(source)) {
      const resolved = typeof value === "function" ? await value() : value;
      if (resolved !== undefined) merged[name.toLowerCase()] = resolved;
    }
  }
  return merged;
};

const isStatic = ([, value]) => typeof value === "string";

export class Context {
  #config;
  #core;
  // Client headers whose value is only known at the call, or that remove one.
  #headers;

  constructor(options) {
    const refuse = (problem) => {
      throw new ManagementError({ message: `ManagementClient: ${problem}`, code: "invalid_config" });
    };
    if (!options || typeof options !== "object") refuse("options must be an object");
    if (!options.domain) refuse("`domain` is missing");
    const { token, fetch, maxRetries } = options;
    const texts = {};
    for (const name of ["domain", "baseUrl", "clientId", "clientSecret", "audience", "organization"]) {
      // The value is not shown: it may be the secret at the wrong place.
      if (options[name] !== undefined && typeof options[name] !== "string") refuse(`\`${name}\` must be a string`);
      texts[name] = options[name];
    }
    for (const name of ["clientAssertionSigningKey", "useMTLS"]) if (options[name]) refuse(`\`${name}\` is not supported yet`);
    const headers = entriesOf(options.headers);
    this.#config = {
      ...texts,
      customDomain: options.withCustomDomainHeader,
      token: token?.then ? () => token : token,
      fetch,
      maxRetries,
      timeoutMs: milliseconds(options.timeoutInSeconds),
      deadlineMs: milliseconds(options.deadlineInSeconds),
      headers: Object.fromEntries(headers.filter(isStatic)),
      telemetry: telemetryHeader(options),
    };
    const dynamic = headers.filter((header) => !isStatic(header));
    this.#headers = dynamic.length ? Object.fromEntries(dynamic) : undefined;
  }

  get baseUrl() {
    const { domain, baseUrl } = this.#config;
    return (baseUrl ?? `${/^https?:/.test(domain) ? domain.replace(/\/$/, "") : `https://${domain}`}/api/v2`).replace(/\/+$/, "");
  }

  // One exchange with the core: `use(core, options, Core)`. Whatever goes wrong becomes a ManagementError.
  async run(operation, requestOptions, use) {
    try {
      const { timeoutInSeconds, deadlineInSeconds, maxRetries, abortSignal, headers, queryParams } = requestOptions ?? {};
      if (abortSignal && !abortSignal.addEventListener) throw invalid(operation, "`abortSignal` must be an AbortSignal");
      // None is the usual case, and saves reading each of them on the other side.
      const options = (requestOptions || this.#headers) && {
        timeoutMs: milliseconds(timeoutInSeconds),
        deadlineMs: milliseconds(deadlineInSeconds),
        maxRetries,
        signal: abortSignal,
        headers: this.#headers || headers ? await mergeHeaders(this.#headers, headers) : undefined,
        queryParams,
      };
      const Core = await loadCore();
      this.#core ??= new Core(this.#config);
      return await use(this.#core, options, Core);
    } catch (thrown) {
      throw toError(thrown, operation);
    }
  }
}
