import { invalid } from "./errors.js";

const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);

const collect = async (source) => {
  // Not as a Blob: Bun would give it a type of its own.
  if (source.getReader) return new Blob([await new Response(source).arrayBuffer()]);
  const chunks = [];
  for await (const chunk of source) chunks.push(chunk);
  return new Blob(chunks);
};

const isStream = (value) => !!(value?.getReader ?? value?.[Symbol.asyncIterator]);

const isFile = (value) => value instanceof Blob || isBytes(value) || isStream(value);

// Members that are bytes in some form become files, in front; the others become text fields.
export const toFormData = async (operation, request) => {
  const files = [];
  const fields = [];
  for (const [name, value] of Object.entries(request)) {
    if (value === undefined || value === null) continue;
    const source = isFile(value) ? { data: value } : value;
    if (isFile(source.data)) {
      const { data, contentType } = source;
      const blob = isStream(data) ? await collect(data) : data;
      const type = contentType ?? (blob.type || "application/octet-stream");
      files.push([name, new Blob([blob], { type }), source.filename ?? data.name ?? "blob"]);
    } else if (typeof value === "object" || typeof value === "function") {
      throw invalid(operation, `\`${name}\` is neither a file (Blob, File, ArrayBuffer, typed array, stream or { data, filename, contentType }) nor a plain value`);
    } else {
      fields.push([name, String(value)]);
    }
  }
  if (!files.length) throw invalid(operation, "no file was given; a file is a Blob, File, ArrayBuffer, typed array, stream or { data, filename, contentType }, and never a string");
  const form = new FormData();
  for (const part of [...files, ...fields]) form.append(...part);
  return form;
};
