import { describe, expect, it } from 'vitest';
import { createEventParser, type ServerEvent } from '@/api/sse';

const STREAM =
  ': still here\n\nid: 1-5\nevent: delta\ndata: {"text":"Карта"}\n\nid: 2-0\nevent: reset\ndata: {"attempt":2}\n\ndata: one\ndata: two\n\n';

function parse(chunks: readonly string[]): ServerEvent[] {
  const parser = createEventParser();
  return chunks.flatMap((chunk) => parser(chunk));
}

const EXPECTED: ServerEvent[] = [
  { id: '1-5', name: 'delta', data: '{"text":"Карта"}' },
  { id: '2-0', name: 'reset', data: '{"attempt":2}' },
  { id: '2-0', name: 'message', data: 'one\ntwo' },
];

describe('createEventParser', () => {
  it('reads events, keeps the last id and ignores comments', () => {
    expect(parse([STREAM])).toEqual(EXPECTED);
  });

  it('does not care where the network cuts', () => {
    expect(parse(Array.from(STREAM))).toEqual(EXPECTED);
    for (let size = 2; size < 9; size += 1) {
      expect(parse(STREAM.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [])).toEqual(EXPECTED);
    }
  });

  it('takes every kind of line end, cut in the middle too', () => {
    const windows = STREAM.replaceAll('\n', '\r\n');
    expect(parse(Array.from(windows))).toEqual(EXPECTED);
    expect(parse([`${STREAM.replaceAll('\n', '\r')}\n`])).toEqual(EXPECTED);
  });

  it('drops an event whose end never came', () => {
    expect(parse(['event: delta\ndata: {"text":"half'])).toEqual([]);
  });

  it('removes one space after the colon and no more', () => {
    expect(parse(['data:  two spaces\n\n'])).toEqual([{ id: '', name: 'message', data: ' two spaces' }]);
  });
});
