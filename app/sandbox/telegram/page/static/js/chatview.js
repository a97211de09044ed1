/** The open conversation: head, pinned message, messages, composer; and what presses in it do. */

import * as api from './api.js';
import { countReactions } from './bubble.js';
import { portrait, topicMark } from './chatlist.js';
import { composer } from './composer.js';
import { fill, h, icon, iconButton } from './dom.js';
import { groupMenu } from './groups.js';
import { dialogHead } from './dialogs.js';
import { t } from './i18n.js';
import { messageList } from './messages.js';
import { avatar, glyph, preview, short } from './names.js';
import { contactOf, phoneOf } from './people.js';
import { pressInline, pressKey } from './buttons.js';
import { openLink } from './links.js';

const REACTIONS = ['❤', '👍', '🔥', '🙏', '😁', '👏', '🤔', '👎'];

export class ChatView {
  constructor(pane) {
    this.pane = pane;
    this.current = null;
    this.messages = [];
    this.face = h('span', { class: 'head-face' });
    this.title = h('h2', { class: 'head-title' });
    this.line = h('span', { class: 'head-line', 'aria-live': 'polite' });
    this.pinned = h('button', { type: 'button', class: 'pinned', hidden: true });
    this.list = messageList({
      menu: (message, at) => this.messageMenu(message, at),
      button: (message, button, element) => pressInline(this, message, button, element),
      react: (message, emoji) => this.react(message, emoji),
      jump: (id) => this.list.jump(id),
      photo: (address) => this.showPhoto(address),
      link: (address) => openLink(pane, address),
      mention: (name) => openLink(pane, `https://t.me/${name}`),
      person: () => undefined,
      command: (text) => this.say({ text }),
    });
    this.composer = composer(this);
    this.nothing = h('div', { class: 'nothing' }, h('span', {}, t('pickChat')));
    this.room = h(
      'div',
      { class: 'room', hidden: true },
      h(
        'header',
        { class: 'head' },
        iconButton('back', t('back'), () => pane.back(), { class: 'back-button' }),
        this.face,
        h('div', { class: 'head-text' }, this.title, this.line),
        iconButton('more', t('more'), (event) => this.chatMenu(event.currentTarget)),
      ),
      this.pinned,
      this.list.element,
      this.composer.element,
    );
    this.element = h('section', { class: 'column chat' }, this.room, this.nothing);
    this.acceptDrops();
    this.list.element.addEventListener('contextmenu', (event) => this.contextMenu(event));
    this.pinned.addEventListener('click', () => this.list.jump(this.pinned.dataset.message));
  }

  get dialogs() {
    return this.pane.dialogs;
  }

  row() {
    return this.current?.row ?? {};
  }

  /** Where a message from here goes. */
  place() {
    const { row, topic } = this.current;
    return {
      ...api.placeOf(row),
      user: this.pane.person.id,
      ...(topic && !topic.general ? { topic: topic.message_thread_id } : {}),
    };
  }

  reset() {
    this.composer.reset();
  }

  focus() {
    this.composer.focus();
  }

  update(row, topic, messages) {
    this.current = row ? { row, topic } : null;
    this.messages = messages;
    this.room.hidden = !row;
    this.nothing.hidden = Boolean(row);
    if (!row) return;
    const words = topic ? topic.name : this.pane.title(row);
    if (this.title.textContent !== words) this.title.textContent = words;
    const line = topic ? this.pane.title(row) : this.pane.lineOf(row);
    if (this.line.textContent !== line) this.line.textContent = line;
    fill(this.face, topic ? topicMark(topic) : avatar(portrait(row), { forum: row.chat.is_forum }));
    this.drawPinned(messages);
    const draft =
      row.draft && (!topic || topic.general || row.draft.message_thread_id === topic.message_thread_id)
        ? row.draft
        : null;
    this.list.update(messages, { person: this.pane.person.id, group: !row.bot }, draft, {
      key: `${this.pane.person.id}/${this.pane.open.key}/${this.pane.open.topic ?? ''}`,
      empty: this.greeting(row),
    });
    this.composer.update(row, this.footing(row, topic));
  }

  /** What stands in an empty chat: a bot says what it can do. */
  greeting(row) {
    const texts = row.about?.texts?.description ?? {};
    const words = row.description ?? (texts[this.pane.person.language_code] || texts['']);
    if (!row.bot || !words) return h('span', { class: 'empty-note' }, t('noMessages'));
    return h('div', { class: 'greeting' }, h('strong', {}, t('whatCanBot')), h('p', {}, words));
  }

  /** The button that stands in place of the composer, if one does. */
  footing(row, topic) {
    if (row.blocked) return { big: { label: t('unblock'), run: () => this.block(false) } };
    const { start } = this.pane.open;
    if (start !== null && start !== undefined) return { big: { label: t('start'), run: () => this.start(start) } };
    if (row.bot && !this.messages.length && !row.last) return { big: { label: t('start'), run: () => this.start('') } };
    if (topic?.closed && !row.administrator && row.status !== 'creator' && row.status !== 'administrator')
      return { closed: t('topicClosed') };
    return {};
  }

  start(payload) {
    this.pane.open = { ...this.pane.open, start: null };
    void this.say({ text: payload ? `/start ${payload}` : '/start' });
    this.pane.draw();
  }

