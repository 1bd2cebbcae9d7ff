export * from "./verify.cjs";
