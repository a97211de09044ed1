/** How people, bots, groups and messages are called on the screen. */

import { h } from './dom.js';
import { amountOf, knows, t } from './i18n.js';

const COLOURS = 7;

/** “Anna Petrova”, or the title of a group. */
export const nameOf = (one) =>
  one?.title ?? ([one?.first_name, one?.last_name].filter(Boolean).join(' ') || one?.username || '…');

/** A round picture of the first and last word's initials; its colour belongs to the id. */
export function avatar(one, { size = 'm', forum = false } = {}) {
  const words = nameOf(one).match(/[\p{L}\p{N}]+/gu) ?? ['…'];
  const letters = [words[0], words.length > 1 && words.at(-1)]
    .map((word) => Array.from(word || '')[0] ?? '')
    .join('')
    .toUpperCase();
  const colour = Math.abs(Number(one?.id) || 0) % COLOURS;
  return h(
    'span',
    { class: `avatar avatar-${size} colour-${colour} ${forum ? 'square' : ''}`, 'aria-hidden': 'true' },
    letters,
  );
}

export const colourOf = (one) => `ink-${Math.abs(Number(one?.id) || 0) % COLOURS}`;

const MEDIA = {
  photo: ['🖼', 'photo'],
  video: ['🎬', 'video'],
  animation: ['🎞', 'animation'],
  video_note: ['📹', 'videoNote'],
  voice: ['🎤', 'voice'],
  audio: ['🎵', 'audio'],
  document: ['📎', 'document'],
  contact: ['👤', 'contact'],
  venue: ['📍', 'location'],
  location: ['📍', 'location'],
  invoice: ['🧾', 'invoice'],
};

/** The kind of media that a message carries, or null. An animation is a document as well, so order matters. */
export const mediaKind = (message) =>
  [
    'photo',
    'animation',
    'video',
    'video_note',
    'voice',
    'audio',
    'sticker',
    'document',
    'contact',
    'venue',
    'location',
    'invoice',
  ].find((kind) => message[kind]) ?? null;

/** A message in one line, for lists, replies and pins. */
export function preview(message) {
  if (!message) return '';
  if (message.deleted) return t('deletedMessage');
  const service = serviceText(message);
  if (service) return service;
  const kind = mediaKind(message);
  const text = (message.text ?? message.caption ?? '').replace(/\s+/g, ' ').trim();
  if (kind === 'sticker') return `${message.sticker.emoji ?? ''} ${t('sticker')}`.trim();
  if (kind === 'invoice') return `🧾 ${message.invoice.title}`;
  if (kind === 'document') return `📎 ${text || message.document.file_name || t('document')}`;
  if (kind) return `${MEDIA[kind][0]} ${text || t(MEDIA[kind][1])}`;
  return text || t('unsupported');
}

/** The words of a service message, or null for an ordinary one. */
export function serviceText(message) {
  const by = nameOf(message.from ?? message.chat);
  if (message.new_chat_members)
    return message.new_chat_members.map((one) => t('joined', { name: nameOf(one) })).join('\n');
  if (message.left_chat_member) return t('leftGroup', { name: nameOf(message.left_chat_member) });
  if (message.group_chat_created || message.supergroup_chat_created)
    return t('groupCreated', { name: nameOf(message.chat) });
  if (message.new_chat_title) return t('titleChanged', { name: message.new_chat_title });
  if (message.forum_topic_created) return t('topicCreated', { name: message.forum_topic_created.name });
  if (message.forum_topic_edited) return t('topicRenamed', { name: message.forum_topic_edited.name ?? '' });
  if (message.forum_topic_closed || message.general_forum_topic_hidden) return t('topicWasClosed');
  if (message.forum_topic_reopened || message.general_forum_topic_unhidden) return t('topicReopened');
  if (message.pinned_message) {
    return t('pinnedService', { name: by, text: short(preview(message.pinned_message), 40) });
  }
  if (message.chat_shared) return t('chatShared');
  if (message.users_shared) return t('usersShared');
  if (message.write_access_allowed) return t('writeAllowed');
  if (message.web_app_data) return t('dataSent', { name: message.web_app_data.button_text });
  if (message.successful_payment) {
    const paid = message.successful_payment;
    const title = paid.title ?? paid.invoice_title ?? '';
    return t('paid', { amount: amountOf(paid.total_amount, paid.currency), title }).replace(/: $/, '');
  }
  if (message.refunded_payment) {
    return t('refunded', {
      amount: amountOf(message.refunded_payment.total_amount, message.refunded_payment.currency),
    });
  }
  if (message.message_auto_delete_timer_changed) return t('autoDelete');
  const known = message.text !== undefined || message.caption !== undefined || mediaKind(message) || message.deleted;
  return known ? null : t('serviceOther');
}

/** Cut to `length` characters, with an ellipsis. */
export const short = (text, length) =>
  Array.from(text).length > length
    ? `${Array.from(text)
        .slice(0, length - 1)
        .join('')}…`
    : text;

/** Where a forwarded message comes from, or null. */
export function originOf(message) {
  const origin = message.forward_origin;
  if (!origin) return null;
  return nameOf(origin.sender_user ?? origin.sender_chat ?? origin.chat ?? { title: origin.sender_user_name });
}

export const statusWord = (status) => (knows(`status_${status}`) ? t(`status_${status}`) : status);

/** An emoji as a picture: the Bot API leaves out the selector that makes a heart red. */
export const glyph = (emoji) => (/^[\u2600-\u27bf]$/.test(emoji) ? `${emoji}\ufe0f` : emoji);
