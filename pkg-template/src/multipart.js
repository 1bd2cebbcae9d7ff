import { invalid } from "./errors.js";

const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);

// What a stream or an iterable brings; `refuse` makes the error for what is none.
const collect = async (source, refuse) => {
  try {
    // Not as a Blob: Bun would give it a type of its own.
    if (source.getReader) return new Blob([await new Response(source).arrayBuffer()]);
    const chunks = [];
    for await (const chunk of source) {
      if (typeof chunk !== "string" && !(chunk instanceof Blob) && !isBytes(chunk)) throw new TypeError("a chunk is neither bytes, a Blob nor a text");
      chunks.push(chunk);
    }
    return new Blob(chunks);
  } catch (cause) {
    throw refuse(cause);
  }
};

const isStream = (value) => !!(value?.getReader ?? value?.[Symbol.asyncIterator]);

const isFile = (value) => value instanceof Blob || isBytes(value) || isStream(value);

// Members that are bytes in some form become files, in front; the others become text fields.
export const toFormData = async (operation, request) => {
  const files = [];
  const fields = [];
  for (const [name, value] of Object.entries(request)) {
    if (value === undefined || value === null) continue;
    const source = isFile(value) ? { data: value } : Object(value);
    if (isFile(source.data)) {
      const { data, contentType } = source;
      const blob = isStream(data) ? await collect(data, (cause) => invalid(operation, `\`${name}\` cannot be read: ${cause?.message ?? String(cause)}`, cause)) : data;
      const type = contentType ?? (blob.type || "application/octet-stream");
      files.push([name, new Blob([blob], { type }), source.filename ?? data.name ?? "blob"]);
    } else if (typeof value === "object" || typeof value === "function") {
      throw invalid(operation, `\`${name}\` is neither a file (Blob, File, ArrayBuffer, typed array, stream or { data, filename, contentType }) nor a plain value`);
    } else {
      fields.push([name, String(value)]);
    }
  }
  if (!files.length) throw invalid(operation, `no file was given in \`${Object.keys(request).join("`, `")}\`; a file is a Blob, File, ArrayBuffer, typed array, stream or { data, filename, contentType }, and never a string`);
  const form = new FormData();
  for (const part of [...files, ...fields]) form.append(...part);
  return form;
};
