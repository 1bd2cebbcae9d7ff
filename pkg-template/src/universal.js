// The loader of every runtime that compiles WebAssembly itself: Node, Deno, Bun, browsers, and what bundlers make for them.

const read = async () => {
  // Bundlers see this expression and ship the file; the browser resolves it as it stands.
  const url = new URL("./auth0_sdk.wasm", import.meta.url);
  // Not an import, so that no bundler has to know Node's modules. Old Node 20 has no getBuiltinModule and falls through to the copy.
  const fs = url.protocol === "file:" && globalThis.process?.getBuiltinModule?.("node:fs");
  if (fs) return fs.promises.readFile(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`auth0_sdk.wasm: status ${response.status}`);
  return response.arrayBuffer();
};

// Where a bundler left the file behind, there is the copy that is a JavaScript module.
const compileCopy = async (cause) => {
  try {
    const { default: base64 } = await import("./copy.js");
    return await WebAssembly.compile(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  } catch (error) {
    throw new Error(`${cause.message}; ${error.message}`, { cause });
  }
};

export const load = () => read().then((bytes) => WebAssembly.compile(bytes)).catch(compileCopy);
