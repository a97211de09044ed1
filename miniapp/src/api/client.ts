import createClient from 'openapi-fetch';
import { readError } from './errors';
import { send } from './http';
import type { paths } from './schema';
import type { Session } from './session';

export type Api = ReturnType<typeof createApi>;

/** The typed client. Adds the session's token to each request and, after a 401, tries once more with a new one. */
export function createApi(session: Pick<Session, 'token' | 'renew'>) {
  return createClient<paths>({
    baseUrl: location.origin,
    fetch: (request) => authorizedSend(session, request),
  });
}

/** Sends with the session's token; a refused token is renewed once. Streams use it too. */
export async function authorizedSend(
  session: Pick<Session, 'token' | 'renew'>,
  request: Request,
): Promise<Response> {
  const again = request.clone();
  const token = await session.token();
  request.headers.set('Authorization', `Bearer ${token}`);
  const response = await send(request);
  if (response.status !== 401) return response;
  again.headers.set('Authorization', `Bearer ${await session.renew(token)}`);
  return send(again);
}

interface Answer<T> {
  data?: T;
  response: Response;
  error?: unknown;
}

/** The body of a 2xx answer; anything else is thrown as an ApiError. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (response.ok) return data as T;
  const body = typeof error === 'string' ? error : JSON.stringify(error ?? {});
  throw await readError(new Response(body, { status: response.status, headers: response.headers }));
}
