/** One message as it stands in the chat: bubble, service line, album, draft. */

import { h, icon } from './dom.js';
import { renderText } from './entities.js';
import { amountOf, t, timeOf } from './i18n.js';
import { album, mediaOf } from './media.js';
import { avatar, colourOf, glyph, mediaKind, nameOf, originOf, preview, serviceText, short } from './names.js';

const BARE = new Set(['sticker', 'video_note']);

/**
 * The element of an item of the list (see messages.js). `actions`: what presses do — menu(message, at), button(message,
 * button, element), react(message, emoji), jump(id), photo(address), and those of renderText.
 */
export function renderItem(item, actions) {
  if (item.type === 'day') return h('div', { class: 'day' }, h('span', {}, item.label));
  if (item.type === 'service') return h('div', { class: 'service' }, h('span', {}, serviceText(item.message)));
  return renderMessage(item, actions);
}

function renderMessage({ messages, own, first, last, group, person }, actions) {
  const main = messages.find((one) => one.text ?? one.caption) ?? messages[0];
  const head = messages[0];
  const kind = mediaKind(head);
  const bare = BARE.has(kind) && !main.deleted;
  const text = main.text ?? main.caption;
  const visual = ['photo', 'video', 'animation'].includes(kind) && !main.deleted;
  const foot = reactions(main, person, actions, meta(messages.at(-1), main));
  const bubble = h(
    'div',
    { class: `bubble ${bare ? 'bare' : ''} ${visual ? 'visual' : ''} ${visual && !text ? 'captionless' : ''}` },
    group &&
      !own &&
      first &&
      !bare &&
      h('div', { class: `sender ${colourOf(head.from)}` }, nameOf(head.sender_chat ?? head.from)),
    originOf(head) && h('div', { class: 'forwarded' }, t('forwarded', { name: originOf(head) })),
    head.reply_to_message &&
      !head.reply_to_message.forum_topic_created &&
      quote(head.reply_to_message, head.quote, actions),
    main.deleted
      ? h('div', { class: 'text gone' }, t('deletedMessage'))
      : [
          kind === 'invoice' && invoice(head),
          messages.length > 1 ? album(messages, actions) : mediaOf(head, actions),
          visual && text ? h('div', { class: 'caption' }, wordsOf(main, actions), foot) : wordsOf(main, actions),
        ],
    !(visual && text) && foot,
  );
  const markup = keyboardOf(main.reply_markup ? main : head);
  return h(
    'article',
    {
      class: `message ${own ? 'own' : ''} ${last ? 'last' : ''} ${head.deleted ? 'deleted' : ''}`,
      dataset: { id: head.message_id },
      'aria-label': label(head),
    },
    group && !own && (last ? avatar(head.from, { size: 's' }) : h('span', { class: 'avatar-gap' })),
    h(
      'div',
      { class: 'message-body' },
      h('div', { class: 'bubble-line' }, bubble, !main.deleted && menuButton(main, actions)),
      markup && !main.deleted && inlineKeyboard(main.reply_markup ? main : head, markup, actions),
    ),
  );
}

/** What is said in a message, or under its picture. */
function wordsOf(message, actions) {
  const text = message.text ?? message.caption;
  return (
    text &&
    h(
      'div',
      { class: `text ${isEmojiOnly(message) ? 'jumbo' : ''}`, dir: 'auto' },
      renderText(text, message.entities ?? message.caption_entities, actions),
    )
  );
}

const label = (message) => `${nameOf(message.from ?? message.chat)}: ${short(preview(message), 120)}`;

const isEmojiOnly = (message) =>
  Boolean(message.text) &&
  Array.from(message.text).length <= 6 &&
  /^(\p{Extended_Pictographic}|\p{Emoji_Component}|\s)+$/u.test(message.text) &&
  /\p{Extended_Pictographic}/u.test(message.text);

function menuButton(message, actions) {
  return h(
    'button',
    {
      type: 'button',
      class: 'message-menu',
      'aria-label': t('actions'),
      title: t('actions'),
      dataset: { control: `menu${message.message_id}` },
      on: { click: (event) => actions.menu(message, event.currentTarget) },
    },
    icon('more'),
  );
}

