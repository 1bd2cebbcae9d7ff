// Records as texts: how JavaScript and the core hand each other what is more than a text or a number.

const encode = encodeURIComponent;

// Pairs as `a=b&c=d`.
export const toForm = (pairs) => pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");

export const fromForm = (text) => Object.fromEntries(text ? text.split("&").map((pair) => pair.split("=").map(decodeURIComponent)) : []);

// The members of a JSON object that are texts or numbers: all that the core reads of one.
export const plainMembers = (value) =>
  value && typeof value === "object" ? toForm(Object.entries(value).map(([name, member]) => [name, /^(string|number)$/.test(typeof member) ? wellFormed(member) : ""])) : "";

// `encodeURIComponent` throws at half of a surrogate pair; what a server sent may be anything.
const wellFormed = (value) => (typeof value === "string" ? value.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd") : value);
