// What came of a call: body, headers, error, attempts, and the rate limit.
import { Code, Copy, Icon, shownBytes, shownTime, Tabs } from "./parts";
import { recorder, type Next, type Outcome } from "./run";
import { messageOf } from "./tenant";
import { Gauge, Timeline } from "./timeline";

const Pairs = ({ rows }: { rows: readonly (readonly [string, string])[] }) => (
  <table class="pairs">
    <tbody>
      {rows.map(([name, value]) => (
        <tr>
          <th scope="row">{name}</th>
          <td>{value}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

export const Answer = ({ outcome, onNext }: { outcome: Outcome; onNext: (next: Next) => void }) => {
  const { status, error, attempts, total, headers, text, next } = outcome;
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
        </span>
        {next && <button type="button" class="small" onClick={() => onNext(next)}>Next page <Icon name="chevron" /></button>}
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
                <Pairs rows={headers} />
              </div>
            ),
          },
          ...(good
            ? []
            : [
                {
                  id: "error",
                  label: "Error",
                  content: () => <Pairs rows={facts} />,
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
