/** An answer of the API that is not 2xx: `{error, detail, …facts}` with a stable code. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly facts: Readonly<Record<string, unknown>> = {},
    /** Seconds to wait before another try, where the server said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

/** Nothing came back: no network, a broken connection, or the time limit. */
export class NetworkError extends Error {
  constructor(options?: ErrorOptions) {
    super('The server could not be reached', options);
    this.name = 'NetworkError';
  }
}

/** No session can be had any more without the person doing something. */
export class SessionEnded extends Error {
  constructor(readonly reason: 'signed-out' | 'expired' | 'outside' | 'link' | 'blocked' | 'erased') {
    super(reason);
    this.name = 'SessionEnded';
  }
}

export async function readError(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {};
  try {
    const parsed: unknown = await response.json();
    if (typeof parsed === 'object' && parsed !== null) body = parsed as Record<string, unknown>;
  } catch {
    // A proxy in between answers pages of its own; the status says enough.
  }
  const { error, detail, ...facts } = body;
  return new ApiError(
    response.status,
    typeof error === 'string' ? error : `http_${response.status}`,
    typeof detail === 'string' ? detail : response.statusText,
    facts,
    retryAfterSeconds(response.headers.get('Retry-After'), facts.retry_after),
  );
}

function retryAfterSeconds(header: string | null, fact: unknown): number | null {
  const seconds = typeof fact === 'number' ? fact : Number(header ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : null;
}

export const isCode = (error: unknown, code: string): error is ApiError =>
  error instanceof ApiError && error.code === code;

/** Worth another try by itself: the network, an overloaded server, or a server that is coming up. */
export const isTransient = (error: unknown): boolean =>
  error instanceof NetworkError || (error instanceof ApiError && error.status >= 500);
