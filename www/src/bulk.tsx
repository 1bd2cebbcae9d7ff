// Work on many records: a list walked to its end, an export waited for and downloaded.
import type { ManagementClient } from "auth0-sdk";
import { useEffect, useRef, useState } from "preact/hooks";
import { announce, Field, Icon, shownBytes, shownTime, thousands } from "./parts";
import { Recorder } from "./record";
import { useRedraw, useSignal } from "./signal";
import { networkOf } from "./inpage";
import { clientOf, messageOf, originOf, tenant } from "./tenant";

interface Sample {
  /** Milliseconds since the start. */
  at: number;
  count: number;
}

interface Progress {
  state: "running" | "done" | "aborted" | "failed";
  began: number;
  ended: number;
  count: number;
  total: number | undefined;
  requests: number;
  samples: Sample[];
  message: string;
}

const fresh = (): Progress => ({ state: "running", began: performance.now(), ended: 0, count: 0, total: undefined, requests: 0, samples: [{ at: 0, count: 0 }], message: "" });

const elapsed = ({ state, began, ended }: Progress): number => (state === "running" ? performance.now() : ended) - began;

// Items a second, in windows of a twentieth of the time so far.
const rates = (samples: Sample[], span: number): { at: number; rate: number }[] => {
  const window = Math.max(span / 20, 1);
  const found: { at: number; rate: number }[] = [];
  let first = samples[0];
  for (const sample of samples) {
    if (!first || sample.at - first.at < window) continue;
    found.push({ at: sample.at, rate: ((sample.count - first.count) / (sample.at - first.at)) * 1000 });
    first = sample;
  }
  return found;
};

const Plot = ({ progress }: { progress: Progress }) => {
  const span = Math.max(elapsed(progress), 1);
  const points = rates(progress.samples, span);
  const top = Math.max(...points.map(({ rate }) => rate), 1);
  const [width, height] = [600, 120];
  const x = (at: number) => (at / span) * width;
  const y = (rate: number) => height - (rate / top) * (height - 12) - 2;
  const line = points.map(({ at, rate }) => `${x(at).toFixed(1)},${y(rate).toFixed(1)}`);
  const from = points[0] ? x(points[0].at).toFixed(1) : "0";
  const to = points.at(-1) ? x(points.at(-1)?.at ?? 0).toFixed(1) : "0";
  const mean = (progress.count / span) * 1000;
  return (
    <figure class="plot">
      <figcaption>
        <strong>{thousands(Math.round(mean))}</strong> a second on average{points.length > 0 && <span class="hint"> · at most {thousands(Math.round(top))}</span>}
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`Throughput: ${Math.round(mean)} a second on average`}>
        {[0.25, 0.5, 0.75].map((part) => <line class="grid" x1="0" x2={width} y1={height * part} y2={height * part} />)}
        {line.length > 1 && <polygon class="area" points={`${from},${height} ${line.join(" ")} ${to},${height}`} />}
        {line.length > 1 && <polyline class="line" points={line.join(" ")} />}
      </svg>
      <div class="row between hint"><span>0</span><span>{shownTime(span)}</span></div>
    </figure>
  );
};

const Bar = ({ progress, noun }: { progress: Progress; noun: string }) => {
  const { count, total, state, message, requests } = progress;
  const done = state === "done";
  const share = total ? Math.min(count / total, 1) : done ? 1 : undefined;
  return (
    <div class={`bar ${state}`}>
      <progress max={1} value={share} aria-label={`${noun} so far`} />
      <div class="row between wrap">
        <span>
          <strong data-testid="count">{thousands(count)}</strong>
          {total !== undefined && ` of ${thousands(total)}`} {noun}
        </span>
        <span class="hint">{requests} requests · {shownTime(elapsed(progress))}</span>
      </div>
      <p class={state === "failed" ? "problem" : "hint"} role="status">{message}</p>
    </div>
  );
};

type Source = "members" | "users" | "logs";

interface Page {
  data: unknown[];
  response: { total?: number };
  pages(): AsyncIterable<Page>;
}