  drawPinned(messages) {
    const last = messages.filter((message) => message.pinned && !message.deleted).at(-1);
    this.pinned.hidden = !last;
    if (!last) return;
    this.pinned.dataset.message = String(last.message_id);
    fill(
      this.pinned,
      h('span', { class: 'bar-text' }, h('strong', {}, t('pinned')), h('span', {}, short(preview(last), 100))),
    );
  }

  /** Sends; what the server made of it, or undefined. */
  async say(body) {
    const sent = await this.dialogs.attempt(() => api.say({ ...this.place(), ...body }));
    if (sent !== undefined) {
      this.list.toBottom();
      this.pane.refreshMessages();
    }
    return sent;
  }

  edit(message, text) {
    const field = message.text === undefined ? 'caption' : 'text';
    return this.dialogs.attempt(() => api.edit({ ...this.place(), message_id: message.message_id, [field]: text }));
  }

  editLast() {
    const own = this.messages
      .filter((message) => message.from?.id === this.pane.person.id && !message.deleted && message.text)
      .at(-1);
    if (own) this.composer.edit(own);
  }

  async react(message, emoji) {
    const mine = countReactions(message, this.pane.person.id)
      .filter((one) => one.mine)
      .map((one) => one.emoji);
    const next = mine.includes(emoji) ? [] : [emoji];
    await this.dialogs.attempt(() => api.react({ ...this.place(), message_id: message.message_id, emoji: next }));
  }

  recording(active) {
    this.composer.element.classList.toggle('is-recording', active);
  }

  async shareContact() {
    const { person } = this.pane;
    await this.say({ contact: contactOf(person) });
  }

  pressKey(button) {
    return pressKey(this, button, { phone: phoneOf(this.pane.person) });
  }

  openApp(url, options) {
    return this.pane.app.open({ bot: this.row().bot, url, ...options });
  }

  block(blocked) {
    return this.dialogs.attempt(async () => {
      await api.block(this.pane.person.id, this.row().bot, blocked);
      await this.pane.readChats();
    });
  }

  chatMenu(at) {
    const { row, topic } = this.current;
    if (!row.bot) return groupMenu(this.pane, row, at, topic);
    const entry = row.blocked
      ? { label: t('unblockBot'), icon: icon('block'), run: () => this.block(false) }
      : { label: t('blockBot'), icon: icon('block'), danger: true, run: () => this.block(true) };
    return this.dialogs.menu([entry], at);
  }

  contextMenu(event) {
    const element = event.target.closest('.message:not(.draft)');
    const message = element && this.messages.find((one) => String(one.message_id) === element.dataset.id);
    if (!message || message.deleted || event.target.closest('a, input, textarea') || String(getSelection())) return;
    event.preventDefault();
    this.messageMenu(message, { x: event.clientX, y: event.clientY });
  }

  messageMenu(message, at) {
    const own = message.from?.id === this.pane.person.id;
    const text = message.text ?? message.caption;
    const group = !this.row().bot;
    const place = () => ({ ...this.place(), message_id: message.message_id });
    const mine = countReactions(message, this.pane.person.id)
      .filter((one) => one.mine)
      .map((one) => one.emoji);
    const reactions = (close) =>
      h(
        'div',
        { class: 'reaction-row', role: 'group' },
        REACTIONS.map((emoji) =>
          h(
            'button',
            {
              type: 'button',
              'aria-label': t('reactWith', { emoji }),
              'aria-pressed': String(mine.includes(emoji)),
              on: { click: () => (close(), this.react(message, emoji)) },
            },
            glyph(emoji),
          ),
        ),
      );
    return this.dialogs.menu(
      [
        { label: t('reply'), icon: icon('reply'), run: () => this.composer.reply(message) },
        own && text !== undefined && { label: t('edit'), icon: icon('edit'), run: () => this.composer.edit(message) },
        text && { label: t('copyText'), icon: icon('copy'), run: () => this.copy(text) },
        group && {
          label: message.pinned ? t('unpin') : t('pin'),
          icon: icon('pin'),
          run: () => this.dialogs.attempt(() => api.pin({ ...place(), pinned: !message.pinned })),
        },
        (own || !group) && {
          label: t('remove'),
          icon: icon('trash'),
          danger: true,
          run: () => this.dialogs.attempt(() => api.remove(place())),
        },
      ],
      at,
      { head: reactions, label: t('actions') },
    );
  }

  async copy(text) {
    await navigator.clipboard.writeText(text).then(
      () => this.dialogs.toast(t('copied')),
      () => this.dialogs.toast(t('failed')),
    );
  }

  showPhoto(address) {
    return this.dialogs.show(
      (close) => [dialogHead(t('photo'), close), h('img', { class: 'photo-full', src: address, alt: t('photo') })],
      { label: t('photo'), kind: 'photo' },
    );
  }

  acceptDrops() {
    const { element } = this;
    element.addEventListener('dragover', (event) => {
      if (!this.current || !event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      element.classList.add('dropping');
    });
    element.addEventListener('dragleave', () => element.classList.remove('dropping'));
    element.addEventListener('drop', (event) => {
      element.classList.remove('dropping');
      if (!this.current || !event.dataTransfer.files.length) return;
      event.preventDefault();
      void this.composer.offer([...event.dataTransfer.files]);
    });
  }
}
