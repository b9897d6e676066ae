/**
 * What REST says: an answer, or an error in the service's forms (protocol reference, section 1.6).
 * Not here: when (rest-*.ts), refusals by fault (http-answer.ts).
 */

export interface RestAnswer {
  status: 200 | 201 | 204;
  /** Of a 204: none. */
  body?: unknown;
}

/** One thing that is wrong with a request, as FastAPI words it. */
export interface Issue {
  loc: (string | number)[];
  msg: string;
  type: string;
}

/** Ends a request by a status and `{"detail": …}`. */
export class RestError extends Error {
  readonly status: number;
  readonly detail: string | readonly Issue[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, detail: string | readonly Issue[], headers: Record<string, string> = {}) {
    super(typeof detail === 'string' ? detail : detail.map(({ msg }) => msg).join('; '));
    this.status = status;
    this.detail = detail;
    this.headers = headers;
  }
}

export const ok = (body: unknown): RestAnswer => ({ status: 200, body });
export const created = (body: unknown): RestAnswer => ({ status: 201, body });
export const GONE: RestAnswer = { status: 204 };

/** @throws RestError 404 when there is no such thing */
export function found<T>(what: string, value: T | undefined | false): T {
  if (value === undefined || value === false) throw new RestError(404, `${what} not found`);
  return value;
}
