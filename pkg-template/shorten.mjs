// Shortens the names that the module and its glue use for each other. wasm-bindgen gives each import a hash of sixteen digits, twice:
// once in the module and once in the glue, and digits do not compress.

/** Gives `{ wasm, glue }` with short names. Fails when a name of the module does not occur in the glue. */
export function shorten(wasm, glue) {
  let at = 8;
  const byte = () => wasm[at++];
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const part = byte();
      value += (part & 127) * 2 ** shift;
      if (part < 128) return value;
    }
  };
  const text = () => {
    const length = number();
    at += length;
    return new TextDecoder().decode(wasm.subarray(at - length, at));
  };
  const encodeNumber = (value) => {
    const bytes = [];
    do {
      bytes.push((value & 127) | (value > 127 ? 128 : 0));
      value >>>= 7;
    } while (value);
    return bytes;
  };
  const encodeText = (name) => {
    const bytes = [...new TextEncoder().encode(name)];
    return [...encodeNumber(bytes.length), ...bytes];
  };
  const copied = (from) => [...wasm.subarray(from, at)];
  const limits = () => {
    const flags = byte();
    number();
    if (flags & 1) number();
  };
  /** The rest of an import after its names: what it is. */
  const description = () => {
    const from = at;
    const kind = byte();
    if (kind === 0) number();
    else if (kind === 1) { byte(); limits(); }
    else if (kind === 2) limits();
    else if (kind === 3) at += 2;
    else throw new Error(`the module imports something of kind ${kind}, which shorten.mjs does not know`);
    return copied(from);
  };

  const names = { import: new Map(), export: new Map(), module: new Map() };
  const short = (kind, name) => {
    const known = names[kind];
    if (!known.has(name)) known.set(name, known.size.toString(36).replace(/^\d/, "_$&"));
    return known.get(name);
  };
  const parts = [wasm.subarray(0, 8)];
  while (at < wasm.length) {
    const start = at;
    const section = byte();
    const size = number();
    const end = at + size;
    if (section !== 2 && section !== 7) {
      parts.push(wasm.subarray(start, end));
      at = end;
      continue;
    }
    const count = number();
    const entries = [];
    for (let index = 0; index < count; index++) {
      if (section === 2) {
        entries.push(...encodeText(short("module", text())), ...encodeText(short("import", text())), ...description());
      } else {
        const name = text();
        // The glue asks for `memory` in more ways than one; it is short enough.
        entries.push(...encodeText(name === "memory" ? name : short("export", name)));
        const from = at;
        byte();
        number();
        entries.push(...copied(from));
      }
    }
    const content = [...encodeNumber(count), ...entries];
    parts.push(Uint8Array.from([section, ...encodeNumber(content.length), ...content]));
    at = end;
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
