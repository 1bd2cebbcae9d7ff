// All operations: found by group or by search, called with a form, and shown with all that happened.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { byId, load, operations, search, type Detail, type GroupData, type Operation } from "./api";
import { Body } from "./body";
import { announce, Code, Copy, Field, Icon, Method, shownBytes, shownTime, Tabs, thousands } from "./parts";
import { networkOf } from "./inpage";
import { Recorder, type Attempt } from "./record";
import { check, describe, fromText, membersOf, resolve, type Issue, type Types } from "./schema";
import { useRedraw, useSignal } from "./signal";
import { curl, rust, typescript, type Call } from "./snippets";
import { access, clientOf, messageOf, originOf, tenant } from "./tenant";
import { Gauge, Timeline } from "./timeline";

// --- the list ---

const openGroups = new Set<string>();

const List = ({ current, onPick }: { current: string; onPick: () => void }) => {
  const [words, setWords] = useState("");
  const redraw = useRedraw();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const found = useMemo(() => search(words), [words]);
  const groups = useMemo(() => grouped(found), [found]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const currentGroup = byId.get(current)?.group;
  useEffect(() => {
    if (currentGroup) openGroups.add(currentGroup);
    redraw();
  }, [currentGroup]);
  // Arrows go from one to the next, from the search field on.
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const all = [...(list.current?.querySelectorAll<HTMLElement>("summary, details[open] a") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = all[at + (event.key === "ArrowDown" ? 1 : -1)];
    event.preventDefault();
    if (next && (at >= 0 || event.key === "ArrowDown")) next.focus();
    else input.current?.focus();
  };
  return (
    <div class="list" onKeyDown={onKey}>
      <div class="search">
        <Icon name="search" />
        <input ref={input} type="search" placeholder={`Search ${operations.length} operations`} aria-label="Search operations" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <p class="hint count" role="status">{words ? `${found.length} of ${operations.length} operations` : `${groups.size} groups`}</p>
      <div class="groups" ref={list}>
        {[...groups].map(([name, members]) => {
          const open = words !== "" || openGroups.has(name);
          return (
            <details key={name} open={open}>
              <summary
                onClick={(event) => {
                  event.preventDefault();
                  if (openGroups.has(name)) openGroups.delete(name);
                  else openGroups.add(name);
                  redraw();
                }}
              >
                <Icon name="chevron" />
                {name}
                <span class="badge">{members.length}</span>
              </summary>
              {open && (
                <ul>
                  {members.map(({ id, method }) => (
                    <li>
                      <a href={`#/explorer/${id}`} aria-current={id === current ? "true" : undefined} onClick={onPick}>
                        <Method name={method} />
                        <span>{id.slice(name.length + 1)}</span>
                      </a>
                    </li>
                  ))}
                </ul>
              )}
            </details>
          );
        })}
        {groups.size === 0 && <p class="empty">No operation has all of these words.</p>}
      </div>
    </div>
  );
};

const grouped = (all: Operation[]): Map<string, Operation[]> => {
  const map = new Map<string, Operation[]>();
  for (const operation of all) map.set(operation.group, [...(map.get(operation.group) ?? []), operation]);
  return map;
};

// --- one operation ---

/** What somebody typed into the form of an operation, kept while the page is open. */
interface Draft {
  ids: Record<string, string>;
  query: Record<string, string>;
  body: string;
  file: string;
}

const drafts = new Map<string, Draft>();

// Ids that were seen in answers, by the name of their member: they are offered where such an id is asked for.
const seen = new Map<string, Set<string>>();

const remember = (value: unknown, depth = 0): void => {
  if (depth > 4 || typeof value !== "object" || value === null) return;
  const items = Array.isArray(value) ? value.slice(0, 50).map((item, index) => [String(index), item] as const) : Object.entries(value);
  for (const [key, item] of items) {
    if (/(^|_)id$|^identifier$/.test(key) && typeof item === "string") {
      const known = seen.get(key) ?? new Set();
      if (known.size < 100) seen.set(key, known.add(item));
    } else {
      remember(item, depth + 1);
    }
  }
};

const offered = ({ group: name }: Operation, parameter: string): string[] => {
  const singular = name.replace(/s$/, "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const keys = parameter === "id" ? [`${singular}_id`, "id"] : [parameter, parameter.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
  return [...new Set(keys.flatMap((key) => [...(seen.get(key) ?? [])]))].slice(0, 50);
};

interface Outcome {
  status: number | undefined;
  data: unknown;
  text: string;
  headers: [string, string][];
  error: unknown;
  attempts: Attempt[];
  total: number;
  hasNext: boolean;
}

const outcomes = new Map<string, Outcome>();
const recorder = new Recorder();
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

const Scopes = ({ scopes }: { scopes: string[] }) => {
  const granted = useSignal(access);
  if (!scopes.length) return <p class="hint">This operation names no scope.</p>;
  const has = granted.state === "granted" ? granted.scopes : undefined;
  const any = has && scopes.some((scope) => has.has(scope));
  return (
    <div class="scopes">
      <ul aria-label="Scopes">
        {scopes.map((scope) => (
          <li class={has ? (has.has(scope) ? "has" : "lacks") : "unknown"}>
            <Icon name={has ? (has.has(scope) ? "check" : "cross") : "dash"} />
            <code>{scope}</code>
            <span class="hidden">{has ? (has.has(scope) ? ": the token has it" : ": the token lacks it") : ": it is not known whether the token has it"}</span>
          </li>
        ))}
      </ul>
      <span class={any === false ? "problem" : "hint"}>{scopes.length > 1 ? "Any one of them is enough. " : ""}{any === undefined ? "" : any ? "The token may make this call." : "The token may not make this call."}</span>
    </div>
  );
};

const Faults = () => {
  const [told, setTold] = useState("");
  const order = async (fault: object, text: string) => {
    const current = tenant.get();
    if (!current) return;
    try {
      const response = await networkOf(current)(`${originOf(current)}/__sandbox/faults`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(fault) });
      setTold(response.ok ? text : `the sandbox answered ${response.status}`);
    } catch (thrown) {
      setTold(messageOf(thrown));
    }
  };
  const match = { path: "/api/v2" };
  return (
    <details class="faults">
      <summary><Icon name="chevron" />Make the next call meet trouble</summary>
      <div class="row wrap">
        <button type="button" class="small" onClick={() => order({ match, times: 2, status: 503, headers: { "retry-after-ms": "400" } }, "Two 503s are ordered")}>503 twice</button>
        <button type="button" class="small" onClick={() => order({ match, status: 429, headers: { "retry-after": "1" } }, "A 429 is ordered")}>429, retry after 1 s</button>
        <button type="button" class="small" onClick={() => order({ match, delay_ms: 800 }, "A delay is ordered")}>Slow by 800 ms</button>
        <button type="button" class="small" onClick={() => order({ match, times: 3, status: 500, headers: { "retry-after-ms": "200" } }, "Three 500s are ordered: one more than is retried")}>500 thrice</button>
        <span class="hint" role="status">{told}</span>
      </div>
    </details>
  );
};

const Answer = ({ outcome }: { outcome: Outcome }) => {
  const { status, error, attempts, total, headers, text, hasNext } = outcome;
  const good = error === undefined;
  const facts = good
    ? []
    : ["name", "code", "statusCode", "message", "missingScope", "retryAfter", "attempts", "requestId", "mayHaveBeenSent", "operation"].flatMap((name) => {
        const value = (error as Record<string, unknown>)[name];
        return value === undefined ? [] : [[name, String(value)] as const];
      });
  const bytes = attempts.at(-1)?.bytes;
  return (
    <section class="answer" aria-labelledby="answer-title">
      <div class="row wrap">
        <h3 id="answer-title">Answer</h3>
        <span class={`status ${good ? "good" : "bad"}`} data-testid="status">{status ?? (good ? "done" : String((error as { code?: string }).code ?? "failed"))}</span>
        <span class="hint">
          {shownTime(total)}
          {bytes !== undefined && ` · ${shownBytes(bytes)}`}
          {hasNext && " · there is a next page"}
        </span>
      </div>
      {!good && (
        <div class="error" role="alert">
          <p>{messageOf(error)}</p>
        </div>
      )}
      <Tabs
        label="Answer"
        tabs={[
          {
            id: "body",
            label: "Body",
            content: () =>
              text ? (
                <>
                  <div class="corner"><Copy text={text} what="the body" /></div>
                  <Code text={text} language="json" label="Body of the answer" />
                </>
              ) : (
                <p class="empty">No body.</p>
              ),
          },
          {
            id: "headers",
            label: `Headers (${headers.length})`,
            content: () => (
              <div class="scroll" tabIndex={0} role="region" aria-label="Headers">
                <table class="pairs">
                  <tbody>
                    {headers.map(([name, value]) => (
                      <tr>
                        <th scope="row">{name}</th>
                        <td>{value}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            ),
          },
          ...(good
            ? []
            : [
                {
                  id: "error",
                  label: "Error",
                  content: () => (
                    <table class="pairs">
                      <tbody>
                        {facts.map(([name, value]) => (
                          <tr>
                            <th scope="row">{name}</th>
                            <td>{value}</td>
                          </tr>
                        ))}
                      </tbody>
                    </table>
                  ),
                },
              ]),
        ]}
      />
      <h4>Attempts</h4>
      <Timeline attempts={attempts} total={total} />
      {attempts.length === 0 && <p class="hint">Nothing was sent.</p>}
      <h4>Rate limit</h4>
      <Gauge limit={recorder.rateLimit} />
    </section>
  );
};

const Form = ({ operation, detail, types }: { operation: Operation; detail: Detail; types: Types }) => {
  const current = useSignal(tenant);
  const redraw = useRedraw();
  const [running, setRunning] = useState<AbortController>();
  const draft = drafts.get(operation.id) ?? { ids: {}, query: {}, body: "", file: '[{ "email": "jo@example.com", "password_hash": "…" }]' };
  drafts.set(operation.id, draft);
  const parameters = [...operation.path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? "");
  const query = membersOf(detail.query).sort((a, b) => Number(b.required) - Number(a.required));
  const outcome = outcomes.get(operation.id);

  // --- what the form says now ---
  const values = Object.fromEntries(query.map(({ name, type }) => [name, fromText(draft.query[name] ?? "", type, types)]).filter(([, value]) => value !== undefined)) as Record<string, unknown>;
  const queryProblems = new Map<string, string>();
  for (const { name, type, required } of query) {
    const issue: Issue | undefined = values[name] === undefined ? (required ? { path: "", message: "is required" } : undefined) : check(values[name], type, types)[0];
    if (issue) queryProblems.set(name, issue.message);
  }
  let body: unknown;
  let syntax: string | undefined;
  const wantsBody = detail.body !== undefined && (draft.body.trim() !== "" || !detail.bodyOptional);
  if (wantsBody) {
    try {
      body = JSON.parse(draft.body || "null");
    } catch (thrown) {
      syntax = messageOf(thrown);
    }
  }
  const issues = detail.body !== undefined && wantsBody && !syntax ? check(body, detail.body, types) : [];
  const missing = parameters.filter((name) => !draft.ids[name]);
  const wrong = queryProblems.size + issues.filter((issue) => !issue.hint).length;
  const blocked = !current || syntax !== undefined || missing.length > 0 || (detail.body !== undefined && !detail.bodyOptional && draft.body.trim() === "");
  const call: Call = {
    id: operation.id,
    method: operation.method,
    path: operation.path,
    ids: parameters.map((name) => draft.ids[name] || `{${name}}`),
    query: values,
    queryTypes: Object.fromEntries(query.map(({ name, type, required }) => [name, { type, required }])),
    types,
    body,
    hasBody: wantsBody,
    multipart: detail.multipart ?? false,
    bodyOptional: detail.bodyOptional ?? false,
    paged: detail.paging !== undefined,
    rust: detail.rust,
    domain: current?.domain ?? "tenant.us.auth0.com",
  };

  const run = async () => {
    if (blocked || running) return;
    const controller = new AbortController();
    setRunning(controller);
    announce("Running");
    recorder.begin();
    const result: Outcome = { status: undefined, data: undefined, text: "", headers: [], error: undefined, attempts: recorder.attempts, total: 0, hasNext: false };
    try {
      let request: unknown = body;
      if (detail.multipart && typeof body === "object") request = { ...body, users: new Blob([draft.file], { type: "application/json" }) };
      else if (query.length) request = { ...values, ...(typeof body === "object" ? body : {}) };
      const takesRequest = query.length > 0 || detail.body !== undefined;
      const args = [...parameters.map((name) => draft.ids[name]), ...(takesRequest ? [request] : []), { abortSignal: controller.signal }];
      if (detail.stream) throw new Error("A stream of events has no end: follow it with the package, as the code below shows.");
      const { data, rawResponse } = await methodOf(operation.id)(...args).withRawResponse();
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
    outcomes.set(operation.id, result);
    setRunning(undefined);
    announce(result.error === undefined ? `Answered with ${result.status}` : `Failed: ${messageOf(result.error)}`);
  };

  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void run();
    }
  };

  return (
    <article class="operation" onKeyDown={onKey}>
      <header>
        <h2>{operation.id}</h2>
        <p class="target">
          <Method name={operation.method} /> <code>/api/v2{operation.path}</code>
          {operation.stage && <span class={`stage ${operation.stage}`}>{{ EA: "early access", beta: "beta", deprecated: "deprecated" }[operation.stage] ?? operation.stage}</span>}
        </p>
        <Scopes scopes={operation.scopes} />
      </header>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {parameters.length > 0 && (
          <fieldset>
            <legend>Path</legend>
            {parameters.map((name) => {
              const ids = offered(operation, name);
              return (
                <>
                  <Field label={name} mono required value={draft.ids[name] ?? ""} list={ids.length ? `ids-${name}` : undefined} hint={ids.length ? `${ids.length} ids of earlier answers are offered` : undefined} onInput={(event) => { draft.ids[name] = event.currentTarget.value; redraw(); }} />
                  {ids.length > 0 && <datalist id={`ids-${name}`}>{ids.map((id) => <option value={id} />)}</datalist>}
                </>
              );
            })}
          </fieldset>
        )}
        {query.length > 0 && (
          <fieldset>
            <legend>Query</legend>
            <div class="columns">
              {query.map(({ name, type, required }) => {
                const facets = resolve(type, types);
                const value = draft.query[name] ?? "";
                const choices = facets.enum ?? (facets.type === "boolean" ? ["true", "false"] : undefined);
                const label = <>{name}{required && <span class="required"> required</span>}</>;
                const set = (text: string) => { draft.query[name] = text; redraw(); };
                const problem = value !== "" || (required && outcome) ? queryProblems.get(name) : undefined;
                if (choices) {
                  const id = `query-${name}`;
                  return (
                    <div class="field" key={name}>
                      <label for={id}>{label}</label>
                      <select id={id} value={value} onChange={(event) => set(event.currentTarget.value)}>
                        <option value="">not sent</option>
                        {choices.map((choice) => <option value={choice}>{choice}</option>)}
                      </select>
                    </div>
                  );
                }
                return <Field key={name} label={label} mono value={value} placeholder={describe(type, types)} problem={problem} inputMode={facets.type === "integer" ? "numeric" : undefined} onInput={(event) => set(event.currentTarget.value)} />;
              })}
            </div>
          </fieldset>
        )}
        {detail.body !== undefined && (
          <Body type={detail.body} types={types} optional={detail.bodyOptional ?? false} text={draft.body} syntax={syntax} issues={issues} onText={(text) => { draft.body = text; redraw(); }} />
        )}
        {detail.multipart && (
          <div class="field">
            <label for="file-users">users: the file that is sent, as JSON</label>
            <textarea id="file-users" class="mono" rows={4} value={draft.file} spellcheck={false} onInput={(event) => { draft.file = event.currentTarget.value; redraw(); }} />
          </div>
        )}
        {current?.sandbox && <Faults />}
        <div class="row wrap run">
          <button type="submit" class="primary" disabled={blocked || running !== undefined}>
            <Icon name="play" /> {running ? "Running…" : wrong > 0 ? "Send anyway" : "Send"}
          </button>
          {running && <button type="button" onClick={() => running.abort()}><Icon name="stop" /> Abort</button>}
          <span class="hint">
            {missing.length ? `${missing.join(", ")} ${missing.length > 1 ? "are" : "is"} needed` : blocked && current ? "the body is needed" : <><kbd>Ctrl</kbd> <kbd>Enter</kbd></>}
          </span>
        </div>
      </form>
      {running ? <section class="answer"><Timeline attempts={recorder.attempts} total={recorder.now()} /><Ticking redraw={redraw} /></section> : outcome && <Answer outcome={outcome} />}
      <section class="snippets" aria-labelledby="code-title">
        <h3 id="code-title">The same call as code</h3>
        <Tabs
          label="Language"
          selected={language}
          onSelect={(id) => { language = id; redraw(); }}
          tabs={(
            [
              ["typescript", "TypeScript", typescript],
              ["rust", "Rust", rust],
              ["curl", "curl", curl],
            ] as const
          ).map(([id, name, write]) => ({
            id,
            label: name,
            content: () => (
              <>
                <div class="corner"><Copy text={write(call)} what={`the ${name} code`} /></div>
                <Code text={write(call)} language="code" label={`The call as ${name}`} />
              </>
            ),
          }))}
        />
      </section>
    </article>
  );
};

let language = "typescript";

// Draws again while something runs, so that the timeline grows.
const Ticking = ({ redraw }: { redraw: () => void }) => {
  useEffect(() => {
    const id = setInterval(redraw, 60);
    return () => clearInterval(id);
  }, []);
  return null;
};

const Welcome = () => {
  const current = useSignal(tenant);
  const starts = ["users.list", "users.create", "clients.list", "organizations.list", "connections.list", "logs.list", "tenants.settings.get", "stats.getActiveUsersCount"].filter((id) => byId.has(id));
  return (
    <div class="welcome">
      <h2>Every operation of the Management API</h2>
      <p>
        {thousands(operations.length)} operations, called by the npm package in this page{current?.inPage ? ", against a tenant that lives in this page too. Nothing leaves it, and whatever you break is new when you load it again." : current?.sandbox ? ", against the local tenant that was started with it. Nothing leaves this machine, and whatever you break is new at the next start." : "."}
      </p>
      <ul class="cards">
        {starts.map((id) => {
          const operation = byId.get(id);
          return operation && (
            <li>
              <a href={`#/explorer/${id}`}>
                <Method name={operation.method} />
                <strong>{id}</strong>
                <code>{operation.path}</code>
              </a>
            </li>
          );
        })}
      </ul>
    </div>
  );
};

export const Explorer = ({ rest }: { rest: string }) => {
  const operation = byId.get(rest);
  const [data, setData] = useState<{ of: string; data?: GroupData; problem?: string }>();
  const [listed, setListed] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!operation) return;
    load(operation.group).then(
      (data) => setData({ of: operation.group, data }),
      (thrown) => setData({ of: operation.group, problem: messageOf(thrown) }),
    );
  }, [operation?.group]);
  useEffect(() => place.current?.scrollTo(0, 0), [rest]);
  const detail = data?.of === operation?.group ? data?.data?.operations.find(({ id }) => id === rest) : undefined;
  return (
    <div class={`explorer ${listed ? "listed" : ""}`}>
      <h1 class="hidden">Explorer</h1>
      <button type="button" class="toggle" aria-expanded={listed} onClick={() => setListed(!listed)}>
        <Icon name="list" /> {listed ? "Hide the operations" : operation ? operation.id : "All operations"}
      </button>
      <List current={rest} onPick={() => setListed(false)} />
      <div class="place" ref={place}>
        {rest && !operation && <p class="empty">No operation is named {rest}.</p>}
        {!rest && <Welcome />}
        {operation && data?.problem && <p class="banner" role="alert">{data.problem}</p>}
        {operation && detail && data?.data && <Form key={operation.id} operation={operation} detail={detail} types={data.data.types} />}
      </div>
    </div>
  );
};
