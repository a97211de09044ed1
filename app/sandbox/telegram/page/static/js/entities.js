/** Text with its entities as elements. https://core.telegram.org/bots/api#messageentity; offsets are UTF-16 units. */

import { h } from './dom.js';
import { t } from './i18n.js';

/**
 * The nodes of a text. `actions`: link(url), command(text), mention(name), person(user) — what a press on such a
 * part does.
 */
export function renderText(text, entities, actions) {
  const sorted = [...(entities ?? [])]
    .filter((one) => one.length > 0 && one.offset < text.length)
    .sort((one, other) => one.offset - other.offset || other.length - one.length);
  return nodes(text, 0, text.length, sorted, actions);
}

function nodes(text, from, to, entities, actions) {
  const found = [];
  let position = from;
  let index = 0;
  while (index < entities.length) {
    const entity = entities[index];
    // Entities never overlap but by nesting; whatever breaks this is shown as plain text.
    const start = Math.max(entity.offset, position);
    const end = Math.min(entity.offset + entity.length, to);
    let next = index + 1;
    while (next < entities.length && entities[next].offset < end) next += 1;
    if (start < end) {
      if (start > position)
        found.push(text.slice(position, BLOCKS.has(entity.type) && text[start - 1] === '\n' ? start - 1 : start));
      const inner = nodes(text, start, end, entities.slice(index + 1, next), actions);
      found.push(wrap(entity, text.slice(start, end), inner, actions));
      // A block stands on lines of its own: the line break at either side is already there.
      position = BLOCKS.has(entity.type) && text[end] === '\n' && end < to ? end + 1 : end;
    }
    index = next;
  }
  if (position < to) found.push(text.slice(position, to));
  return found;
}

const BLOCKS = new Set(['pre', 'blockquote', 'expandable_blockquote']);
const TAGS = { bold: 'strong', italic: 'em', underline: 'u', strikethrough: 's', code: 'code' };

function wrap(entity, text, inner, actions) {
  const press = (label, listener, kind = '') => {
    const run = (event) => {
      event.preventDefault();
      listener();
    };
    return h(
      'a',
      {
        href: label.startsWith('http') ? label : '#',
        class: `link ${kind}`,
        rel: 'noopener noreferrer',
        on: { click: run },
      },
      inner,
    );
  };
  switch (entity.type) {
    case 'bold':
    case 'italic':
    case 'underline':
    case 'strikethrough':
    case 'code':
      return h(TAGS[entity.type], {}, inner);
    case 'pre':
      return h(
        'pre',
        {},
        entity.language && h('span', { class: 'code-language' }, entity.language),
        h('code', {}, inner),
      );
    case 'blockquote':
      return h('blockquote', {}, inner);
    case 'expandable_blockquote':
      return expandable(inner);
    case 'spoiler':
      return spoiler(inner);
    case 'text_link':
      return press(entity.url, () => actions.link(entity.url));
    case 'url':
      return press(withScheme(text), () => actions.link(withScheme(text)));
    case 'email':
      return h('a', { class: 'link', href: `mailto:${text}` }, inner);
    case 'phone_number':
      return h('a', { class: 'link', href: `tel:${text}` }, inner);
    case 'mention':
      return press(`https://t.me/${text.slice(1)}`, () => actions.mention(text.slice(1)));
    case 'text_mention':
      return press('#', () => actions.person(entity.user));
    case 'bot_command':
      return press('#', () => actions.command(text), 'command');
    case 'hashtag':
    case 'cashtag':
      return h('span', { class: 'link' }, inner);
    default:
      return h('span', {}, inner);
  }
}

const withScheme = (address) => (/^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`);

function spoiler(inner) {
  const element = h(
    'span',
    { class: 'spoiler', role: 'button', tabindex: '0', 'aria-label': t('spoiler') },
    h('span', { 'aria-hidden': 'true' }, inner),
  );
  const show = (event) => {
    if (event.type === 'keydown' && event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    element.className = 'spoiler shown';
    for (const name of ['role', 'tabindex', 'aria-label']) element.removeAttribute(name);
    element.firstElementChild.removeAttribute('aria-hidden');
  };
  element.addEventListener('click', show);
  element.addEventListener('keydown', show);
  return element;
}

function expandable(inner) {
  const quote = h('blockquote', { class: 'expandable' }, inner);
  quote.addEventListener('click', () => quote.classList.toggle('expanded'));
  return quote;
}
