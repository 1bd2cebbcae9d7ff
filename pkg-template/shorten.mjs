// Shortens the names that the module and its glue use for each other. wasm-bindgen gives each import a hash of sixteen digits, twice:
// once in the module and once in the glue, and digits do not compress.
import { encodeNumber, encodeSection, encodeText, sections } from "./wasm-file.mjs";

/** Gives `{ wasm, glue }` with short names. Fails when a name of the module does not occur in the glue. */
export function shorten(wasm, glue) {
  /** The rest of an import after its names: what it is. */
  const description = (content) => {
    const limits = () => {
      const flags = content.byte();
      content.number();
      if (flags & 1) content.number();
    };
    const from = content.at;
    const kind = content.byte();
    if (kind === 0) content.number();
    else if (kind === 1) { content.byte(); limits(); }
    else if (kind === 2) limits();
    else if (kind === 3) content.take(2);
    else throw new Error(`the module imports something of kind ${kind}, which shorten.mjs does not know`);
    return wasm.subarray(from, content.at);
  };

  const names = { import: new Map(), export: new Map(), module: new Map() };
  const short = (kind, name) => {
    const known = names[kind];
    if (!known.has(name)) known.set(name, known.size.toString(36).replace(/^\d/, "_$&"));
    return known.get(name);
  };
  const parts = [wasm.subarray(0, 8)];
  for (const { id, whole, content } of sections(wasm)) {
    if (id !== 2 && id !== 7) {
      parts.push(whole);
      continue;
    }
    const count = content.number();
    const entries = [];
    for (let left = count; left; left--) {
      if (id === 2) {
        entries.push(...encodeText(short("module", content.text())), ...encodeText(short("import", content.text())), ...description(content));
      } else {
        const name = content.text();
        // The glue asks for `memory` in more ways than one; it is short enough.
        entries.push(...encodeText(name === "memory" ? name : short("export", name)), content.byte(), ...encodeNumber(content.number()));
      }
    }
    parts.push(encodeSection(id, [...encodeNumber(count), ...entries]));
  }

  const replace = (pattern, name, by) => {
    if (!pattern.test(glue)) throw new Error(`the glue does not have ${name}: shorten.mjs must follow wasm-bindgen's output`);
    pattern.lastIndex = 0;
    glue = glue.replace(pattern, by);
  };
  const escaped = (name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  for (const [name, by] of names.module) replace(new RegExp(`"${escaped(name)}"`, "g"), name, `"${by}"`);
  // As a key of the imports' object, and nothing else: a name may stand in a comment or a helper too.
  for (const [name, by] of names.import) replace(new RegExp(`(?<=^\\s*)${escaped(name)}(?=: )`, "gm"), name, by);
  for (const [name, by] of names.export) {
    const pattern = new RegExp(`(?<=\\bwasm\\.)${escaped(name)}\\b`, "g");
    // Some exports are for hosts with threads or other targets only.
    if (pattern.test(glue)) glue = glue.replace(pattern, by);
  }
  return { wasm: Buffer.concat(parts), glue };
}
