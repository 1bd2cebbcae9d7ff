// The operation tables as pack.mjs writes them: what a row has of its own name, or of the row before, is not said again.
const words = (group, name) => [group, ...name.split(".").slice(0, -1)].map((word) => word.replace(/[A-Z]/g, (char) => `-${char.toLowerCase()}`));

export const unpack = (group, table) => {
  let [prefix, path] = [];
  return table
    .split("\n")
    .map((row) => {
      let [, name, method, place, more] = /^(\S+) (.)(\S*)(.*)/.exec(row);
      if (name[0] === ".") name = prefix + name;
      prefix = name.replace(/\.[^.]*$/, "");
      const own = words(group, name);
      if (place) path = place.replace(/\$/g, () => `/${own.shift()}`);
      return `${name} ${method}${path}${more}`;
    })
    .join("\n");
};

// For pack.mjs.
export { words };
