// The test controls, by name.

/** Asks for something below `/__sandbox`. */
const asking = (fetch) => async (method, path, body) => {
  const init = { method, ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }) };
  const response = await fetch(`/__sandbox${path}`, init);
  const text = await response.text();
  const value = text ? JSON.parse(text) : undefined;
  if (!response.ok) throw new Error(`auth0-sandbox: ${value?.message ?? `${method} ${path}: ${response.status}`}`);
  return value;
};

const queryOf = (wanted = {}) => {
  const query = new URLSearchParams(wanted).toString();
  return query && `?${query}`;
};

export const controls = (fetch) => {
  const control = asking(fetch);
  return {
    control,
    fault: (fault) => control("POST", "/faults", fault),
    clearFaults: () => control("DELETE", "/faults"),
    requests: (match) => control("GET", `/requests${queryOf(match)}`),
    clearRequests: () => control("DELETE", "/requests"),
    outbox: (match) => control("GET", `/outbox${queryOf(match)}`),
    reset: () => control("POST", "/reset"),
    snapshot: (name = "") => control("POST", "/snapshot", { name }),
    restore: (name = "") => control("POST", "/restore", { name }),
    setRateLimit: (limit) => control("POST", "/rate-limit", limit ?? null),
    advanceClock: (ms) => control("POST", "/clock", { advance_ms: ms }),
    revokeTokens: () => control("POST", "/revoke-tokens"),
    rotateKeys: () => control("POST", "/keys/rotate"),
  };
};
