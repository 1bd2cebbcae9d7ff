// Makes a call with the package, and writes down all that came of it.
import type { Detail, Operation } from "./api";
import { remember, type Draft, type Reading } from "./draft";
import { Recorder, type Attempt } from "./record";
import { clientOf, tenant } from "./tenant";

/** What is asked of the package's page object. */
interface Page {
  response: unknown;
  rawResponse: Response;
  hasNextPage(): boolean;
  getNextPage(): Promise<Page>;
}

/** A page that has another one behind it, and what aborts its calls. */
export interface Next {
  page: Page;
  controller: AbortController;
}

export interface Outcome {
  status: number | undefined;
  data: unknown;
  text: string;
  headers: [string, string][];
  error: unknown;
  attempts: Attempt[];
  total: number;
  next: Next | undefined;
}

export const outcomes = new Map<string, Outcome>();
export const recorder = new Recorder();
let client: { of: unknown; client: ReturnType<typeof clientOf> } | undefined;

const clientNow = () => {
  const current = tenant.get();
  if (!current) throw new Error("no tenant is connected");
  if (client?.of !== current) client = { of: current, client: clientOf(current, recorder) };
  return client.client;
};

type Invoke = (...args: unknown[]) => Promise<unknown> & { withRawResponse(): Promise<{ data: unknown; rawResponse: Response }> };

const methodOf = (id: string): Invoke => {
  const names = id.split(".");
  const last = names.pop() ?? "";
  const owner = names.reduce<unknown>((parent, name) => (parent as Record<string, unknown>)[name], clientNow()) as Record<string, Invoke>;
  const invoke = owner[last];
  if (!invoke) throw new Error(`the package has no ${id}`);
  return (...args) => invoke.apply(owner, args);
};

/** The events of a stream, while they come. */
export const received: unknown[] = [];

// A stream has no end, and a page has one.
const MOST_EVENTS = 500;

// Of the page object what is shown: what the API answered, and whether there is more.
const takePage = (result: Outcome, page: Page, controller: AbortController): void => {
  result.data = page.response;
  result.status = page.rawResponse.status;
  result.headers = [...page.rawResponse.headers];
  try {
    if (page.hasNextPage()) result.next = { page, controller };
  } catch {
    // The list cannot go on, but this page is good.
  }
};

const take = async (result: Outcome, { id }: Operation, detail: Detail, { ids, file }: Draft, { parameters, query, values, body }: Reading, controller: AbortController): Promise<void> => {
  let request: unknown = body;
  if (detail.multipart && typeof body === "object") request = { ...body, users: new Blob([file], { type: "application/json" }) };
  else if (query.length) request = { ...values, ...(typeof body === "object" ? body : {}) };
  const takesRequest = query.length > 0 || detail.body !== undefined;
  const args = [...parameters.map((name) => ids[name]), ...(takesRequest ? [request] : []), { abortSignal: controller.signal }];
  const { data, rawResponse } = await methodOf(id)(...args).withRawResponse();
  if (typeof (data as Page | undefined)?.hasNextPage === "function") return takePage(result, data as Page, controller);
  result.data = data;
  result.status = rawResponse.status;
  result.headers = [...rawResponse.headers];
  if (!detail.stream) return undefined;
  result.data = received;
  try {
    for await (const event of data as AsyncIterable<unknown>) if (received.push(event) >= MOST_EVENTS) break;
  } catch (thrown) {
    // Abort is how one ends it.
    if (!controller.signal.aborted) throw thrown;
  }
  result.data = [...received];
  return undefined;
};

/** Runs the call of a form to its end, good or bad; or gets the page behind the one that is shown. */
export const send = async (operation: Operation, detail: Detail, draft: Draft, reading: Reading, controller: AbortController, next?: Next): Promise<Outcome> => {
  recorder.begin();
  received.length = 0;
  const result: Outcome = { status: undefined, data: undefined, text: "", headers: [], error: undefined, attempts: recorder.attempts, total: 0, next: undefined };
  try {
    if (next) takePage(result, await next.page.getNextPage(), next.controller);
    else await take(result, operation, detail, draft, reading, controller);
    remember(result.data);
  } catch (thrown) {
    result.error = thrown;
    const { statusCode, body: said, rawResponse } = thrown as { statusCode?: number; body?: unknown; rawResponse?: Response };
    result.status = statusCode;
    result.data = said ?? (received.length ? [...received] : undefined);
    result.headers = rawResponse ? [...rawResponse.headers] : [];
  }
  result.text = result.data === undefined ? "" : typeof result.data === "string" ? result.data : JSON.stringify(result.data, undefined, 2);
  result.total = recorder.now();
  outcomes.set(operation.id, result);
  return result;
};
