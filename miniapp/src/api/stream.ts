import { ApiError, isTransient, NetworkError, readError, SessionEnded } from './errors';
import { createEventParser, type ServerEvent } from './sse';

/** Longer than two of the server's heartbeats (15 s): silence beyond it means a dead connection. */
const SILENCE = 35_000;
const FIRST_WAIT = 400;
const LONGEST_WAIT = 8_000;

export interface Completed {
  text: string;
  offline: boolean;
  kind: string;
}

export interface StreamHandlers {
  onDelta: (text: string) => void;
  /** The server begins the text anew. */
  onReset: () => void;
  onDone: (done: Completed) => void;
  /** The stream is over without a text: `code` says why. */
  onFailed: (error: ApiError) => void;
  /** True while the connection is lost and being taken up again. */
  onReconnecting: (reconnecting: boolean) => void;
}

export interface StreamOptions {
  open: (lastEventId: string, signal: AbortSignal) => Promise<Response>;
  signal: AbortSignal;
  handlers: StreamHandlers;
  /** Resolves when a new try makes sense; replaced in tests. */
  wait?: (attempt: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Follows one text to its end, over as many connections as it takes: each one resumes after the last event seen.
 * Returns when the text is done or failed for good, or when the signal says stop.
 */
export async function follow({ open, signal, handlers, wait = waitToRetry }: StreamOptions): Promise<void> {
  let lastEventId = '';
  let attempt = 0;
  while (!signal.aborted) {
    try {
      const response = await open(lastEventId, signal);
      if (!response.ok) throw await readError(response);
      handlers.onReconnecting(false);
      for await (const event of readEvents(response, signal)) {
        attempt = 0;
        lastEventId = event.id || lastEventId;
        if (dispatch(event, handlers)) return;
      }
    } catch (error) {
      if (stopped(signal)) return;
      if (error instanceof SessionEnded) return;
      if (error instanceof ApiError && !isTransient(error) && error.status !== 429) {
        handlers.onFailed(error);
        return;
      }
    }
    handlers.onReconnecting(true);
    await wait(attempt, signal);
    attempt += 1;
  }
}

/** Asked anew after each wait: the compiler would take the loop's own check for lasting. */
const stopped = (signal: AbortSignal): boolean => signal.aborted;

/** True when the event ends the stream. */
function dispatch(event: ServerEvent, handlers: StreamHandlers): boolean {
  const body = JSON.parse(event.data) as Partial<Record<'text' | 'error' | 'detail', string>>;
  switch (event.name) {
    case 'delta':
      handlers.onDelta(body.text ?? '');
      return false;
    case 'reset':
      handlers.onReset();
      return false;
    case 'done':
      handlers.onDone(body as unknown as Completed);
      return true;
    case 'error':
      handlers.onFailed(new ApiError(200, body.error ?? 'unknown', body.detail ?? ''));
      return true;
    default:
      return false;
  }
}

async function* readEvents(response: Response, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const reader = response.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  const parse = createEventParser();
  const stop = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read());
      if (done) return;
      yield* parse(decoder.decode(value, { stream: true }));
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

function withinSilence<T>(reading: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NetworkError()), SILENCE);
    reading.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Backs off with jitter, but goes on at once when the network or the screen comes back. */
function waitToRetry(attempt: number, signal: AbortSignal): Promise<void> {
  const delay = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt) * (0.7 + Math.random() * 0.6);
  return new Promise((resolve) => {
    const timer = setTimeout(finish, delay);
    const seen = () => {
      if (document.visibilityState === 'visible') finish();
    };
    function finish() {
      clearTimeout(timer);
      window.removeEventListener('online', finish);
      document.removeEventListener('visibilitychange', seen);
      signal.removeEventListener('abort', finish);
      resolve();
    }
    window.addEventListener('online', finish);
    document.addEventListener('visibilitychange', seen);
    signal.addEventListener('abort', finish);
  });
}