const firstPage = async (client: ManagementClient, source: Source, organization: string, size: number, abortSignal: AbortSignal): Promise<{ page: Page; total: number | undefined }> => {
  const options = { abortSignal };
  if (source === "users") {
    const page = (await client.users.list({ per_page: size, include_totals: true }, options)) as unknown as Page;
    return { page, total: page.response.total };
  }
  if (source === "logs") return { page: (await client.logs.list({ take: size }, options)) as unknown as Page, total: undefined };
  const id = organization.startsWith("org_") ? organization : ((await client.organizations.getByName(organization, options)) as { id?: string }).id;
  if (!id) throw new Error(`there is no organization ${organization}`);
  // Walking by cursor says no total; one page by offset does.
  const counted = (await client.organizations.members.list(id, { page: 0, per_page: 1, include_totals: true }, options)) as unknown as Page;
  return { page: (await client.organizations.members.list(id, { take: size }, options)) as unknown as Page, total: counted.response.total };
};

const useTicking = (on: boolean): void => {
  const redraw = useRedraw();
  useEffect(() => {
    if (!on) return undefined;
    const id = setInterval(redraw, 100);
    return () => clearInterval(id);
  }, [on]);
};

const Walk = () => {
  const current = useSignal(tenant);
  const [source, setSource] = useState<Source>("members");
  const [organization, setOrganization] = useState("acme");
  const [size, setSize] = useState("100");
  const [progress, setProgress] = useState<Progress>();
  const [, setTick] = useState(0);
  const controller = useRef<AbortController>();
  const running = progress?.state === "running";
  useTicking(running);
  useEffect(() => () => controller.current?.abort(), []);
  const pageSize = Math.min(Math.max(Number.parseInt(size, 10) || 50, 1), 100);

  const run = async () => {
    if (!current) return;
    const abort = new AbortController();
    controller.current = abort;
    const own = fresh();
    setProgress(own);
    const recorder = new Recorder();
    const end = (state: Progress["state"], message: string) => {
      Object.assign(own, { state, message, ended: performance.now() });
      setTick((count) => count + 1);
      announce(message);
    };
    try {
      const { page, total } = await firstPage(clientOf(current, recorder), source, organization, pageSize, abort.signal);
      own.total = total;
      for await (const { data } of page.pages()) {
        own.count += data.length;
        own.requests = recorder.attempts.length;
        own.samples.push({ at: performance.now() - own.began, count: own.count });
        if (abort.signal.aborted) throw abort.signal.reason;
      }
      end("done", "The list was walked to its end.");
    } catch (thrown) {
      if (abort.signal.aborted) end("aborted", `Aborted after ${thousands(own.count)}.`);
      else end("failed", messageOf(thrown));
    }
  };

  return (
    <section class="card" aria-labelledby="walk-title">
      <h2 id="walk-title">Walk all users</h2>
      <p class="hint">Page after page, with the package's <code>for await</code>. By offset Auth0 gives the first 1,000 records of a list and no more; by cursor there is no end but the list's.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <div class="columns">
          <div class="field">
            <label for="source">List</label>
            <select id="source" value={source} onChange={(event) => setSource(event.currentTarget.value as Source)}>
              <option value="members">Organization members</option>
              <option value="users">users.list</option>
              <option value="logs">logs.list</option>
            </select>
          </div>
          {source === "members" && <Field label="Organization" hint="Name or id" mono required value={organization} onInput={(event) => setOrganization(event.currentTarget.value)} />}
          <Field label="Page size" mono type="number" min={1} max={100} value={size} onInput={(event) => setSize(event.currentTarget.value)} />
        </div>
        <div class="row wrap">
          <button type="submit" class="primary" disabled={!current || running}><Icon name="play" /> {running ? "Walking…" : "Walk"}</button>
          {running && <button type="button" onClick={() => controller.current?.abort()}><Icon name="stop" /> Abort</button>}
        </div>
      </form>
      {progress && <Bar progress={progress} noun={source === "logs" ? "events" : "users"} />}
      {progress && <Plot progress={progress} />}
    </section>
  );
};

const FIELDS = ["user_id", "email", "name", "created_at"];

