// From a method's arguments to a call of the core, and from its answer to what the method returns.
import { invalid, rawResponseOf, read, refused, toError } from "./errors.js";
import { fromForm, plain, toForm } from "./form.js";
import { toFormData } from "./multipart.js";
import { Page } from "./page.js";
import { HttpResponsePromise, PagePromise } from "./promise.js";
import { toPairs } from "./query.js";
import { Stream } from "./stream.js";

// Reads a line of the operation table. The core reads the same line; here only what the arguments need.
export const parseLine = (id, line) => {
  const [target, flags = "", paging = "-", bodyless = "-"] = line.split(" ");
  const has = (flag) => flags.includes(flag);
  const pieces = target.split(/[{}]/);
  const json = has("b") || has("B");
  return {
    id,
    line,
    // The target around the names of its parameters, and these.
    pieces,
    params: pieces.filter((_, index) => index % 2),
    takesRequest: has("q") || json || has("M"),
    query: has("q"),
    json,
    bodyRequired: has("B"),
    // A body is an object, or with these an array, or any JSON (branding.templates.updateUniversalLogin takes a text too).
    array: has("a"),
    any: has("t"),
    multipart: has("M"),
    stream: has("e"),
    paged: paging !== "-",
    items: paging.split(":")[1],
    // The member of the last item that is the cursor, where the answer has no `next`.
    cursor: paging.split(":")[2],
    // Query parameters that stand between the members of the body.
    queryNames: bodyless === "-" ? [] : bodyless.split(","),
  };
};

const kindOf = (value) => (value === null ? "null" : Array.isArray(value) ? "an array" : typeof value);

const isObject = (value) => typeof value === "object" && value !== null;

const toJson = ({ id, queryNames }, request = {}) => {
  let value = request;
  if (queryNames.length) {
    value = { ...request };
    for (const name of queryNames) delete value[name];
  }
  let text;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw invalid(id, `the request cannot be written as JSON: ${cause.message}`, cause);
  }
  if (text === undefined) throw invalid(id, "the request cannot be written as JSON");
  return text;
};

// The pairs with the value of one changed, at its place, or added.
const replaced = (pairs, { name, value }) => {
  const others = pairs.map((pair) => (pair[0] === name ? [name, value] : pair));
  return pairs.some((pair) => pair[0] === name) ? others : [...others, [name, value]];
};

const start = (context, operation, args) => {
  const { id, params, takesRequest, query, paged } = operation;
  const ids = params.map((name, index) => {
    const value = args[index];
    if (typeof value !== "string" && !Number.isFinite(value)) {
      throw invalid(id, `argument ${index + 1}, \`${name}\`, must be a string or a number, not ${kindOf(value)}`);
    }
    return String(value);
  });
  const request = takesRequest ? args[params.length] : undefined;
  const options = args[params.length + takesRequest];
  const refuse = (wanted) => {
    throw invalid(id, `argument ${params.length + 1}, the request, must be ${wanted}, not ${kindOf(request)}`);
  };
  if (operation.array) {
    if (!Array.isArray(request)) refuse("an array");
  } else if (request !== undefined && !(operation.any && (typeof request === "string" || Array.isArray(request)))) {
    // A body that may be left out may be null.
    if (!(isObject(request) ? !Array.isArray(request) : request === null && operation.json && !operation.bodyRequired)) refuse("an object");
  }
  if (options !== undefined && !isObject(options)) {
    throw invalid(id, `argument ${params.length + takesRequest + 1}, the request options, must be an object, not ${kindOf(options)}`);
  }
  // Taken now: what the caller does to the object after the call changes nothing.
  const parameters = query ? { ...request } : undefined;
  let path;
  try {
    path = ids.map(encodeURIComponent).join("&");
  } catch (cause) {
    throw invalid(id, "an id is not well-formed Unicode", cause);
  }
  // An empty id is told from none.
  if (ids.length && !path) throw invalid(id, `argument 1, \`${params[0]}\`, is empty`);
  const pairs = toPairs(id, parameters, operation.json || operation.multipart ? operation.queryNames : undefined);
  if (operation.multipart) return toFormData(id, request ?? {}).then((body) => send(context, operation, path, pairs, body, options));
  const body = operation.json && (request !== undefined || operation.bodyRequired) ? toJson(operation, request) : undefined;
  return send(context, operation, path, pairs, body, options);
};

// What an envelope may say of itself.
const FACTS = ["next", "total", "start", "limit", "page", "per_page"];

const isPlain = (value) => value === undefined || value === null || typeof value === "string" || typeof value === "number";

const factsOf = (data, last) => {
  const facts = Array.isArray(data) ? [] : FACTS.filter((name) => data?.[name] !== undefined).map((name) => [name, data[name]]);
  // What is no cursor is told as what it is, so that a list does not end by it.
  return toForm([...facts, ["\0last", last]].map(([name, value]) => [name, isPlain(value) ? plain(value) : "\0"]));
};

// `guard` is what the core remembers of a walk, from one page to the next.
const send = async (context, operation, path, pairs, body, options, guard) => {
  const { id, paged, stream } = operation;
  const form = pairs.length ? toForm(pairs) : "";
  const { data, response } = await context.send(operation, path, form, body, options, { unread: stream });
  if (stream) return answer(new Stream(id, response, reopen(context, operation, path, pairs, options), options?.abortSignal), response);
  if (!paged) return answer(data, response);
  const found = Array.isArray(data) ? data : data?.[operation.items];
  const items = Array.isArray(found) ? found : [];
  // Counted now: the items are the caller's, who may take some out.
  const { length } = items;
  const last = operation.cursor && items.at(-1)?.[operation.cursor];
  const follow = () => {
    try {
      const text = context.Client.page([operation.line, id, form, factsOf(data, last), guard].join("\n"), found === data, found === items ? length : -1);
      const next = fromForm(text[0] === "!" ? refused(text.slice(1)) : text);
      return next.name ? { load: async () => (await send(context, operation, path, replaced(pairs, next), body, options, next.guard)).data } : {};
    } catch (thrown) {
      const detail = { ...read(thrown), status: response.status, response, body: data };
      const problem = toError(detail, id);
      // The list ends too early, but this page is good: it is not lost, the way on is barred.
      if (detail.kind !== "paging") throw problem;
      return { problem };
    }
  };
  // What is no list is told at once.
  if (found !== items) follow();
  return answer(new Page(id, follow, items, data, response), response);
};

// Asks for a stream again, behind an offset if there is one.
const reopen = (context, operation, path, pairs, options) => async (offset) => {
  const others = pairs.filter(([name]) => name !== "from" && name !== "from_timestamp");
  const form = toForm(offset === undefined ? pairs : [...others, ["from", offset]]);
  return (await context.send(operation, path, form, undefined, options, { unread: true })).response;
};

// What `withRawResponse` gives. The raw response is made when it is looked at.
const answer = (data, response) => ({
  data,
  get rawResponse() {
    return rawResponseOf(response);
  },
});

// The request starts at once, awaited or not.
export const call = (context, operation, args) => {
  let result;
  try {
    result = start(context, operation, args);
  } catch (error) {
    result = Promise.reject(error);
  }
  return operation.paged ? new PagePromise(result) : new HttpResponsePromise(result);
};
