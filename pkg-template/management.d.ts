export * from "./management.cjs";
