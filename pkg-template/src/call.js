// From a method's arguments to a call of the core, and from its answer to what the method returns.
import { invalid, rawResponseOf, toError } from "./errors.js";
import { toFormData } from "./multipart.js";
import { Page } from "./page.js";
import { HttpResponsePromise, PagePromise } from "./promise.js";
import { Stream } from "./stream.js";

// Reads a line of the operation table. The core reads the same line; here only what the arguments need.
export const parseLine = (id, line) => {
  const [target, flags = "", paging = "-", bodyless = "-"] = line.split(" ");
  const has = (flag) => flags.includes(flag);
  const json = has("b") || has("B");
  return {
    id,
    line,
    params: Array.from(target.matchAll(/{([^}]+)}/g), ([, name]) => name),
    takesRequest: has("q") || json || has("M"),
    query: has("q"),
    json,
    bodyRequired: has("B"),
    multipart: has("M"),
    stream: has("e"),
    paged: paging !== "-",
    items: paging.split(":")[1],
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

const start = async (context, operation, args) => {
  const { id, line, params, takesRequest, query, paged } = operation;
  const ids = params.map((name, index) => {
    const value = args[index];
    if (typeof value !== "string" && typeof value !== "number") {
      throw invalid(id, `argument ${index + 1}, \`${name}\`, must be a string or a number, not ${kindOf(value)}`);
    }
    return String(value);
  });
  const request = takesRequest ? args[params.length] : undefined;
  const options = args[params.length + takesRequest];
  // A JSON body may be a text too (branding.templates.updateUniversalLogin).
  const fits = operation.json ? isObject(request) || typeof request === "string" : isObject(request) && !(query && Array.isArray(request));
  if (request !== undefined && !fits) {
    throw invalid(id, `argument ${params.length + 1}, the request, must be an object, not ${kindOf(request)}`);
  }
  if (options !== undefined && !isObject(options)) {
    throw invalid(id, `argument ${params.length + takesRequest + 1}, the request options, must be an object, not ${kindOf(options)}`);
  }
  // Taken now: what the caller does to the object after the call changes nothing.
  const parameters = query ? { ...request } : undefined;
  let body;
  if (operation.multipart) body = await toFormData(id, request ?? {});
  else if (operation.json && (request !== undefined || operation.bodyRequired)) body = toJson(operation, request);

  // `guard` is what the core remembers of a walk, from one page to the next.
  const send = (asked, guard) =>
    context.run(id, options, async (core, coreOptions, Core) => {
      const { data, response } = await core.call(line, id, ids, asked, coreOptions || body !== undefined ? { ...coreOptions, body } : undefined);
      const rawResponse = rawResponseOf(response);
      if (operation.stream) return { data: new Stream(id, response), rawResponse };
      if (!paged) return { data, rawResponse };
      let facts;
      try {
        facts = Core.page(line, id, asked, data, guard);
      } catch (thrown) {
        const problem = toError({ ...thrown, status: response.status, response, body: data }, id);
        // The list ends too early, but this page is good: it is not lost, the way on is barred.
        if (thrown.kind !== "paging") throw problem;
        facts = { items: Array.isArray(data) ? data : (data[operation.items] ?? []), problem };
      }
      const { next } = facts;
      const load = next && (async () => (await send({ ...asked, [next.name]: next.value }, facts.guard)).data);
      return { data: new Page(id, load, facts.problem, facts.items, data, rawResponse), rawResponse };
    });
  return send(parameters);
};

// The request starts at once, awaited or not.
export const call = (context, operation, args) => {
  const result = start(context, operation, args);
  return operation.paged ? new PagePromise(result) : new HttpResponsePromise(result);
};
