// The groups of the API as classes, made from the operation tables when they are first used.
import { call, parseLine } from "./call.js";
import { Context } from "./context.js";
import { invalid } from "./errors.js";

// The member of options that gives a context with a token, and the options as they were made with it (management-auth.js).
export const shared = Symbol("shared");

const contextOf = (options) => {
  if (options instanceof Context) return options;
  const [context, made] = options?.[shared]?.() ?? [];
  // With an option changed it is another client, which asks for the same token by the function in the options.
  const same = context && Object.entries({ ...made, ...options }).every(([name, value]) => made[name] === value);
  return same ? context : new Context(options);
};

export class Resource {
  #context;
  #groups = {};

  // `options` as for ManagementClient, or the context that a client shares with its groups.
  constructor(options) {
    this.#context = contextOf(options);
  }

  static context(resource, operation) {
    if (!(#context in Object(resource))) throw invalid(operation, "was called without its client; keep the group before the dot, or bind it");
    return resource.#context;
  }

  static group(resource, name, type) {
    const context = Resource.context(resource, name);
    return (resource.#groups[name] ??= new (type())(context));
  }
}

const define = (type, name, descriptor) => Object.defineProperty(type.prototype, name, { enumerable: true, configurable: true, ...descriptor });

// For each class what makes those of its groups, by name.
const groups = new Map();

// Gives a class the lazy member `name`; `group` makes the group's class.
export const addGroup = (type, name, group) => {
  let made;
  const make = () => (made ??= group());
  if (!groups.has(type)) groups.set(type, {});
  groups.get(type)[name] = make;
  define(type, name, {
    get() {
      return Resource.group(this, name, make);
    },
  });
};

// The class of the group `path` below `type`, the same whose objects a client has.
export const groupOf = (type, path) => path.split(".").reduce((at, name) => groups.get(at)[name](), type);

const addMethod = (type, name, id, line) => {
  let operation;
  const method = {
    [name](...args) {
      let context;
      try {
        context = Resource.context(this, id);
      } catch (error) {
        return Promise.reject(error);
      }
      return call(context, (operation ??= parseLine(id, line)), args);
    },
  }[name];
  define(type, name, { value: method, writable: true });
};

const className = (id) => {
  const name = id.slice(id.lastIndexOf(".") + 1);
  return `${name[0].toUpperCase()}${name.slice(1)}Client`;
};

// The class of the group `id`. `table` has one operation a line: its name relative to the group, and its line.
export const makeGroup = (id, table) => {
  const name = className(id);
  const type = { [name]: class extends Resource {} }[name];
  const nested = new Map();
  for (const row of table.trim().split("\n")) {
    const space = row.indexOf(" ");
    const dot = row.indexOf(".");
    if (dot > 0 && dot < space) {
      const child = row.slice(0, dot);
      nested.set(child, `${nested.get(child) ?? ""}${row.slice(dot + 1)}\n`);
    } else {
      const method = row.slice(0, space);
      addMethod(type, method, `${id}.${method}`, row.slice(space + 1));
    }
  }
  for (const [child, rows] of nested) addGroup(type, child, () => makeGroup(`${id}.${child}`, rows));
  return type;
};
