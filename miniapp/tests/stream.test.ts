import { describe, expect, it } from 'vitest';
import { NetworkError } from '@/api/errors';
import { follow, type StreamHandlers } from '@/api/stream';

const event = (id: string, name: string, data: object) => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const DONE = { text: 'Карты говорят', offline: false, kind: 'reading' };

/** A body that sends these chunks and then ends, or breaks. */
function body(chunks: readonly string[], breaks = false): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const rest = chunks.map((chunk) => encoder.encode(chunk));
  return new ReadableStream({
    pull(controller) {
      const chunk = rest.shift();
      if (chunk) controller.enqueue(chunk);
      else if (breaks) controller.error(new TypeError('network error'));
      else controller.close();
    },
  });
}

function recorder() {
  const log: string[] = [];
  const state = { text: '' };
  const handlers: StreamHandlers = {
    onDelta: (text) => (state.text += text),
    onReset: () => {
      log.push('reset');
      state.text = '';
    },
    onDone: (done) => void log.push(`done ${done.text}`),
    onFailed: (error) => void log.push(`failed ${error.code}`),
    onReconnecting: (reconnecting) => void log.push(reconnecting ? 'lost' : 'open'),
  };
  return { log, state, handlers };
}

async function run(answers: (() => Response)[]) {
  const { log, state, handlers } = recorder();
  const asked: string[] = [];
  const waits: number[] = [];
  await follow({
    signal: new AbortController().signal,
    handlers,
    open: (lastEventId) => {
      asked.push(lastEventId);
      const answer = answers.shift();
      return answer ? Promise.resolve(answer()) : Promise.reject(new NetworkError());
    },
    wait: (attempt) => {
      waits.push(attempt);
      return Promise.resolve();
    },
  });
  return { log, text: state.text, asked, waits };
}

describe('follow', () => {
  it('reads a text to its end in one connection', async () => {
    const result = await run([
      () => new Response(body([event('1-5', 'delta', { text: 'Карты' }), event('1-14', 'done', DONE)])),
    ]);
    expect(result).toEqual({ log: ['open', 'done Карты говорят'], text: 'Карты', asked: [''], waits: [] });
  });

  it('takes up a broken connection after the last event seen', async () => {
    const result = await run([
      () => new Response(body([event('1-5', 'delta', { text: 'Карты' })], true)),
      () => new Response(body([event('1-13', 'delta', { text: ' говорят' }), event('1-14', 'done', DONE)])),
    ]);
    expect(result.asked).toEqual(['', '1-5']);
    expect(result.text).toBe('Карты говорят');
    expect(result.log).toEqual(['open', 'lost', 'open', 'done Карты говорят']);
  });

  it('ignores half an event at the break and gets it again whole', async () => {
    const half = event('1-13', 'delta', { text: ' говорят' }).slice(0, 25);
    const result = await run([
      () => new Response(body([event('1-5', 'delta', { text: 'Карты' }), half], true)),
      () => new Response(body([event('1-13', 'delta', { text: ' говорят' }), event('1-14', 'done', DONE)])),
    ]);
    expect(result.asked).toEqual(['', '1-5']);
    expect(result.text).toBe('Карты говорят');
  });

  it('begins anew on a reset', async () => {
    const result = await run([
      () =>
        new Response(
          body([
            event('1-5', 'delta', { text: 'Вздор' }),
            event('2-0', 'reset', { attempt: 2 }),
            event('2-5', 'delta', { text: 'Карты' }),
            event('2-14', 'done', DONE),
          ]),
        ),
    ]);
    expect(result.text).toBe('Карты');
    expect(result.log).toContain('reset');
  });

  it('waits longer after each failed try and forgets that once something came', async () => {
    const down = () => new Response('{"error":"unavailable"}', { status: 503 });
    const result = await run([
      down,
      down,
      () => new Response(body([event('1-5', 'delta', { text: 'Карты' })])),
      () => new Response(body([event('1-14', 'done', DONE)])),
    ]);
    expect(result.waits).toEqual([0, 1, 0]);
  });

  it('ends on an error event and on a 4xx, without another try', async () => {
    const failed = await run([() => new Response(body([event('1-0', 'error', { error: 'interpretation_failed' })]))]);
    expect(failed.log).toEqual(['open', 'failed interpretation_failed']);
    const refused = await run([() => new Response('{"error":"not_drawn","detail":""}', { status: 409 })]);
    expect(refused.log).toEqual(['failed not_drawn']);
    expect(refused.asked).toEqual(['']);
  });

  it('says nothing more once it was told to stop', async () => {
    const controller = new AbortController();
    const { log, handlers } = recorder();
    await follow({
      signal: controller.signal,
      handlers,
      open: () => {
        controller.abort();
        return Promise.reject(new NetworkError());
      },
      wait: () => Promise.resolve(),
    });
    expect(log).toEqual([]);
  });
});
