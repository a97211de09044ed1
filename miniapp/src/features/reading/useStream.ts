import { useEffect, useEffectEvent, useState } from 'react';
import { authorizedSend } from '@/api/client';
import type { ApiError } from '@/api/errors';
import { type Completed, follow } from '@/api/stream';
import { useServices } from '@/app/services';

export interface StreamState {
  text: string;
  done: Completed | null;
  failed: ApiError | null;
  reconnecting: boolean;
}

const EMPTY: StreamState = { text: '', done: null, failed: null, reconnecting: false };

/** Follows a text that is being written, from its beginning, until it is done. `path` null follows nothing. */
export function useStream(path: string | null, onEnd: () => void): StreamState {
  const { session } = useServices();
  const [state, setState] = useState(EMPTY);
  const end = useEffectEvent(onEnd);

  useEffect(() => {
    if (path === null) return;
    const controller = new AbortController();
    const patch = (change: Partial<StreamState>) => setState((before) => ({ ...before, ...change }));
    void follow({
      signal: controller.signal,
      open: (lastEventId, signal) => {
        const headers: Record<string, string> = { Accept: 'text/event-stream' };
        if (lastEventId) headers['Last-Event-ID'] = lastEventId;
        const request = new Request(new URL(path, location.origin), { headers, signal, cache: 'no-store' });
        return authorizedSend(session, request);
      },
      handlers: {
        onDelta: (text) => setState((before) => ({ ...before, text: before.text + text })),
        onReset: () => patch({ text: '' }),
        onDone: (done) => {
          patch({ text: done.text, done, reconnecting: false });
          end();
        },
        onFailed: (failed) => {
          patch({ failed, reconnecting: false });
          end();
        },
        onReconnecting: (reconnecting) => patch({ reconnecting }),
      },
    });
    return () => controller.abort();
  }, [path, session]);

  return state;
}
