// Makes the module of wasm-bindgen small. What only words a panic goes first: nobody reads it, since a panic in WebAssembly is a trap, which
// the package turns into an error with a code. Then wasm-opt does the rest.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import binaryen from "binaryen";
import { nameInOrder } from "./order.mjs";
import { sections } from "./wasm-file.mjs";

// Functions of Rust's libraries that never return: they make a text of what went wrong, and end in a trap.
const PANICS = /^(core|alloc|std|__rustc)\[\w+\]::.*(panic|_fail\b|_failed\b|handle_alloc_error|handle_error|capacity_overflow)|^<std\[\w+\]::panicking::/;

// What panics say, and where they say it was.
const TEXTS = [
  // Of Rust's library, which lies elsewhere where the component rust-src is; of crates; of ours.
  /(?:\/rustc\/|(?:\/[\w.+@-]+)+?\/(?:registry\/src|git\/checkouts|rustlib\/src)\/)[\w./+@-]*?\.rs|src\/[\w./-]+?\.rs/g,
  /slice index starts at |range (?:start|end) index | but ends at | out of range for slice of length |copy_from_slice: source slice length \(|\) does not match destination slice length \(/g,
  /overflow in Duration::new|LayoutError|internal error: entered unreachable code: invalid Once state|mid > len|window size must be non-zero|capacity overflow/g,
  /attempt to join into collection with len > usize::MAX|called `Result::unwrap\(\)` on an `Err` value|RefCell already (?:mutably )?borrowed|Tried to shrink to a larger capacity/g,
  /closure invoked recursively or after being dropped/g,
];

// The segments of data with where they lie in memory.
const segments = (wasm) => {
  const found = [];
  for (const { id, content } of sections(wasm)) {
    if (id !== 11) continue;
    const expect = (...bytes) => {
      if (bytes.some((byte) => content.byte() !== byte)) throw new Error("slim.mjs knows only data at a fixed address");
    };
    for (let left = content.number(); left; left--) {
      expect(0, 0x41);
      const address = content.number();
      expect(0x0b);
      found.push({ address, data: content.take(content.number()) });
    }
  }
  return found;
};

// Overwrites the texts, and what points to them, with zeros, which compress to nothing.
const blank = (wasm) => {
  let count = 0;
  for (const { address, data } of segments(wasm)) {
    const text = data.toString("latin1");
    for (const pattern of TEXTS) {
      for (const { 0: { length }, index } of text.matchAll(pattern)) {
        data.fill(0, index, index + length);
        count++;
        // A place in the source: the text, its length, the line, the column.
        for (let at = 0; at + 16 <= data.length; at += 4) {
          if (data.readUInt32LE(at) === address + index && data.readUInt32LE(at + 4) === length) data.fill(0, at, at + 16);
        }
      }
    }
  }
  return count;
};

export const slim = (wasm, glue) => {
  const module = binaryen.readBinary(wasm);
  const functions = Array.from({ length: module.getNumFunctions() }, (_, index) => binaryen.getFunctionInfo(module.getFunctionByIndex(index)));
  const panics = functions.filter(({ name, module: imported }) => !imported && PANICS.test(name));
  if (panics.length < 5) throw new Error("the module has no names of functions, or Rust calls its panics otherwise now: slim.mjs must follow");
  for (const { name, params, results } of panics) {
    module.removeFunction(name);
    module.addFunction(name, params, results, [], module.unreachable());
  }
  // Some exports are for hosts with threads or other targets only: what only they reach goes too.
  for (const { name } of Array.from({ length: module.getNumExports() }, (_, index) => binaryen.getExportInfo(module.getExportByIndex(index)))) {
    if (name !== "memory" && !new RegExp(`\\bwasm\\.${name}\\b`).test(glue)) module.removeExport(name);
  }
  const snipped = Buffer.from(module.emitBinary());
  module.dispose();
  if (blank(snipped) < 10) throw new Error("the module has no texts of panics: slim.mjs must follow what Rust writes");
  const folder = mkdtempSync(join(tmpdir(), "auth0-sdk-"));
  try {
    const [input, output] = ["in.wasm", "out.wasm"].map((name) => join(folder, name));
    const features = ["bulk-memory", "bulk-memory-opt", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"].map((name) => `--enable-${name}`);
    const tool = join(dirname(createRequire(import.meta.url).resolve("binaryen/package.json")), "bin/wasm-opt");
    const optimize = (module, ...passes) => {
      writeFileSync(input, module);
      execFileSync(process.execPath, [tool, ...passes, "--strip-debug", "--strip-producers", "--strip-target-features", ...features, "-o", output, input]);
      return readFileSync(output);
    };
    // The first kilobyte is the end of the stack, and memory begins as zeros. What an address is a multiple of, no engine makes use of.
    const memory = ["--low-memory-unused", "--zero-filled-memory", "--dealign"];
    const small = optimize(snipped, "-Oz", "--flatten", "--rereloop", "-Oz", "-Oz", ...memory);
    return optimize(nameInOrder(small), "-Oz", "--reorder-functions-by-name", ...memory);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
