// Writes the operation tables shorter, for src/unpack.js: a prefix of the name that the row before has too is a dot, a path that the row
// before has is nothing, and `$` is a segment that the group's or the operation's name says. It takes a third off, compressed.
import { unpack, words } from "./src/unpack.js";

export const pack = (tables) =>
  Object.fromEntries(
    Object.entries(tables).map(([group, table]) => {
      let [lastPrefix, lastPath] = ["", ""];
      const rows = table.trim().split("\n");
      const packed = rows.map((row) => {
        let [, name, method, path, more] = /^(\S+) (.)(\S*)(.*)/.exec(row);
        const own = words(group, name);
        const dot = name.lastIndexOf(".");
        const prefix = name.slice(0, Math.max(dot, 0));
        if (prefix && prefix === lastPrefix) name = name.slice(dot);
        const place = path === lastPath ? "" : path.split("/").slice(1).map((segment) => (segment === own[0] ? (own.shift(), "$") : `/${segment}`)).join("");
        [lastPrefix, lastPath] = [prefix, path];
        return `${name} ${method}${place}${more}`;
      });
      const text = packed.join("\n");
      if (unpack(group, text) !== rows.join("\n")) throw new Error(`the table of ${group} cannot be packed: pack.mjs and src/unpack.js must follow`);
      return [group, text];
    }),
  );
