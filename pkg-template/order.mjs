// The order of a module's functions. Compressed, a function takes least where it comes after what it is most like.
import { encodeNumber, encodeSection, encodeText, sections } from "./wasm-file.mjs";

// Three bytes in a row: an instruction and its operand, about.
const RUN = 3;

const runs = (code) => {
  const text = Buffer.from(code).toString("latin1");
  return new Set(Array.from({ length: Math.max(text.length - RUN + 1, 0) }, (_, at) => text.slice(at, at + RUN)));
};

/** Begins with the first, and goes on with that of which most is in the one before. */
const chain = (bodies) => {
  const [first, ...rest] = bodies.map((code, index) => ({ index, runs: runs(code) }));
  const ordered = [first];
  while (rest.length) {
    const before = ordered.at(-1).runs;
    let [best, most] = [0, -1];
    rest.forEach(({ runs }, at) => {
      let shared = 0;
      for (const run of runs) if (before.has(run)) shared++;
      if (shared / (runs.size + 1) > most) [best, most] = [at, shared / (runs.size + 1)];
    });
    ordered.push(...rest.splice(best, 1));
  }
  return ordered.map(({ index }) => index);
};

/** The module with names for its functions: sorted by name (`wasm-opt --reorder-functions-by-name`) they are in that order. */
export const nameInOrder = (wasm) => {
  let imports = 0;
  const bodies = [];
  for (const { id, content } of sections(wasm)) {
    if (id === 2) {
      for (let left = content.number(); left; left--) {
        content.text();
        content.text();
        if (content.byte() !== 0) throw new Error("the module imports what is no function: order.mjs must follow");
        content.number();
        imports++;
      }
    }
    if (id === 10) for (let left = content.number(); left; left--) bodies.push(content.take(content.number()));
  }
  const names = Array.from({ length: imports }, (_, index) => `import ${index}`);
  chain(bodies).forEach((index, rank) => { names[imports + index] = String(rank).padStart(9, "0"); });
  const map = [...encodeNumber(names.length), ...names.flatMap((name, index) => [...encodeNumber(index), ...encodeText(name)])];
  return Buffer.concat([wasm, encodeSection(0, [...encodeText("name"), ...encodeSection(1, map)])]);
};
