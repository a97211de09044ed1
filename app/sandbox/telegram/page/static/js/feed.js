/** What happens on the desk, as it happens: one stream of server-sent events for both panes. */

import * as api from './api.js';

const LONGEST_PAUSE = 5_000;

/**
 * Calls `onChange` for every change, `onState(true|false)` when the connection comes and goes, and `onResync` when
 * everything has to be read anew: after a gap, or because the sandbox was started again and has forgotten all.
 */
export function follow({ onChange, onState, onResync }) {
  let sequence = null;
  let pause = 500;

  async function connect() {
    try {
      sequence = (await api.changes(0)).seq;
    } catch {
      onState(false);
      retry();
      return;
    }
    const source = new EventSource(`/sandbox/events?after=${sequence}`);
    source.onopen = () => {
      pause = 500;
      onState(true);
      // Whatever was missed lies before `sequence`.
      onResync();
    };
    source.onmessage = (event) => {
      const change = JSON.parse(event.data);
      if (change.seq <= sequence) return;
      sequence = change.seq;
      onChange(change);
    };
    source.onerror = () => {
      source.close();
      onState(false);
      retry();
    };
  }

  function retry() {
    setTimeout(connect, pause);
    pause = Math.min(LONGEST_PAUSE, pause * 2);
  }

  void connect();
}
