// docs/faults.md, of tests/faults.json.
const times = (count) => (count === 1 ? "1 request" : `${count} requests`);

const MEMORY = [
  "",
  "## A million calls under faults",
  "",
  "`cargo xtask soak --faults` (64 at once, two retries, 200 ms an attempt; of a thousand answers one reset, one broken off, one too late, 20 of 503, 20 of",
  "429, 10 of 502 with a page, five that are no JSON, five of 401, ten of 404), as run for this page:",
  "",
  "| | calls that succeeded | retries | memory after 10,000 calls | after 1,000,000 | at most |",
  "| --- | --- | --- | --- | --- | --- |",
  "| native (resident) | 983,249 | 56,606 | 15.7 MB | 16.5 MB | 16.8 MB |",
  "| Node 20 (resident; in use after a collection) | 983,392 | 67,319 | 169 MB; 16.5 MB | 187 MB; 18.4 MB | 199 MB |",
  "",
  "Each of the others ended with the error of its last answer; none was lost and none hung. A short run is a part of `cargo xtask test`.",
];

const cell = (operation, { result, requests, tokens, done, reported }) => {
  const parts = [result === "ok" ? "ok" : `\`${result}\``, times(requests)];
  if (tokens !== 1) parts.push(`${tokens} for a token`);
  if (done !== undefined) parts.push(done === 1 ? "done once" : done ? `done ${done} times` : "not done");
  if (reported) parts.push("reported");
  return parts.join(", ");
};

export const page = (rows) => {
  const lines = [
    "<!-- Made by tests/workers/faults.mjs --write from tests/faults.json. -->",
    "# What comes of faults",
    "",
    "What a call comes to when something goes wrong, with the default of two retries: its result (the `code` of the error in JavaScript; in",
    "Rust the kind of that meaning), how many requests of it the tenant took up, how many for a token when it was not one, and for writes how",
    "often they were done. `cargo xtask test` makes each call natively, in Node and in workerd against the local tenant, which is told to fail",
    "so, and holds it to this table.",
    "",
    "No write is done twice here, and none that is said to have succeeded was not done. A write whose answer was lost is an error, and may have",
    "been done: that the API makes unavoidable, since it has no idempotency keys; reading tells. A POST or a PATCH that may have reached the tenant is",
    "not sent again, but after 408, 429 and 5xx, by which the tenant says that it did nothing; `only_idempotent` (Rust) leaves out the",
    "5xx as well.",
    "",
    "| what goes wrong | read | update | create |",
    "| --- | --- | --- | --- |",
  ];
  const differs = [];
  for (const { fault, what, expected, native, workerd } of rows) {
    lines.push(`| ${fault}: ${what} | ${["get", "update", "create"].map((operation) => (expected[operation] ? cell(operation, expected[operation]) : "")).join(" | ")} |`);
    for (const [name, others] of Object.entries({ natively: native, "in workerd": workerd })) {
      for (const [operation, value] of Object.entries(others ?? {})) differs.push(`| ${fault}: ${what}, ${operation} | ${name} | ${cell(operation, value)} |`);
    }
  }
  if (differs.length) lines.push("", "Where a target differs:", "", "| what goes wrong | where | what comes of it |", "| --- | --- | --- |", ...differs);
  lines.push(...MEMORY, "");
  return lines.join("\n");
};
