/**
 * Limits of every AWS client of ours: three attempts, each with 1 s to connect and 2.5 s to answer, so that a hanging
 * service ends as UNAVAILABLE well inside a function's time.
 */
export const limits = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_500, throwOnRequestTimeout: true },
} as const
