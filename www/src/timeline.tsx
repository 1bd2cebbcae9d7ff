// What a call did: its attempts and the waits between them, on one line of time.
import type { Attempt, RateLimit } from "./record";
import { shownTime } from "./parts";

interface Bar {
  kind: "token" | "good" | "bad" | "wait";
  label: string;
  start: number;
  end: number;
  answered: number;
}

const bars = (attempts: Attempt[], total: number): Bar[] => {
  const all: Bar[] = [];
  let number = 0;
  let before: Attempt | undefined;
  for (const attempt of attempts) {
    const end = attempt.end ?? total;
    // What lies between a refusal and the next attempt is the wait; less than a few milliseconds is our own work.
    if (before?.end !== undefined && attempt.start - before.end > 5) all.push({ kind: "wait", label: "Wait", start: before.end, end: attempt.start, answered: before.end });
    if (!attempt.token) number++;
    const good = attempt.status !== undefined && attempt.status < 400;
    const outcome = attempt.status ?? (attempt.problem ? "failed" : "…");
    all.push({
      kind: attempt.token ? "token" : good || attempt.end === undefined ? "good" : "bad",
      label: `${attempt.token ? "Token" : `Attempt ${number}`}: ${outcome}`,
      start: attempt.start,
      end,
      answered: attempt.answered ?? end,
    });
    before = attempt;
  }
  return all;
};

export const Timeline = ({ attempts, total }: { attempts: Attempt[]; total: number }) => {
  const all = bars(attempts, total);
  const scale = Math.max(total, ...all.map((bar) => bar.end), 1);
  const percent = (at: number) => (at / scale) * 100;
  return (
    <ol class="timeline" aria-label="Attempts and waits">
      {all.map((bar) => (
        <li class={bar.kind}>
          <span class="name">{bar.label}</span>
          <svg class="track" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect class="bar" x={percent(bar.start)} width={Math.max(percent(bar.end - bar.start), 0.8)} y="1" height="8" rx="0.600" />
            {bar.kind !== "wait" && bar.end > bar.answered && <rect class="body" x={percent(bar.answered)} width={percent(bar.end - bar.answered)} y="1" height="8" />}
          </svg>
          <span class="time">{shownTime(bar.end - bar.start)}</span>
        </li>
      ))}
    </ol>
  );
};

export const Gauge = ({ limit }: { limit: RateLimit | undefined }) => {
  if (!limit) return <p class="hint">The answer had no rate-limit headers.</p>;
  const share = limit.limit > 0 ? limit.remaining / limit.limit : 0;
  const text = `${limit.remaining.toLocaleString("en-US")} of ${limit.limit.toLocaleString("en-US")} requests left`;
  return (
    <div class={`gauge ${share < 0.1 ? "low" : share < 0.4 ? "middle" : "high"}`}>
      <meter min={0} max={limit.limit || 1} low={limit.limit * 0.1} high={limit.limit * 0.4} optimum={limit.limit} value={limit.remaining} aria-label="Rate limit">
        {text}
      </meter>
      <span>
        {text}
        {limit.reset > 0 && <span class="hint"> · new window at {new Date(limit.reset).toLocaleTimeString("en-GB")}</span>}
      </span>
    </div>
  );
};
