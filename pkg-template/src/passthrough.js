// `client.fetch`: the authenticated way to a path that no method covers. It is a call of an operation made up on the spot.
import { entriesOf } from "./context.js";
import { invalid } from "./errors.js";

const LETTERS = { GET: "G", POST: "P", PUT: "U", PATCH: "A", DELETE: "D" };

// The path and query below the base URL, with what is special in an operation's line encoded.
const targetOf = (input, baseUrl) => {
  let target = String(input?.url ?? input);
  if (/^([a-z][a-z\d+.-]*:|\/\/)/i.test(target)) {
    // Elsewhere, the token would be given away.
    if (!target.startsWith(`${baseUrl}/`)) throw invalid("fetch", `the URL is not below ${baseUrl}`);
    target = target.slice(baseUrl.length);
  }
  const { pathname, search } = new URL(target.replace(/^\/*/, "/"), "http://localhost");
  return (pathname + search).replace(/[{}]/g, encodeURIComponent);
};

export const passThrough = async (context, input, init = {}, requestOptions = {}) => {
  const request = input instanceof Request ? input : {};
  // A stream can be sent once, and an attempt may have to be repeated. In Firefox a Request has no `body`.
  let bytes;
  try {
    if (init.body?.getReader) bytes = await new Response(init.body).arrayBuffer();
    else if (!init.body && !/^(GET|HEAD)$/.test(request.method ?? "GET")) bytes = await request.clone().arrayBuffer();
  } catch (cause) {
    throw invalid("fetch", `the body cannot be read: ${cause?.message ?? cause}`, cause);
  }
  const body = bytes?.byteLength || init.body ? (bytes ?? init.body) : undefined;
  const options = {
    ...requestOptions,
    abortSignal: requestOptions.abortSignal ?? init.signal ?? request.signal,
    headers: Object.fromEntries([["accept", "*/*"], ...entriesOf(init.headers ?? request.headers), ...entriesOf(requestOptions.headers)]),
  };
  const method = (init.method ?? request.method ?? "GET").toUpperCase();
  if (!LETTERS[method]) throw invalid("fetch", `the method ${method} is not used by the API`);
  // Answered unread, as a stream of events is; with a body of any type, as an upload has.
  const line = `${LETTERS[method]}${targetOf(input, context.baseUrl)} de${body === undefined ? "" : "M"}`;
  const io = { unread: true };
  try {
    return (await context.send({ id: "fetch", line }, "", "", body, options, io)).response;
  } catch (thrown) {
    const { response, body: text } = io.found ?? {};
    // An error status is an answer here. Its body has been read, to tell whether to try again.
    if (response && text !== undefined) return new Response(text || null, response);
    throw thrown;
  }
};
