// Instantiates the wasm module once a process, when the first call needs it, and again after a crash.
import { makeCore } from "auth0-sdk-core";
import { ManagementError } from "./errors.js";

let loader;
let loading;
let ready;

// Each entry point says where its runtime finds the module: a function that returns a WebAssembly.Module or a promise of one.
export const setLoader = (load) => {
  loader = load;
};

const start = (module) => {
  const { Client, Exchange, initSync } = makeCore();
  initSync({ module });
  for (const [kind, names] of Object.entries({ text: ["request", "body", "error", "store"], number: ["limit", "wait", "attempts"] })) {
    names.forEach((name, which) => {
      Exchange.prototype[name] = function () {
        return this[kind](which);
      };
    });
  }
  return (ready = Object.assign(Client, { Exchange }));
};

// After a crash: the next call makes a core anew. Who is in the one that crashed stays with it.
export const discard = (Client) => {
  if (ready === Client) ready = loading = undefined;
};

const failed = (cause) => {
  // Not kept: the next call tries again.
  loading = undefined;
  throw new ManagementError({
    message: `auth0-sdk could not load its WebAssembly module: ${cause?.message ?? cause}`,
    code: "load_failed",
    cause,
  });
};

// The class Client, with Exchange as a member, or a promise of it while the module is loading.
export const loadCore = () => {
  if (ready || loading) return ready ?? loading;
  try {
    const module = loader();
    // Where the module is there already (Workers), no promise may be shared between requests.
    if (!module.then) return start(module);
    return (loading = module.then(start).catch(failed));
  } catch (cause) {
    return failed(cause);
  }
};
