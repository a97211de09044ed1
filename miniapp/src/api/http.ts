import { NetworkError } from './errors';

const TIME_LIMIT = 20_000;

/** `fetch` with a time limit, whose every failure to get an answer is a NetworkError. */
export async function send(request: Request, options: { timeLimit?: number } = {}): Promise<Response> {
  const controller = new AbortController();
  const stop = () => controller.abort(request.signal.reason);
  if (request.signal.aborted) stop();
  request.signal.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => controller.abort(), options.timeLimit ?? TIME_LIMIT);
  try {
    return await fetch(request, { signal: controller.signal });
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new NetworkError({ cause: error });
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', stop);
  }
}
