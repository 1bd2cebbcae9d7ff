// A stand-in for the wasm core, with the shape of wasm-pack's output: for work on the skin when no core is built
// (`node pkg-template/build.mjs --wasm tests/js/mock`). It follows the contract and takes short cuts. Never shipped.

const fail = (kind, message, more) => {
  throw { kind, message, attempts: 0, ...more };
};
const METHODS = { G: "GET", P: "POST", U: "PUT", A: "PATCH", D: "DELETE" };

export const initSync = () => {};
export default async () => {};

export class Core {
  constructor(config) {
    this.config = config;
    if (config.token === undefined && !(config.clientId && config.clientSecret)) fail("config", "give a token, or clientId and clientSecret");
    if (config.token !== undefined && (config.clientId || config.clientSecret)) fail("config", "give a token, or clientId and clientSecret, and not both");
    this.base = config.baseUrl ?? `https://${config.domain}/api/v2`;
    if (!/^https:|^http:\/\/(127\.0\.0\.1|localhost)/.test(this.base)) fail("config", "http is only allowed for loopback");
  }

  async send(operation, url, init, options, useToken = true) {
    const retries = options.maxRetries ?? this.config.maxRetries ?? 2;
    const timeout = options.timeoutMs ?? this.config.timeoutMs ?? 60000;
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      const headers = {};
      if (useToken) headers.authorization = `Bearer ${await this.token(renewed, options)}`;
      if (this.config.telemetry) headers["auth0-client"] = this.config.telemetry;
      for (const [name, value] of Object.entries({ ...init.headers, ...this.config.headers, ...options.headers })) {
        if (value === null) delete headers[name.toLowerCase()];
        else headers[name.toLowerCase()] = value;
      }
      const controller = new AbortController();
      const { signal } = options;
      const stop = () => controller.abort();
      let late = false;
      const timer = setTimeout(() => { late = true; controller.abort(); }, timeout);
      let wait;
      try {
        if (signal?.aborted) fail("aborted", `${operation}: aborted`, { attempts: attempt - 1, cause: signal.reason });
        signal?.addEventListener("abort", stop);
        const fetching = (this.config.fetch ?? globalThis.fetch)(url, { ...init, headers, signal: controller.signal });
        const response = await fetching;
        if (init.stream && response.ok) return { response };
        const text = await response.text();
        if (response.ok) return { response, text, attempts: attempt };
        if (response.status === 401 && useToken && this.config.clientId && !renewed) { renewed = true; continue; }
        let parsed;
        try { parsed = JSON.parse(text); } catch {}
        const after = response.headers.get("retry-after");
        const afterMs = response.headers.get("retry-after-ms");
        const retryAfterMs = afterMs !== null ? Number(afterMs) : after === null ? undefined : Number(after) * 1000;
        const error = { kind: response.status === 429 ? "rate_limited" : useToken ? "api" : "auth", message: `${operation}: ${response.status} ${parsed?.message ?? text.slice(0, 200)}`, status: response.status,
          code: parsed?.errorCode ?? parsed?.error, attempts: attempt, body: text.slice(0, 65536), response, retryAfterMs, missingScope: /scope.*: (\S+)$/.exec(parsed?.message ?? "")?.[1] };
        if (!([408, 429].includes(response.status) || response.status >= 500) || attempt > retries || retryAfterMs > 60000) throw error;
        wait = retryAfterMs || 1000 * 2 ** (attempt - 1);
      } catch (error) {
        if (error.kind) throw error;
        if (late) throw { kind: "timeout", message: `${operation}: no answer within ${timeout} ms`, attempts: attempt };
        if (signal?.aborted) throw { kind: "aborted", message: `${operation}: aborted`, attempts: attempt, cause: signal.reason };
        throw { kind: "transport", message: `${operation}: ${error?.message ?? error}`, attempts: attempt, cause: error };
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
      }
      await new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, wait);
        signal?.addEventListener("abort", () => { clearTimeout(timer); reject({ kind: "aborted", message: `${operation}: aborted`, attempts: attempt, cause: signal.reason }); });
      });
    }
  }

  async token(fresh, options) {
    const { token, clientId, clientSecret, audience } = this.config;
    if (typeof token === "string") return token;
    if (token) return token();
    if (fresh) this.cached = undefined;
    this.cached ??= this.send("token", new URL("/oauth/token", this.base).href, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret, audience: audience ?? `https://${this.config.domain}/api/v2/` }).toString(),
    }, {}, false).then(({ text }) => JSON.parse(text).access_token, (error) => { this.cached = undefined; throw { ...error, kind: "auth" }; });
    return this.cached;
  }

  async call(line, id, ids, request, options) {
    const [target, flags = "-", paging = "-", names = "-"] = line.split(" ");
    let index = 0;
    const path = target.slice(1).replace(/{([^}]+)}/g, (_, name) => {
      const value = ids[index++];
      if (["", ".", ".."].includes(value)) fail("request", `${id}: path parameter ${name} must not be ${JSON.stringify(value)}`, { operation: id });
      return encodeURIComponent(value);
    });
    let query = { ...request };
    if (names !== "-") query = Object.fromEntries(names.split(",").map((name) => [name, request?.[name]]));
    const [, style, size, totals] = /^([obc])(\d+)(t?)/.exec(paging) ?? [];
    if (style === "o") query = { page: 0, per_page: Number(size), ...(totals ? { include_totals: true } : {}), ...query };
    else if (style && query.per_page === undefined && query.page === undefined) query = { take: Number(size), ...query };
    Object.assign(query, options.queryParams);
    const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
      .flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((one) => `${encodeURIComponent(key)}=${encodeURIComponent(one)}`));
    const headers = { accept: flags.includes("e") ? "text/event-stream" : "application/json" };
    if (typeof options.body === "string") headers["content-type"] = "application/json";
    const { response, text, attempts } = await this.send(id, this.base + path + (pairs.length ? `?${pairs.join("&")}` : ""), { method: METHODS[target[0]], headers, body: options.body, stream: flags.includes("e") }, options);
    if (!text) return { data: undefined, response };
    try {
      return { data: JSON.parse(text), response };
    } catch (cause) {
      return fail("decode", `${id}: the answer is not JSON`, { operation: id, status: response.status, attempts, body: text.slice(0, 65536), response, cause });
    }
  }

  static page(line, _id, request, data) {
    const { items, next, error } = Core.facts(line, request, data);
    if (error) throw error;
    const name = next && ["page", "from"].find((key) => next[key] !== request[key]);
    return { items, next: next && { name, value: String(next[name]) } };
  }

  static facts(line, request, data) {
    const [, , paging] = line.split(" ");
    const [, style, size, key, cursor] = /^([obc])(\d+)t?:([^:]*)(?::(.*))?/.exec(paging);
    const items = Array.isArray(data) ? data : data?.[key];
    if (!Array.isArray(items)) fail("paging", `the answer has no ${key}`);
    if (style === "o" || request.page !== undefined || request.per_page !== undefined) {
      const per = Number(request.per_page ?? size);
      const page = Number(request.page ?? 0);
      if ((page + 1) * per >= 1000 && data.total > 1000) return { items, error: { kind: "paging", message: "offset paging ends at 1,000 records", attempts: 1 } };
      const more = data.total === undefined ? items.length >= per : (page + 1) * per < data.total && items.length > 0;
      return { items, next: more ? { ...request, page: page + 1 } : undefined };
    }
    const from = cursor ? (items.length ? items.at(-1)[cursor] : undefined) : data.next;
    if (from && from === request.from) fail("paging", "the cursor repeats");
    return { items, next: from && (!cursor || items.length >= Number(request.take ?? size)) ? { ...request, from } : undefined };
  }

  async fetch(input, init, options) {
    const url = new URL(input, "http://x/");
    const { response, text } = await this.send("fetch", this.base + url.pathname + url.search, init ?? {}, options);
    return new Response(text || null, response);
  }
}
