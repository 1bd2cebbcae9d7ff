// Reads the text of an answer.

// Node's `text()` is written in JavaScript: to read the pieces takes less. And before Node 24 (undici 7) it decodes a character at
// a time, which for a long answer is an eighth of the call: its Buffer does the same by SIMD.
const { process: host } = globalThis;
const undici = parseInt(host?.versions?.undici);
const { isAscii, isUtf8, transcode } = (undici && host.getBuiltinModule?.("node:buffer")) || {};

// As the Encoding Standard decodes: what is no UTF-8 is replaced, and a byte order mark is none of the text's.
const decode = (bytes) => {
  if (isAscii(bytes)) return globalThis.Buffer.prototype.latin1Slice.call(bytes);
  if (undici > 6 || !isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const text = transcode(bytes, "utf8", "utf16le").ucs2Slice();
  return text[0] === "\ufeff" ? text.slice(1) : text;
};

const readAll = async (reader) => {
  const chunks = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return decode(chunks.length === 1 ? chunks[0] : globalThis.Buffer.concat(chunks));
    chunks.push(value);
  }
};

// A promise of the text. Not json(): what is no JSON is shown as it came.
export const textOf = (response) => {
  const { body } = response;
  // One that somebody has changed, or read, has its say. (Node loads its `fetch` when `Response` is first named: not before this.)
  if (!transcode || !body || response.bodyUsed || response.text !== globalThis.Response?.prototype.text) return response.text();
  return readAll(body.getReader());
};
