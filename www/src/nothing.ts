// In the place of auth0-sandbox, where the page is built without it.
export const createSandbox = (): never => {
  throw new Error("the page was built without a tenant of its own");
};
