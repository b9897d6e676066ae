/**
 * JSON bodies and queries of REST requests.
 * Not here: forms (rest-form.ts), which fields there are (rest-*.ts).
 */
import type { IncomingMessage } from 'node:http';
import { BodyTooLarge, isJson, readBody } from './http-body.js';
import { RestError } from './rest-answer.js';
import { isObject, NO_OBJECT, RestFields } from './rest-fields.js';
import { queryOf } from './routes.js';

/** @throws RestError 413, 422; the system's error when the client breaks off */
export async function readFields(request: IncomingMessage): Promise<RestFields> {
  const text = (await readWhole(request)).toString('utf8');
  if (text === '') throw new RestError(422, [{ loc: ['body'], msg: 'Field required', type: 'missing' }]);
  const body = isJson(request) ? parse(text) : text;
  if (!isObject(body)) throw new RestError(422, [{ loc: ['body'], ...NO_OBJECT }]);
  return new RestFields(body, ['body']);
}

/** The first of each name. */
export function queryFields(request: IncomingMessage): RestFields {
  const query = queryOf(request);
  return new RestFields(Object.fromEntries([...query].reverse()), ['query']);
}

async function readWhole(request: IncomingMessage): Promise<Buffer> {
  try {
    return await readBody(request);
  } catch (error) {
    if (error instanceof BodyTooLarge) throw new RestError(413, error.message);
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    // V8 does not always say where.
    const place = /position (\d+)/u.exec(message)?.[1] ?? (/end of JSON/u.test(message) ? text.length : 0);
    throw new RestError(422, [
      { loc: ['body', Number(place)], msg: 'JSON decode error', type: 'json_invalid' },
    ]);
  }
}
