/** One server-sent event. `id` stays the last one seen, as the standard says. */
export interface ServerEvent {
  id: string;
  name: string;
  data: string;
}

/** Called with each chunk of the stream; returns the events that it completed. WHATWG HTML, 9.2.6. */
export function createEventParser(): (chunk: string) => ServerEvent[] {
  let rest = '';
  let id = '';
  let name = '';
  let data: string[] = [];
  let first = true;

  function line(text: string, events: ServerEvent[]): void {
    if (text === '') {
      if (data.length > 0) events.push({ id, name: name || 'message', data: data.join('\n') });
      name = '';
      data = [];
      return;
    }
    if (text.startsWith(':')) return;
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) id = value;
  }

  return (chunk) => {
    if (first && chunk !== '') {
      chunk = chunk.replace(/^\uFEFF/, '');
      first = false;
    }
    const events: ServerEvent[] = [];
    rest += chunk;
    for (;;) {
      const end = /\r\n|\n|\r/.exec(rest);
      // A CR at the very end may be the first half of a CRLF that is still on its way.
      if (!end || (end[0] === '\r' && end.index === rest.length - 1)) return events;
      line(rest.slice(0, end.index), events);
      rest = rest.slice(end.index + end[0].length);
    }
  };
}
