// One row of tests/faults.json by the npm package, in whatever runtime: see faults.mjs.
import { ManagementClient, ManagementError } from "auth0-sdk";
import { textStore } from "auth0-sdk/stores";

const word = (error) => {
  if (!(error instanceof ManagementError)) return `${error?.name}: ${error?.message}`;
  if (error.statusCode === 429) return "too_many_requests";
  return error.statusCode >= 400 ? "api_error" : error.code;
};

const storeOf = async (kind) => {
  const key = (byte) => new Uint8Array(32).fill(byte);
  const map = new Map();
  const fail = () => {
    throw new Error("the store is gone");
  };
  const hang = () => new Promise(() => {});
  if (kind === "fails") return { get: fail, put: fail, remove: fail, lease: fail };
  if (kind === "hangs") return { get: hang, put: hang, remove: hang };
  const store = (encryptionKey, initial) =>
    textStore(
      {
        get: async (name) => map.get(name) ?? initial,
        put: async (name, text) => void map.set(name, text),
        remove: async (name) => void map.delete(name),
      },
      { encryptionKey },
    );
  if (kind !== "other key") return store(key(1), kind);
  await store(key(2)).put("x", { token: "t", expiresAt: 9e15 });
  return store(key(1), map.get("x"));
};

/** Makes the call; gives what it came to. `revoke` is called between two calls where the row wants it. */
export const perform = async ({ domain, audience, clientId, clientSecret }, row, { operation, id, nickname, email }, revoke) => {
  const { timeout, max_retries: maxRetries, clock, store, revoked } = row.client ?? {};
  const problems = [];
  const client = new ManagementClient({
    domain: row.client?.domain ?? domain, audience, clientId, clientSecret, maxRetries,
    timeoutInSeconds: timeout && timeout / 1000,
    ...(store && { tokenStore: await storeOf(store), onTokenStoreProblem: (problem) => problems.push(String(problem)) }),
  });
  const call = () => {
    if (operation === "get") return client.users.get(id);
    if (operation === "update") return client.users.update(id, { nickname });
    return client.users.create({ connection: "Username-Password-Authentication", email, password: "Sandbox-12", nickname });
  };
  const now = Date.now;
  try {
    if (clock || revoked) await call();
    if (clock) Date.now = () => now() + clock * 1000;
    if (revoked) await revoke();
    await call();
    return { result: "ok", reported: problems.length > 0 };
  } catch (error) {
    return { result: word(error), reported: problems.length > 0 };
  } finally {
    Date.now = now;
  }
};
