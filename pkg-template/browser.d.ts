export * from "./browser.cjs";
export { AuthApiError, FetchError, IdTokenValidatorError, ResponseError } from "./authentication.cjs";
