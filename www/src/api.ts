// The generated data: the list of operations comes with the page, the details of a group when it is opened.
import index from "../generated/index.json";
import { base } from "./base";
import type { Type, Types } from "./schema";

export interface Operation {
  id: string;
  group: string;
  method: string;
  path: string;
  scopes: string[];
  stage: string | null;
}

export interface Detail {
  id: string;
  pathTypes?: Record<string, Type>;
  query?: Record<string, Type>;
  body?: Type;
  bodyOptional?: boolean;
  multipart?: boolean;
  paging?: string;
  stream?: boolean;
  statuses: number[];
  errors: number[];
  rust: { call: string; body?: string; module?: string; query?: Record<string, string> };
}

export interface GroupData {
  operations: Detail[];
  types: Types;
}

/** Members that the API wants and its description does not: the button for required members writes them too. */
export const ALSO_WANTED: Record<string, string[]> = {
  "users.create": ["email", "password"],
  "tickets.changePassword": ["user_id"],
  "refreshTokens.revoke": ["user_id"],
};

type Row = [string, string, string, string[], string | null];

export const operations: Operation[] = Object.entries(index.groups as unknown as Record<string, Row[]>).flatMap(([group, rows]) => rows.map(([id, method, path, scopes, stage]) => ({ id, group, method, path, scopes, stage })));

export const byId = new Map(operations.map((operation) => [operation.id, operation]));

const loaded = new Map<string, Promise<GroupData>>();

export const load = (group: string): Promise<GroupData> => {
  let promise = loaded.get(group);
  if (!promise) {
    promise = fetch(new URL(`groups/${group}.json`, base)).then((response) => {
      if (!response.ok) throw new Error(`the description of ${group} could not be loaded: status ${response.status}`);
      return response.json() as Promise<GroupData>;
    });
    promise.catch(() => loaded.delete(group));
    loaded.set(group, promise);
  }
  return promise;
};

/** Every word has to be somewhere in the operation's id, path, method or scopes. */
export const search = (words: string): Operation[] => {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return operations;
  return operations.filter(({ id, method, path, scopes }) => {
    const text = `${id} ${id.replace(/([A-Z])/g, " $1")} ${method} ${path} ${scopes.join(" ")}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
};
