// What the builders read of a WebAssembly file, and how numbers are written in one.

/** Bytes to be read from the front; `at` is where. */
export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    if (this.at >= this.bytes.length) throw new Error("the WebAssembly file ends too early");
    return this.bytes[this.at++];
  }

  /** An unsigned number (LEB128). */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const part = this.byte();
      value += (part & 127) * 2 ** shift;
      if (part < 128) return value;
    }
  }

  /** So many bytes. */
  take(count) {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  text() {
    return new TextDecoder().decode(this.take(this.number()));
  }
}

/** Each section: its number, where it begins, and a reader of what is in it. */
export function* sections(wasm) {
  const file = new Reader(wasm, 8);
  while (file.at < wasm.length) {
    const start = file.at;
    const id = file.byte();
    const size = file.number();
    yield { id, whole: wasm.subarray(start, file.at + size), content: new Reader(wasm.subarray(0, file.at + size), file.at) };
    file.take(size);
  }
}

export const encodeNumber = (value) => {
  const bytes = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value);
  return bytes;
};

export const encodeText = (text) => {
  const bytes = [...new TextEncoder().encode(text)];
  return [...encodeNumber(bytes.length), ...bytes];
};

export const encodeSection = (id, content) => Uint8Array.from([id, ...encodeNumber(content.length), ...content]);
