// The error classes of the namespace `Management`.
export {
  BadRequestError,
  ConflictError,
  ContentTooLargeError,
  ForbiddenError,
  GatewayTimeoutError,
  GoneError,
  InternalServerError,
  NotFoundError,
  PaymentRequiredError,
  PreconditionFailedError,
  ServiceUnavailableError,
  TooManyRequestsError,
  UnauthorizedError,
  UnprocessableEntityError,
} from "./core.cjs";
