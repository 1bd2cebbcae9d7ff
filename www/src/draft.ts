// What somebody typed into the form of an operation, and what it says.
import type { Detail, Operation } from "./api";
import { check, fromText, membersOf, type Issue, type Member, type Types } from "./schema";
import { messageOf } from "./tenant";

/** Kept while the page is open. */
export interface Draft {
  ids: Record<string, string>;
  query: Record<string, string>;
  body: string;
  file: string;
}

const drafts = new Map<string, Draft>();

export const draftOf = (id: string): Draft => {
  const draft = drafts.get(id) ?? { ids: {}, query: {}, body: "", file: '[{ "email": "jo@example.com", "password_hash": "…" }]' };
  drafts.set(id, draft);
  return draft;
};

export interface Reading {
  /** The names of the path arguments, in order. */
  parameters: string[];
  /** Required ones first. */
  query: Member[];
  /** What of the query is sent. */
  values: Record<string, unknown>;
  pathProblems: Map<string, string>;
  queryProblems: Map<string, string>;
  /** Whether a body is sent, and which. */
  wantsBody: boolean;
  body: unknown;
  /** Why the text is no JSON. */
  syntax: string | undefined;
  issues: Issue[];
  /** Path arguments that are not there yet. */
  missing: string[];
  /** Nothing can be sent. */
  blocked: boolean;
}

export const read = (operation: Operation, detail: Detail, types: Types, draft: Draft): Reading => {
  const parameters = [...operation.path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? "");
  const query = membersOf(detail.query).sort((a, b) => Number(b.required) - Number(a.required));
  const values = Object.fromEntries(query.map(({ name, type }) => [name, fromText(draft.query[name] ?? "", type, types)]).filter(([, value]) => value !== undefined)) as Record<string, unknown>;
  const pathProblems = new Map<string, string>();
  for (const name of parameters) {
    const issue = draft.ids[name] && check(draft.ids[name], detail.pathTypes?.[name] ?? "string", types)[0];
    if (issue) pathProblems.set(name, issue.message);
  }
  const queryProblems = new Map<string, string>();
  for (const { name, type, required } of query) {
    const issue: Issue | undefined = values[name] === undefined ? (required ? { path: "", message: "is required" } : undefined) : check(values[name], type, types)[0];
    if (issue) queryProblems.set(name, issue.message);
  }
  let body: unknown;
  let syntax: string | undefined;
  const written = draft.body.trim() !== "";
  const wantsBody = detail.body !== undefined && (written || !detail.bodyOptional);
  if (wantsBody) {
    try {
      body = JSON.parse(draft.body || "null");
    } catch (thrown) {
      syntax = messageOf(thrown);
    }
  }
  const issues = detail.body !== undefined && wantsBody && !syntax ? check(body, detail.body, types) : [];
  const missing = parameters.filter((name) => !draft.ids[name]);
  const blocked = syntax !== undefined || missing.length > 0 || (wantsBody && !written);
  return { parameters, query, values, pathProblems, queryProblems, wantsBody, body, syntax, issues, missing, blocked };
};

// Ids that were seen in answers, by the name of their member: they are offered where such an id is asked for.
const seen = new Map<string, Set<string>>();

export const remember = (value: unknown, depth = 0): void => {
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

export const offered = ({ group: name }: Operation, parameter: string): string[] => {
  const singular = name.replace(/s$/, "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const keys = parameter === "id" ? [`${singular}_id`, "id"] : [parameter, parameter.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
  return [...new Set(keys.flatMap((key) => [...(seen.get(key) ?? [])]))].slice(0, 50);
};
