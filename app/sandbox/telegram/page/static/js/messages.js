/** The messages of a conversation: days, senders in a row, albums; keeps to the bottom while one is there. */

import { renderDraft, renderItem } from './bubble.js';
import { fill, h, icon, reconcile } from './dom.js';
import { dayKey, dayOf, t } from './i18n.js';
import { serviceText } from './names.js';

const TOGETHER_SECONDS = 600;
const NEAR_BOTTOM = 80;

/** Messages as items to draw: {type: day|service|message}. Deleted ones keep their place, greyed out. */
export function itemsOf(messages, { person, group }) {
  const items = [];
  let day = null;
  for (const message of messages) {
    if (dayKey(message.date) !== day) {
      day = dayKey(message.date);
      items.push({ type: 'day', id: `day${day}`, label: dayOf(message.date) });
    }
    const before = items.at(-1);
    if (!message.deleted && serviceText(message)) {
      items.push({ type: 'service', id: message.message_id, message });
    } else if (
      message.media_group_id &&
      before.type === 'message' &&
      before.messages[0].media_group_id === message.media_group_id &&
      !message.deleted
    ) {
      before.messages.push(message);
    } else {
      const own = message.from?.id === person;
      const follows =
        before.type === 'message' &&
        before.messages[0].from?.id === message.from?.id &&
        message.date - before.messages.at(-1).date < TOGETHER_SECONDS;
      if (follows) before.last = false;
      items.push({
        type: 'message',
        id: message.message_id,
        messages: [message],
        own,
        first: !follows,
        last: true,
        group,
        person,
      });
    }
  }
  return items;
}

/** The scrolling list. `update(messages, about, draft)` draws; `jump(id)` shows a message. */
export function messageList(actions) {
  const list = h('div', { class: 'messages', role: 'log', 'aria-label': t('message') });
  const draft = h('div', { class: 'messages drafts' });
  const note = h('div', { class: 'chat-note' });
  const down = h(
    'button',
    {
      type: 'button',
      class: 'to-bottom',
      'aria-label': t('toBottom'),
      title: t('toBottom'),
      hidden: true,
      on: { click: () => toBottom('smooth') },
    },
    icon('down'),
  );
  const scroller = h('div', { class: 'scroll messages-scroll', tabindex: '-1' }, note, list, draft);
  let conversation = null;

  const atBottom = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_BOTTOM;
  const toBottom = (behavior = 'instant') => scroller.scrollTo({ top: scroller.scrollHeight, behavior });
  let kept = true;
  scroller.addEventListener('scroll', () => {
    kept = atBottom();
    down.hidden = kept;
  });
  // Pictures grow after they were drawn, the keyboard takes room away: whoever was at the bottom stays there.
  const watcher = new ResizeObserver(() => kept && toBottom());
  watcher.observe(list);
  watcher.observe(draft);
  watcher.observe(scroller);

  const element = h('div', { class: 'messages-box' }, scroller, down);
  return {
    element,
    update(messages, about, current, { key, empty }) {
      const fresh = key !== conversation;
      conversation = key;
      const stay = fresh || kept;
      reconcile(list, itemsOf(messages, about), {
        key: (item) => item.id,
        print: (item) => JSON.stringify(item),
        render: (item) => renderItem(item, actions),
      });
      fill(note, messages.length ? null : empty);
      this.draft(current);
      if (stay) toBottom();
      if (fresh) kept = true;
    },
    draft(current) {
      fill(draft, current ? renderDraft(current, actions) : null);
      if (kept) toBottom();
    },
    toBottom,
    jump(id) {
      const target = list.querySelector(`[data-id="${Number(id)}"]`);
      if (!target) return;
      target.scrollIntoView({ block: 'center', behavior: 'smooth' });
      target.classList.add('flash');
      setTimeout(() => target.classList.remove('flash'), 1_200);
    },
  };
}
