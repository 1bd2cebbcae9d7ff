// The form of an operation: path, query and body, and below it what came of the call, and the call as code.
import { useEffect, useState } from "preact/hooks";
import { ALSO_WANTED, type Detail, type Operation } from "./api";
import { Answer } from "./answer";
import { Body } from "./body";
import { draftOf, offered, read } from "./draft";
import { Faults } from "./faults";
import { Parameter } from "./fields";
import { announce, Code, Icon, Method } from "./parts";
import { outcomes, received, recorder, send, type Next } from "./run";
import type { Types } from "./schema";
import { Scopes } from "./scopes";
import { useRedraw, useSignal } from "./signal";
import { callOf } from "./snippets";
import { Snippets } from "./code";
import { messageOf, tenant } from "./tenant";
import { Timeline } from "./timeline";

export const Form = ({ operation, detail, types }: { operation: Operation; detail: Detail; types: Types }) => {
  const current = useSignal(tenant);
  const redraw = useRedraw();
  const [running, setRunning] = useState<AbortController>();
  const draft = draftOf(operation.id);
  const reading = read(operation, detail, types, draft);
  const { parameters, query, pathProblems, queryProblems, syntax, issues, missing } = reading;
  const wrong = pathProblems.size + queryProblems.size + issues.filter((issue) => !issue.hint).length;
  const blocked = !current || reading.blocked;
  const outcome = outcomes.get(operation.id);

  const run = async (next?: Next) => {
    if (blocked || running) return;
    const controller = next?.controller ?? new AbortController();
    setRunning(controller);
    announce("Running");
    const { error, status } = await send(operation, detail, draft, reading, controller, next);
    setRunning(undefined);
    announce(error === undefined ? `Answered with ${status}` : `Failed: ${messageOf(error)}`);
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
            {parameters.map((name) => (
              <Parameter key={name} name={name} place="path" type={detail.pathTypes?.[name] ?? "string"} types={types} required value={draft.ids[name] ?? ""} problem={pathProblems.get(name)} offered={offered(operation, name)} set={(text) => { draft.ids[name] = text; redraw(); }} />
            ))}
          </fieldset>
        )}
        {query.length > 0 && (
          <fieldset>
            <legend>Query</legend>
            <div class="columns">
              {query.map(({ name, type, required }) => {
                const value = draft.query[name] ?? "";
                const problem = value !== "" || (required && outcome) ? queryProblems.get(name) : undefined;
                return <Parameter key={name} name={name} place="query" type={type} types={types} required={required} value={value} problem={problem} set={(text) => { draft.query[name] = text; redraw(); }} />;
              })}
            </div>
          </fieldset>
        )}
        {detail.body !== undefined && (
          <Body type={detail.body} also={ALSO_WANTED[operation.id]} types={types} optional={detail.bodyOptional ?? false} text={draft.body} syntax={syntax} issues={issues} onText={(text) => { draft.body = text; redraw(); }} />
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
      {running ? (
        <section class="answer">
          <Timeline attempts={recorder.attempts} total={recorder.now()} />
          {detail.stream && <p>{received.length} events so far; Abort ends the stream.</p>}
          {received.length > 0 && <Code text={JSON.stringify(received, undefined, 2)} language="json" label="Events so far" />}
          <Ticking redraw={redraw} />
        </section>
      ) : outcome && <Answer outcome={outcome} onNext={(next) => void run(next)} />}
      <Snippets call={callOf(operation, detail, types, reading.parameters.map((name) => draft.ids[name] || `{${name}}`), reading, current?.domain ?? "tenant.us.auth0.com")} />
    </article>
  );
};

// Draws again while something runs, so that the timeline grows.
const Ticking = ({ redraw }: { redraw: () => void }) => {
  useEffect(() => {
    const id = setInterval(redraw, 60);
    return () => clearInterval(id);
  }, []);
  return null;
};
