// The main entry point, with the objects of the enums in its namespace.
export * from "./index.cjs";
export * as Management from "./full-namespace.cjs";
