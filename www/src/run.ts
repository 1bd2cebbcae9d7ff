// Makes a call with the package, and writes down all that came of it.
import type { Detail, Operation } from "./api";
import { remember, type Draft, type Reading } from "./draft";
import { Recorder, type Attempt } from "./record";
import { clientOf, tenant } from "./tenant";

export interface Outcome {
  status: number | undefined;
  data: unknown;
  text: string;
  headers: [string, string][];
  error: unknown;
  attempts: Attempt[];
  total: number;
  hasNext: boolean;
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

/** Runs the call of a form to its end, good or bad. */
export const send = async ({ id }: Operation, detail: Detail, { ids, file }: Draft, { parameters, query, values, body }: Reading, abortSignal: AbortSignal): Promise<Outcome> => {
  recorder.begin();
  const result: Outcome = { status: undefined, data: undefined, text: "", headers: [], error: undefined, attempts: recorder.attempts, total: 0, hasNext: false };
  try {
    let request: unknown = body;
    if (detail.multipart && typeof body === "object") request = { ...body, users: new Blob([file], { type: "application/json" }) };
    else if (query.length) request = { ...values, ...(typeof body === "object" ? body : {}) };
    const takesRequest = query.length > 0 || detail.body !== undefined;
    const args = [...parameters.map((name) => ids[name]), ...(takesRequest ? [request] : []), { abortSignal }];
    if (detail.stream) throw new Error("A stream of events has no end: follow it with the package, as the code below shows.");
    const { data, rawResponse } = await methodOf(id)(...args).withRawResponse();
    // A page shows what the API answered, and not the page object.
    const page = data as { response?: unknown; hasNextPage?: () => boolean } | undefined;
    const isPage = typeof page?.hasNextPage === "function";
    result.data = isPage ? page.response : data;
    result.status = rawResponse.status;
    result.headers = [...rawResponse.headers];
    try {
      result.hasNext = isPage && (page.hasNextPage?.() ?? false);
    } catch {
      // The list cannot go on, but this page is good.
    }
    remember(result.data);
  } catch (thrown) {
    result.error = thrown;
    const { statusCode, body: said, rawResponse } = thrown as { statusCode?: number; body?: unknown; rawResponse?: Response };
    result.status = statusCode;
    result.data = said;
    result.headers = rawResponse ? [...rawResponse.headers] : [];
  }
  result.text = result.data === undefined ? "" : typeof result.data === "string" ? result.data : JSON.stringify(result.data, undefined, 2);
  result.total = recorder.now();
  outcomes.set(id, result);
  return result;
};
