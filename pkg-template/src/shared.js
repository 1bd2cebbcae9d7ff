// Everything but the loader: one file in the package, which the entry points of all runtimes import.
export * from "./index.js";
export { setLoader } from "./load.js";
