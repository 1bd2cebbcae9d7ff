// Query parameters: an array repeats the key, an object is `key[member]`, null and undefined say nothing.
import { invalid } from "./errors.js";

const push = (pairs, id, key, value, depth) => {
  if (value === undefined || value === null) return;
  const refuse = (what) => invalid(id, `the query parameter \`${key}\` is ${what}`);
  if (depth > 16) throw refuse("nested too deeply, or in a circle");
  if (/\p{Surrogate}/u.test(key)) throw refuse("not well-formed Unicode");
  if (typeof value === "function" || typeof value === "symbol") throw refuse("a function or a symbol");
  if (Array.isArray(value)) {
    for (const item of value) push(pairs, id, key, item, depth + 1);
  } else if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refuse("an invalid date");
    pairs.push([key, value.toISOString()]);
  } else if (typeof value === "object") {
    for (const [name, member] of Object.entries(value)) push(pairs, id, `${key}[${name}]`, member, depth + 1);
  } else {
    const text = String(value);
    if (/\p{Surrogate}/u.test(text)) throw refuse("not well-formed Unicode");
    pairs.push([key, text]);
  }
};

// The members of an object, or those of the given names.
export const toPairs = (id, object, names) => {
  const pairs = [];
  if (object === undefined || object === null) return pairs;
  if (typeof object !== "object" || Array.isArray(object)) throw invalid(id, "the request must be an object of query parameters");
  try {
    for (const name of names ?? Object.keys(object)) push(pairs, id, name, object[name], 0);
  } catch (cause) {
    throw cause.code ? cause : invalid(id, "the request cannot be read: a getter or a Proxy throws", cause);
  }
  return pairs;
};