function meta(last, main) {
  return h(
    'span',
    { class: 'meta' },
    main.pinned && icon('pin'),
    (main.edited || main.edit_date) && !main.deleted && h('span', {}, t('edited')),
    h('time', { datetime: new Date(last.date * 1000).toISOString() }, timeOf(last.date)),
  );
}

function quote(replied, part, actions) {
  return h(
    'button',
    { type: 'button', class: `quote ${colourOf(replied.from)}`, on: { click: () => actions.jump(replied.message_id) } },
    h('span', { class: 'quote-name' }, nameOf(replied.from ?? replied.chat)),
    h('span', { class: 'quote-text' }, short(part?.text ?? preview(replied), 90)),
  );
}

function invoice(message) {
  const { title, description, total_amount: total, currency } = message.invoice;
  return h(
    'div',
    { class: 'invoice' },
    h('div', { class: 'invoice-title' }, title),
    h('div', { class: 'invoice-text' }, description),
    h('div', { class: 'invoice-price' }, amountOf(total, currency)),
  );
}

/** The reactions under a message as [{emoji, count, mine}]. */
export const countReactions = (message, person) =>
  (message.reactions ?? []).map(({ emoji, count, users }) => ({ emoji, count, mine: users.includes(person) }));

/** The line of reactions, which the time then stands in; without any the time alone. */
function reactions(message, person, actions, time) {
  const counted = countReactions(message, person);
  if (!counted.length || message.deleted) return time;
  return h(
    'div',
    { class: 'reactions' },
    counted.map(({ emoji, count, mine }) =>
      h(
        'button',
        {
          type: 'button',
          class: `reaction ${mine ? 'mine' : ''}`,
          'aria-pressed': String(mine),
          'aria-label': `${t('reactWith', { emoji })}, ${count}`,
          dataset: { control: `reaction${emoji}` },
          on: { click: () => actions.react(message, emoji) },
        },
        h('span', { 'aria-hidden': 'true' }, glyph(emoji)),
        h('span', { 'aria-hidden': 'true' }, String(count)),
      ),
    ),
    time,
  );
}

const BUTTON_MARKS = { url: 'link', web_app: 'window', copy_text: 'copy', login_url: 'link' };

/** The rows under a message; an invoice that brings none gets a button to pay with. */
const keyboardOf = (message) =>
  message.reply_markup?.inline_keyboard ?? (message.invoice ? [[{ text: '', pay: true }]] : null);

function inlineKeyboard(message, rows, actions) {
  return h(
    'div',
    { class: 'inline-keyboard' },
    rows.map((row, y) =>
      h(
        'div',
        { class: 'inline-row' },
        row.map((button, x) => {
          const mark = Object.keys(BUTTON_MARKS).find((name) => button[name]);
          return h(
            'button',
            {
              type: 'button',
              class: `inline-button ${button.style ? `style-${button.style}` : ''}`,
              dataset: { control: `inline${message.message_id}:${y}:${x}` },
              disabled: Boolean(button.pay && message.paid),
              on: { click: (event) => actions.button(message, button, event.currentTarget) },
            },
            h('span', {}, button.pay && message.invoice ? payLabel(button, message) : button.text),
            mark && icon(BUTTON_MARKS[mark]),
          );
        }),
      ),
    ),
  );
}

/** Telegram puts a star in place of “⭐” and “XTR” in the first button of an invoice. */
function payLabel(button, { invoice: { total_amount: total, currency }, paid }) {
  if (paid) return `✓ ${t('paidToast')}`;
  return button.text ? button.text.replace(/XTR/g, '⭐') : t('pay', { amount: amountOf(total, currency) });
}

/** The answer that is still being written (sendMessageDraft); without text the bot is thinking. */
export function renderDraft(draft, actions) {
  const words = draft.text
    ? renderText(draft.text, draft.entities, actions)
    : [h('span', { class: 'thinking' }, t('thinking'))];
  return h(
    'article',
    { class: 'message last draft', 'aria-label': t('draftOf'), 'aria-busy': 'true' },
    h(
      'div',
      { class: 'message-body' },
      h(
        'div',
        { class: 'bubble' },
        h(
          'div',
          { class: 'text', dir: 'auto' },
          words,
          draft.text && h('span', { class: 'caret', 'aria-hidden': 'true' }),
        ),
      ),
    ),
  );
}