const Export = () => {
  const current = useSignal(tenant);
  const [format, setFormat] = useState<"json" | "csv">("json");
  const [state, setState] = useState<"idle" | "running" | "done" | "failed">("idle");
  const [steps, setSteps] = useState<string[]>([]);
  const [share, setShare] = useState<number>();
  const [file, setFile] = useState<{ url: string; name: string; lines: string[]; count: number; bytes: number }>();
  const controller = useRef<AbortController>();
  useEffect(() => () => controller.current?.abort(), []);
  useEffect(() => () => file && URL.revokeObjectURL(file.url), [file]);

  const run = async () => {
    if (!current) return;
    const abort = new AbortController();
    controller.current = abort;
    const options = { abortSignal: abort.signal };
    setState("running");
    setSteps([]);
    setFile(undefined);
    setShare(undefined);
    const say = (step: string) => setSteps((all) => [...all, step]);
    try {
      const client = clientOf(current, new Recorder());
      const { id } = await client.jobs.usersExports.create({ format, fields: FIELDS.map((name) => ({ name })) }, options);
      say(`Job ${id} was made`);
      let location: string | undefined;
      for (let wait = 250; ; wait = Math.min(wait * 1.5, 3000)) {
        const job = (await client.jobs.get(id, options)) as { status?: string; percentage_done?: number; location?: string; summary?: { total?: number } };
        if (job.percentage_done !== undefined) setShare(job.percentage_done / 100);
        if (job.status === "completed") {
          location = job.location;
          break;
        }
        if (job.status === "failed") throw new Error("the job failed");
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(resolve, wait);
          abort.signal.addEventListener("abort", () => { clearTimeout(timer); reject(abort.signal.reason); }, { once: true });
        });
      }
      say("The job is completed");
      setShare(1);
      if (!location) throw new Error("the job names no file");
      const response = await networkOf(current)(location.startsWith("/") ? originOf(current) + location : location, { signal: abort.signal });
      if (!response.ok) throw new Error(`the file could not be downloaded: status ${response.status}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      const text = await textOf(bytes);
      const lines = text.split("\n").filter(Boolean);
      const count = lines.length - (format === "csv" ? 1 : 0);
      say(`The file has ${thousands(count)} users`);
      setFile({ url: URL.createObjectURL(new Blob([text], { type: format === "csv" ? "text/csv" : "application/x-ndjson" })), name: `users.${format === "csv" ? "csv" : "ndjson"}`, lines: lines.slice(0, 8), count, bytes: bytes.length });
      setState("done");
      announce(`Exported ${count} users`);
    } catch (thrown) {
      say(abort.signal.aborted ? "Aborted" : messageOf(thrown));
      setState("failed");
    }
  };
  const running = state === "running";
  return (
    <section class="card" aria-labelledby="export-title">
      <h2 id="export-title">Export</h2>
      <p class="hint">A job of the tenant writes all users to a file: made with <code>jobs.usersExports.create</code>, watched with <code>jobs.get</code>, then downloaded.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <div class="columns">
          <div class="field">
            <label for="format">Format</label>
            <select id="format" value={format} onChange={(event) => setFormat(event.currentTarget.value as "json" | "csv")}>
              <option value="json">JSON, a line a user</option>
              <option value="csv">CSV</option>
            </select>
          </div>
        </div>
        <div class="row wrap">
          <button type="submit" class="primary" disabled={!current || running}><Icon name="play" /> {running ? "Exporting…" : "Export"}</button>
          {running && <button type="button" onClick={() => controller.current?.abort()}><Icon name="stop" /> Abort</button>}
        </div>
      </form>
      {state !== "idle" && (
        <div class={`bar ${state}`}>
          <progress max={1} value={state === "done" ? 1 : share} aria-label="Export so far" />
          <div role="status"><ul class="log">{steps.map((step, index) => <li class={state === "failed" && index === steps.length - 1 ? "problem" : undefined}>{step}</li>)}</ul></div>
        </div>
      )}
      {file && (
        <>
          <pre class="code" tabIndex={0} role="region" aria-label="The first lines of the file"><code>{file.lines.join("\n")}{file.count > file.lines.length ? "\n…" : ""}</code></pre>
          <a class="button" href={file.url} download={file.name}>Save {file.name} ({shownBytes(file.bytes)})</a>
        </>
      )}
    </section>
  );
};

// Auth0's files are compressed, whatever their headers say.
const textOf = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> => {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new TextDecoder().decode(bytes);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};

export const Bulk = () => (
  <div class="page">
    <h1>Bulk</h1>
    <div class="pair">
      <Walk />
      <Export />
    </div>
  </div>
);
