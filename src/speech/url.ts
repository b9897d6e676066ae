/**
 * From a base URL as people write it to the address of a WebSocket route.
 * Not here: which routes there are.
 */
import { argumentTypeError } from '../errors.js';

/**
 * `http` becomes `ws`, `https` becomes `wss`; trailing slashes do not matter. A base without a path gets
 * `/api`, where the service lives; a base with a path is taken as it stands.
 * @throws TypeError ERR_INVALID_ARG; the message never quotes the URL, which may hold credentials
 */
export function socketUrl(baseUrl: string, route: string): URL {
  const url = parsedBase(baseUrl);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = `${path === '' ? '/api' : path}/${route}`;
  return url;
}

function parsedBase(baseUrl: string): URL {
  if (!URL.canParse(baseUrl)) throw argumentTypeError('baseUrl is not a URL');
  const url = new URL(baseUrl);
  if (!['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol)) {
    throw argumentTypeError(`baseUrl must begin with http, https, ws or wss, got ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw argumentTypeError('baseUrl must not hold a user name or password');
  }
  if (url.search !== '' || url.hash !== '')
    throw argumentTypeError('baseUrl must not hold a query or fragment');
  return url;
}
