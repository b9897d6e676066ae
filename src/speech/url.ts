/**
 * From a base URL as people write it to the addresses of a service's routes.
 * Not here: which routes there are.
 */
import { argumentTypeError } from '../errors.js';

/**
 * The address of a WebSocket route. `http` becomes `ws`, `https` becomes `wss`; trailing slashes do not matter. A base
 * without a path gets `/api`, where the service lives; a base with a path is taken as it stands.
 *
 * @param route '': the base itself, as it stands
 * @throws TypeError ERR_INVALID_ARG; the message never quotes the URL, which may hold credentials
 */
export function socketUrl(baseUrl: string, route: string): URL {
  const url = routeUrl(baseUrl, route);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  return url;
}

/** The address of a route that is asked by HTTP requests; else as {@link socketUrl}. @throws TypeError ERR_INVALID_ARG */
export function restUrl(baseUrl: string, route: string): URL {
  const url = routeUrl(baseUrl, route);
  if (url.protocol === 'ws:') url.protocol = 'http:';
  if (url.protocol === 'wss:') url.protocol = 'https:';
  return url;
}

function routeUrl(baseUrl: string, route: string): URL {
  const url = parsedBase(baseUrl);
  if (route === '') return url;
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
