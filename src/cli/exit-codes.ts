/**
 * What the command's exit status says.
 * Not here: how an error is worded (errors.ts).
 */
export const EXIT = {
  ok: 0,
  /** Some inputs failed; the others are done. */
  someFailed: 1,
  /** The command line cannot be carried out as it is written; nothing was started. */
  usage: 2,
  /** No key, or the service refuses the key or the account. */
  account: 3,
  /** SIGINT, SIGTERM or SIGHUP; what was finished stays. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
