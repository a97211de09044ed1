/** The list of a person's chats, and of a forum's topics. */

import { h, icon, iconButton, reconcile } from './dom.js';
import { shortTime, t } from './i18n.js';
import { avatar, nameOf, preview, short } from './names.js';

const LINE = 120;
const TOPIC_COLOURS = new Map([
  [0x6fb9f0, 'topic-blue'],
  [0xffd67e, 'topic-yellow'],
  [0xcb86db, 'topic-violet'],
  [0x8eee98, 'topic-green'],
  [0xff93b2, 'topic-rose'],
  [0xfb6f5f, 'topic-red'],
]);

export const chatKey = (row) => (row.bot ? `bot${row.bot}` : `chat${row.chat.id}`);

/** The list's element; `update(rows, openKey)` shows them, newest first. */
export function chatList({ onOpen }) {
  const list = h('nav', { class: 'list', 'aria-label': t('chats') });
  const empty = h('p', { class: 'list-empty' }, t('noChats'));

  function render({ row, open }) {
    const last = row.last;
    const words = row.draft ? t('draftMark') : last ? sender(last, row) + short(preview(last), LINE) : about(row);
    return h(
      'button',
      {
        type: 'button',
        class: `row ${open ? 'open' : ''}`,
        'aria-current': open ? 'true' : null,
        title: rowName(row),
        dataset: { control: chatKey(row) },
        on: { click: () => onOpen(row) },
      },
      avatar(portrait(row), { forum: row.chat.is_forum }),
      h(
        'span',
        { class: 'row-text' },
        h(
          'span',
          { class: 'row-head' },
          h('span', { class: 'row-name' }, rowName(row)),
          last && h('time', { class: 'row-time' }, shortTime(last.date)),
        ),
        h('span', { class: `row-line ${row.draft ? 'alive' : ''}` }, words),
      ),
    );
  }

  return {
    element: h('div', { class: 'scroll' }, list, empty),
    update(rows, openKey) {
      const sorted = [...rows].sort((one, other) => (other.last?.date ?? 0) - (one.last?.date ?? 0));
      empty.hidden = rows.length > 0;
      reconcile(
        list,
        sorted.map((row) => ({ row, open: chatKey(row) === openKey })),
        {
          key: ({ row }) => chatKey(row),
          print: ({ row, open }) =>
            JSON.stringify([
              row.chat,
              row.name,
              open,
              Boolean(row.draft),
              row.last && [row.last.message_id, row.last.date, preview(row.last), row.last.from?.id],
            ]),
          render,
        },
      );
    },
  };
}

/** The name over a chat: the bot's in private, the group's otherwise. */
export const rowName = (row) => row.name ?? nameOf(row.chat);

export const portrait = (row) => (row.bot ? { id: row.bot, first_name: rowName(row) } : row.chat);

const about = (row) => (row.bot ? t('bot') : t('group'));

function sender(last, row) {
  if (row.bot || !last.from || last.pinned_message || last.new_chat_members) return '';
  return `${short(nameOf(last.from), 20)}: `;
}

/** The list of a forum's topics; General is always first in them. */
export function topicList({ onOpen, onNew, onBack, onMenu }) {
  const list = h('nav', { class: 'list', 'aria-label': t('topics') });
  const title = h('h2', { class: 'head-title' });
  const count = h('span', { class: 'head-line' });
  const head = h(
    'header',
    { class: 'head' },
    iconButton('back', t('back'), onBack, { class: 'back-button' }),
    h('div', { class: 'head-text' }, title, count),
    iconButton('plus', t('newTopic'), onNew),
    iconButton('more', t('more'), (event) => onMenu(event.currentTarget)),
  );

  function render({ topic, open }) {
    return h(
      'button',
      {
        type: 'button',
        class: `row topic ${open ? 'open' : ''}`,
        'aria-current': open ? 'true' : null,
        dataset: { control: `topic${topic.message_thread_id}` },
        on: { click: () => onOpen(topic) },
      },
      topicMark(topic),
      h(
        'span',
        { class: 'row-text' },
        h(
          'span',
          { class: 'row-head' },
          h('span', { class: 'row-name' }, topic.name),
          topic.last && h('time', { class: 'row-time' }, shortTime(topic.last.date)),
        ),
        topic.last && h('span', { class: 'row-line' }, short(preview(topic.last), LINE)),
      ),
      topic.closed && icon('lock'),
    );
  }

  return {
    element: h('section', { class: 'column topics' }, head, h('div', { class: 'scroll' }, list)),
    update(row, topics, openId, line) {
      title.textContent = nameOf(row.chat);
      count.textContent = line;
      reconcile(
        list,
        topics.map((topic) => ({ topic, open: topic.message_thread_id === openId })),
        {
          key: ({ topic }) => topic.message_thread_id,
          print: ({ topic, open }) => JSON.stringify([topic, open]),
          render,
        },
      );
    },
  };
}

/** The little mark before a topic's name. */
export function topicMark(topic) {
  if (topic.general) return h('span', { class: 'topic-mark topic-general', 'aria-hidden': 'true' }, '#');
  const letter = Array.from(topic.name.trim())[0] ?? '•';
  return h(
    'span',
    { class: `topic-mark ${TOPIC_COLOURS.get(topic.icon_color) ?? 'topic-blue'}`, 'aria-hidden': 'true' },
    letter.toUpperCase(),
  );
}
