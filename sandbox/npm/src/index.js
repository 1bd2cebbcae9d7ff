// For pages and workers: a tenant behind a function shaped as `fetch`.
import { createTenant, sandboxOf } from "./core.js";

const ORIGIN = "https://sandbox.test";

export const createSandbox = async ({ origin = ORIGIN, ...options } = {}) =>
  sandboxOf(await createTenant(origin, options, options.wasm ?? new URL("./auth0_sandbox.wasm", import.meta.url)));

export const startSandbox = async () => {
  throw new Error("auth0-sandbox: a page cannot listen on a port; take createSandbox, whose fetch needs none");
};
