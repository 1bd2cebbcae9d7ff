export * from "./bulk.cjs";
